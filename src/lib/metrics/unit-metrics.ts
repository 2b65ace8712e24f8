/** All metrics of a unit that need no more than its sorting. */
import { type SortedUnit, type Sorting } from '#lib/model/sorting.ts';
import { waveformOn, wholeWaveform } from '#lib/model/unit-waveform.ts';
import {
  amplitudeCutoff,
  amplitudeMedian,
  amplitudeVariation,
  type AmplitudeVariation
} from './amplitudes.ts';
import { firingRange, firingRate, presenceRatio } from './firing.ts';
import {
  isiViolations,
  refractoryViolations,
  type IsiViolations,
  type RefractoryViolations
} from './isi-violations.ts';
import { templateMetrics, type TemplateMetrics } from './template-metrics.ts';
import { templateSpread, type TemplateSpread } from './template-spread.ts';

export interface UnitMetrics {
  spikeCount: number;
  firingRateHz: number;
  /** Of bins of 60 s. */
  presenceRatio: number;
  /** Of bins of 5 s. */
  firingRangeHz: number;
  isiViolations: IsiViolations;
  refractoryViolations: RefractoryViolations;
  snr: number;
  /** Absent without a mean waveform. */
  template?: TemplateMetrics;
  /** Absent without a mean waveform or contacts. */
  spread?: TemplateSpread;
  /** Absent without amplitudes. */
  amplitudes?: AmplitudeVariation & { medianUv: number; cutoff: number };
}

export interface UnitMetricsOptions {
  /** One a spike, in µV. */
  amplitudesUv?: Float32Array | Float64Array;
  /** Position of each channel's contact, in µm. */
  contacts?: readonly { x: number; y: number }[];
}

/** @throws RangeError when the amplitudes are not one a spike, or the contacts not one a channel of the waveform. */
export function unitMetrics(
  sorting: Sorting,
  unit: SortedUnit,
  { amplitudesUv, contacts }: UnitMetricsOptions = {}
): UnitMetrics {
  const { samplingRateHz, sampleCount, channelCount } = sorting;
  const { spikeSamples: train, waveformMean, mainChannel, snr } = unit;
  if (amplitudesUv && amplitudesUv.length !== train.length)
    throw new RangeError(`${amplitudesUv.length} amplitudes for ${train.length} spikes`);
  const hasWaveform = waveformMean.length > 0;
  if (hasWaveform && contacts && contacts.length !== channelCount)
    throw new RangeError(`${contacts.length} contacts for ${channelCount} channels`);
  const span = { samplingRateHz, sampleCount };
  const onMainChannel = waveformOn(unit, mainChannel, { channelCount });
  return {
    spikeCount: train.length,
    firingRateHz: firingRate(train, span),
    presenceRatio: presenceRatio(train, span),
    firingRangeHz: firingRange(train, span),
    isiViolations: isiViolations(train, span),
    refractoryViolations: refractoryViolations(train, span),
    snr,
    ...(hasWaveform && { template: templateMetrics(onMainChannel, { samplingRateHz }) }),
    ...(hasWaveform &&
      contacts && {
        spread: templateSpread(
          { values: wholeWaveform(unit, { channelCount }), contacts },
          { samplingRateHz }
        )
      }),
    ...(amplitudesUv && {
      amplitudes: {
        medianUv: amplitudeMedian(amplitudesUv),
        cutoff: amplitudeCutoff(amplitudesUv),
        ...amplitudeVariation({ train, amplitudes: amplitudesUv }, span)
      }
    })
  };
}
