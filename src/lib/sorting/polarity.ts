/**
 * Whether a sort looked for spikes of the wrong sign: amplifiers that invert, and files that were written so, turn all
 * spikes over. Only asked where the result looks like it, so that other sorts pay nothing.
 */
import { type WorkerPool } from '../model/engine.ts';
import { type TraceSource } from '../model/recording.ts';
import { type Sorting } from '../model/sorting.ts';
import { planChunks, readChunk, spreadChunks } from './chunks.ts';
import { detectSpikes } from './detect.ts';
import { type SortingParameters } from './parameters.ts';
import { cleanChunk, prepare } from './prepare.ts';
import { type SortingTasks } from './tasks.ts';

/** With so few units a result looks as if the spikes had been looked for on the wrong side. */
const fewUnits = 2;
/** So does one of whose units this share is larger on the other side. */
const turnedShare = 0.25;
/** So many chunks, spread evenly, are looked at. */
const lookedAtChunks = 10;
/** The other side stands out with at least so many peaks there, and so many times as many. */
const minPeaks = 20;
const minRatio = 2;

export interface PolarityOptions {
  source: TraceSource;
  parameters: SortingParameters;
  sorting: Sorting;
  pool: WorkerPool<SortingTasks>;
  signal?: AbortSignal | undefined;
}

/** What to tell the user whose recording has most of its peaks on the side where none were looked for. */
export async function polarityHint(options: PolarityOptions): Promise<string | undefined> {
  const { parameters, sorting } = options;
  const { peakSign } = parameters;
  if (peakSign === 'both' || !looksTurned(sorting, peakSign)) return undefined;
  const { positive, negative } = await countPeaks(options);
  const [wanted, other] = peakSign === 'negative' ? [negative, positive] : [positive, negative];
  if (other < minPeaks || other < minRatio * wanted) return undefined;
  const otherSign = peakSign === 'negative' ? 'positive' : 'negative';
  return (
    `Most large peaks of this recording are ${otherSign}, but ${peakSign} ones were sorted. ` +
    `If its polarity is inverted, sort again with peakSign ${otherSign}.`
  );
}

function looksTurned({ units }: Sorting, peakSign: 'negative' | 'positive'): boolean {
  if (units.length <= fewUnits) return true;
  const turned = units.filter(({ waveformMean }) => {
    let [lowest, highest] = [0, 0];
    for (const value of waveformMean) {
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
    return peakSign === 'negative' ? highest > -lowest : -lowest > highest;
  });
  return turned.length >= turnedShare * units.length;
}

/** Peaks of the whitened traces by their sign; a spike counts by its larger side. */
async function countPeaks({
  source,
  parameters,
  pool,
  signal
}: PolarityOptions): Promise<{ positive: number; negative: number }> {
  const preparation = await prepare({ source, parameters, pool, signal });
  const grid = planChunks(source.info);
  const counts = { positive: 0, negative: 0 };
  for (const index of spreadChunks(grid, lookedAtChunks)) {
    const chunk = await readChunk(source, grid, { index, signal });
    const { whitened, from, to } = cleanChunk(preparation, chunk);
    const { amplitudes } = detectSpikes(whitened, {
      ...preparation.detection,
      ...{ channelCount: preparation.channelCount, from, to, sign: 'both' }
    });
    for (const amplitude of amplitudes) counts[amplitude > 0 ? 'positive' : 'negative']++;
  }
  return counts;
}
