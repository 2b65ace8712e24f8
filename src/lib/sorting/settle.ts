/** From the templates of clusters to those of units: duplicates become one, rare ones and mixtures of two others go. */
import { mergeTemplates } from './merge.ts';
import { withoutMixtures } from './mixtures.ts';
import { type SortingParameters, fewestSpikes } from './parameters.ts';
import { type Template } from './templates.ts';

/** Lags that templates are compared at, in ms. */
const mergeLagMs = 0.3;

export interface SettleOptions {
  parameters: SortingParameters;
  /** Sampling rate of the templates. */
  templateRateHz: number;
  /** Length of the recording. */
  seconds: number;
}

export function settleTemplates(
  found: Template[],
  { parameters, templateRateHz, seconds }: SettleOptions
): Template[] {
  const maxLag = Math.round((mergeLagMs * templateRateHz) / 1000);
  const fewest = fewestSpikes(parameters, seconds);
  const merged = mergeTemplates(found, { minSimilarity: parameters.mergeSimilarity, maxLag });
  return withoutMixtures(
    merged.filter(({ spikeCount }) => spikeCount >= fewest / 2),
    templateRateHz
  );
}
