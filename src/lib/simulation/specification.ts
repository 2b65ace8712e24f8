/** What a generated recording shall be like, and the named recordings that the app, the tests and the bench use. */
import { type Probe } from '#lib/model/recording.ts';
import { randomStream } from '#lib/math/random.ts';
import { exp, log } from '#lib/math/portable.ts';
import { type Drift } from './drift.ts';
import { layOutProbe } from './probe-layout.ts';

/** Lower and upper end of what is drawn uniformly. */
export type Range = readonly [low: number, high: number];

/** Firing rates as they are found in cortex: many units fire seldom, a few often. */
export interface LogNormalRates {
  medianHz: number;
  /** Standard deviation of the rate's natural logarithm. */
  sigma: number;
  /** Rates beyond are set to its ends. */
  rangeHz: Range;
}

/** Everything that decides a generated recording: equal specifications give equal samples, bit for bit. */
export interface SimulationSpec {
  name: string;
  /** A whole number from 0 to 2⁵³ − 1. */
  seed: number;
  samplingRateHz: number;
  seconds: number;
  probe: Probe;
  /** µV of one int16 count: samples are rounded to whole counts, as a recording system does. */
  gainUv: number;
  /** One known unit each: the size of its mean waveform's extremum on its main channel, in µV. */
  unitAmplitudesUv: readonly number[];
  units: {
    /** Mean firing rate of each unit, spikes per s: uniform in a range, or log-normal. */
    rateHz: Range | LogNormalRates;
    /** No unit fires twice within this time. */
    refractoryMs: number;
    /** Share of the units that fire in bursts, 0 to 1. */
    burstingShare: number;
    /** Standard deviation of a spike's amplitude over its unit's. */
    amplitudeJitter: number;
    /** Units keep this distance from each other, as far as there is room. */
    minimumDistanceUm: number;
    /** Distance from the plane of the contacts. */
    depthUm: Range;
    /** How far beyond the outermost contacts units lie. */
    marginUm: number;
    /** A share of each unit's spikes drags one of its nearest neighbour along, within this time of itself. */
    synchrony?: { share: number; withinMs: number };
  };
  /** Motion of all units, the background's too, along the probe; none if left out. */
  drift?: Drift;
  /** Many small units that belong to nobody: what makes neural noise less than Gaussian. */
  background: { count: number; amplitudeUv: Range; rateHz: Range };
  noise: {
    /** Standard deviation of a channel's noise above 300 Hz or so. */
    levelUv: Range;
    /** Correlation between channels falls to 1/e over this distance. */
    spatialDecayUm: number;
    /** Standard deviation of the Gaussian that correlates neighbouring samples, in samples. */
    temporalWidthSamples: number;
    /** Slow change of the level over the recording, as a share of it. */
    modulation: number;
    /** Standard deviation of the slow field potential, below 60 Hz or so. */
    fieldUv: number;
  };
}

const defaults = {
  samplingRateHz: 30000,
  gainUv: 0.195,
  units: {
    rateHz: [2, 8],
    refractoryMs: 3,
    burstingShare: 0.25,
    amplitudeJitter: 0.05,
    minimumDistanceUm: 22,
    depthUm: [8, 35],
    marginUm: 12
  },
  noise: { levelUv: [6, 8], spatialDecayUm: 25, temporalWidthSamples: 0.75, modulation: 0.08, fieldUv: 25 }
} as const satisfies Partial<SimulationSpec>;

/**
 * The demonstration: one minute of two shanks with 16 contacts each and exactly 18 known units, of which most are easy
 * and three are near the limit of what can be sorted.
 */
export const demonstrationSpec: SimulationSpec = {
  ...defaults,
  name: 'demonstration',
  seed: 1,
  seconds: 60,
  probe: layOutProbe({
    name: 'Two shanks of 16',
    shanks: 2,
    columns: 2,
    rows: 8,
    columnPitchUm: 22,
    rowPitchUm: 25,
    shankPitchUm: 250
  }),
  unitAmplitudesUv: [310, 240, 205, 180, 165, 150, 140, 130, 120, 112, 105, 98, 90, 84, 78, 62, 50, 38],
  background: { count: 40, amplitudeUv: [8, 22], rateHz: [3, 9] }
};

/** Like the bench's probe32: two columns of 16 contacts, 24 units of all sizes. */
export function probe32Spec(seed: number, seconds = 60): SimulationSpec {
  return {
    ...defaults,
    name: `probe32-${seed}`,
    seed,
    seconds,
    probe: layOutProbe({ name: '2 × 16', columns: 2, rows: 16, columnPitchUm: 32, rowPitchUm: 20 }),
    unitAmplitudesUv: drawAmplitudes({ seed, count: 24, rangeUv: [25, 350] }),
    background: { count: 30, amplitudeUv: [8, 20], rateHz: [3, 9] }
  };
}

/** Like the bench's drift32: probe32 whose tissue moves up and down by 15 µm from 40 s on. */
export function drift32Spec(seed: number, seconds = 300): SimulationSpec {
  return {
    ...probe32Spec(seed, seconds),
    name: `drift32-${seed}`,
    drift: { kind: 'zigzag', amplitudeUm: 15, startSeconds: 40, periodSeconds: 100 }
  };
}

/**
 * Like the bench's hard64: 80 units close together, most of them slow, some bursting, with sizes that vary, spikes that
 * coincide and a loud background.
 */
export function hard64Spec(seed: number, seconds = 300): SimulationSpec {
  return {
    ...defaults,
    name: `hard64-${seed}`,
    seed,
    seconds,
    probe: layOutProbe({ name: '2 × 32', columns: 2, rows: 32, columnPitchUm: 32, rowPitchUm: 15 }),
    unitAmplitudesUv: drawAmplitudes({ seed, count: 80, rangeUv: [40, 400] }),
    units: {
      ...defaults.units,
      rateHz: { medianHz: 3, sigma: 1.2, rangeHz: [0.1, 50] },
      burstingShare: 0.2,
      amplitudeJitter: 0.12,
      minimumDistanceUm: 8,
      synchrony: { share: 0.05, withinMs: 0.5 }
    },
    background: { count: 80, amplitudeUv: [15, 45], rateHz: [6, 6] }
  };
}

/** Four contacts and five well separated units: small enough for tests of everything that handles recordings. */
export function tetrodeSpec(seed: number, seconds = 10): SimulationSpec {
  return {
    ...defaults,
    name: `tetrode-${seed}`,
    seed,
    seconds,
    probe: layOutProbe({ name: 'Tetrode', columns: 2, rows: 2, columnPitchUm: 25, rowPitchUm: 25 }),
    unitAmplitudesUv: [260, 200, 150, 110, 80],
    background: { count: 8, amplitudeUv: [8, 20], rateHz: [3, 9] }
  };
}

/** Amplitudes spread evenly on a logarithmic scale, with chance. */
function drawAmplitudes({ seed, count, rangeUv }: { seed: number; count: number; rangeUv: Range }): number[] {
  const stream = randomStream(seed, 'amplitudes');
  const lowest = log(rangeUv[0]);
  const span = log(rangeUv[1]) - lowest;
  return Array.from({ length: count }, (_, i) => exp(lowest + (span * (i + stream.uniform())) / count));
}
