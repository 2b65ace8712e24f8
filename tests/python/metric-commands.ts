// The metrics of a unit, for commands.ts. NaN becomes null on the way.
import { chiSquareTail } from '#lib/math/chi-square.ts';
import { amplitudeCutoff, amplitudeMedian, amplitudeVariation } from '#lib/metrics/amplitudes.ts';
import { firingRange, firingRate, presenceRatio } from '#lib/metrics/firing.ts';
import { isiViolations, refractoryViolations } from '#lib/metrics/isi-violations.ts';
import { dPrime, mahalanobisIsolation, silhouette } from '#lib/metrics/isolation.ts';
import { nearestNeighbourRates } from '#lib/metrics/nearest-neighbours.ts';
import { measureSnr } from '#lib/metrics/snr.ts';
import { templateMetrics } from '#lib/metrics/template-metrics.ts';
import { templateSpread } from '#lib/metrics/template-spread.ts';

interface TrainCase {
  samplingRateHz: number;
  sampleCount: number;
  train: number[];
  amplitudes: number[];
}

interface FeatureCase {
  points: number[][];
  labels: number[];
}

interface TemplateCase {
  samplingRateHz: number;
  upsampling: number;
  /** samples × channels */
  template: number[][];
  contacts: [number, number][];
  mainChannel: number;
}

interface SnrCase {
  samplingRateHz: number;
  /** channels × samples */
  traces: number[][];
  trains: number[][];
}

export const metricCommands: Record<string, (payload: never) => unknown> = {
  'train-metrics': (cases: TrainCase[]) =>
    cases.map(({ samplingRateHz, sampleCount, ...lists }) => {
      const span = { samplingRateHz, sampleCount };
      const train = Float64Array.from(lists.train);
      const amplitudes = Float64Array.from(lists.amplitudes);
      const isi = isiViolations(train, span);
      const refractory = refractoryViolations(train, span);
      const variation = amplitudeVariation({ train, amplitudes }, span);
      return {
        firing_rate: firingRate(train, span),
        presence_ratio: presenceRatio(train, span),
        firing_range: firingRange(train, span),
        isi_violations_ratio: isi.ratio,
        isi_violations_count: isi.count,
        rp_contamination: refractory.contamination,
        rp_violations: refractory.count,
        amplitude_cutoff: amplitudeCutoff(amplitudes),
        amplitude_median: amplitudeMedian(amplitudes),
        amplitude_cv_median: variation.cvMedian,
        amplitude_cv_range: variation.cvRange
      };
    }),

  'feature-metrics': (cases: FeatureCase[]) =>
    cases.map(({ points, labels }) => {
      const dimensions = points[0]?.length ?? 0;
      const features = { points: Float64Array.from(points.flat()), dimensions, labels };
      const rates = nearestNeighbourRates(features);
      return [...new Set(labels)].map((unit) => ({
        unit,
        isolation_distance: mahalanobisIsolation(features, unit).isolationDistance,
        l_ratio: mahalanobisIsolation(features, unit).lRatio,
        d_prime: dPrime(features, unit),
        nn_hit_rate: rates.get(unit)?.hitRate,
        nn_miss_rate: rates.get(unit)?.missRate,
        silhouette: silhouette(features, unit)
      }));
    }),

  'template-metrics': (cases: TemplateCase[]) =>
    cases.map(({ template, contacts, mainChannel, ...options }) => {
      const main = templateMetrics(
        template.map((sample) => sample[mainChannel] ?? 0),
        options
      );
      const places = contacts.map(([x, y]) => ({ x, y }));
      const { velocityAbove, velocityBelow, decayPerUm, spreadUm } = templateSpread(
        { values: template.flat(), contacts: places },
        options
      );
      return {
        peak_to_trough_duration: main.peakToTroughSeconds,
        main_to_next_extremum_duration: main.mainToNextExtremumSeconds,
        trough_half_width: main.troughHalfWidthSeconds,
        peak_half_width: main.peakHalfWidthSeconds,
        repolarization_slope: main.repolarizationSlopeUvPerSecond,
        recovery_slope: main.recoverySlopeUvPerSecond,
        num_positive_peaks: main.positivePeaks,
        num_negative_peaks: main.negativePeaks,
        peak_before_to_trough_ratio: main.peakBeforeToTroughRatio,
        peak_after_to_trough_ratio: main.peakAfterToTroughRatio,
        peak_before_to_peak_after_ratio: main.peakBeforeToPeakAfterRatio,
        main_peak_to_trough_ratio: main.mainPeakToTroughRatio,
        trough_width: main.troughWidthSeconds,
        peak_before_width: main.peakBeforeWidthSeconds,
        peak_after_width: main.peakAfterWidthSeconds,
        waveform_baseline_flatness: main.baselineFlatness,
        velocity_above: velocityAbove,
        velocity_below: velocityBelow,
        exp_decay: decayPerUm,
        spread: spreadUm
      };
    }),

  snr: (cases: SnrCase[]) =>
    Promise.all(
      cases.map(({ samplingRateHz, traces, trains }) => {
        const rows = traces.map((row) => Float32Array.from(row));
        const contacts = rows.map((_, k) => ({ id: String(k), x: 0, y: 20 * k, shank: 0 }));
        const source = {
          info: {
            samplingRateHz,
            channelCount: rows.length,
            sampleCount: rows[0]?.length ?? 0,
            startTimeSeconds: 0,
            channelIds: contacts.map(({ id }) => id),
            probe: { contacts, origin: 'layout' as const },
            gainUv: rows.map(() => 1),
            offsetUv: rows.map(() => 0),
            dtype: 'float32' as const
          },
          read: async (start: number, end: number) => {
            const part = new Float32Array(rows.length * (end - start)); // channels × samples
            rows.forEach((row, k) => part.set(row.subarray(start, end), k * (end - start)));
            return part;
          }
        };
        return measureSnr(source, {
          samplingRateHz,
          trains: trains.map((train) => Float64Array.from(train))
        });
      })
    ),

  'chi-square': (cases: [number, number][]) => cases.map(([x, degrees]) => chiSquareTail(x, degrees))
};
