/** Peaks of units at known depths that move in a known way, for tests of the registration. */
import { layOutProbe } from '#lib/simulation/probe-layout.ts';
import { randomStream } from '#lib/math/random.ts';
import { exp } from '#lib/math/portable.ts';
import { type LocatedPeaks } from '#lib/sorting/motion/localise.ts';
import { type Motion, displacementAt } from '#lib/sorting/motion/motion.ts';

export type Course = (timeSeconds: number, depthUm: number) => number;

export interface DriftingPeaks {
  seed: number;
  seconds: number;
  units: number;
  extentUm: number;
  course: Course;
  /** Standard deviation of the localisation. */
  errorUm?: number;
  /** Peaks a second that belong to nobody, anywhere. */
  spuriousHz?: number;
  /** No peaks at all in [from, to). */
  silence?: [from: number, to: number];
}

export const courses = {
  zigzag: (amplitudeUm: number, periodSeconds: number, startSeconds = 0): Course => {
    return (time) => {
      const phase = (Math.max(0, time - startSeconds) / periodSeconds + 0.25) % 1;
      return amplitudeUm * (phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase);
    };
  },
  sine:
    (amplitudeUm: number, periodSeconds: number): Course =>
    (time) =>
      amplitudeUm * Math.sin((2 * Math.PI * time) / periodSeconds),
  linear:
    (umPerSecond: number): Course =>
    (time) =>
      umPerSecond * time,
  step:
    (sizeUm: number, atSeconds: number): Course =>
    (time) =>
      time < atSeconds ? 0 : sizeUm,
  still: (): Course => () => 0
};

export function column(extentUm: number) {
  return layOutProbe({
    name: 'Two columns',
    columns: 2,
    rows: Math.round(extentUm / 20) + 1,
    columnPitchUm: 32,
    rowPitchUm: 20
  });
}

/** One chunk a second, as the pipeline has them. */
export function drawPeaks(options: DriftingPeaks): LocatedPeaks[] {
  const { seed, seconds, units, extentUm, course, errorUm = 1.5, spuriousHz = 20, silence } = options;
  const stream = randomStream(seed, 'drifting peaks');
  const population = Array.from({ length: units }, () => ({
    depth: -10 + (extentUm + 20) * stream.uniform(),
    amplitude: 40 * exp(2 * stream.uniform()),
    rate: 2 + 6 * stream.uniform()
  }));
  return Array.from({ length: seconds }, (_, second) => {
    const rows: [time: number, depth: number, amplitude: number][] = [];
    const silent = silence && second >= silence[0] && second < silence[1];
    const poisson = (rate: number, add: (time: number) => void) => {
      for (let time = stream.exponential() / rate; time < 1; time += stream.exponential() / rate)
        if (!silent) add(second + time);
    };
    for (const { depth, amplitude, rate } of population)
      poisson(rate, (time) => {
        const seen = depth + course(time, depth) + errorUm * stream.normal();
        if (seen > -20 && seen < extentUm + 20)
          rows.push([time, seen, amplitude * (1 + 0.1 * stream.normal())]);
      });
    if (spuriousHz > 0)
      poisson(spuriousHz, (time) =>
        rows.push([time, extentUm * stream.uniform(), 35 + 10 * stream.uniform()])
      );
    return {
      times: Float32Array.from(rows, (row) => row[0]),
      depthsUm: Float32Array.from(rows, (row) => row[1]),
      amplitudes: Float32Array.from(rows, (row) => row[2])
    };
  });
}

/** What is estimated of a zigzag of ±20 µm, rigid, one bin a second. */
export function zigzag(seconds: number, periodSeconds: number): Motion {
  const binTimes = Float64Array.from({ length: seconds }, (_, second) => second + 0.5);
  const course = courses.zigzag(20, periodSeconds);
  return {
    outcome: 'estimated',
    windowCentresUm: Float64Array.of(0),
    binTimes,
    displacementsUm: binTimes.map((time) => course(time, 0))
  };
}

/** Errors of a motion in µm, over all bins at the given depths; both courses are taken from their medians. */
export function motionErrors(motion: Motion, course: Course, depths: number[]): number[] {
  return depths.flatMap((depthUm) => {
    const times = [...motion.binTimes];
    const found = times.map((timeSeconds) => displacementAt(motion, { timeSeconds, depthUm }));
    const truth = times.map((time) => course(time, depthUm));
    const shift = median(truth) - median(found);
    return found.map((value, i) => Math.abs(value + shift - (truth[i] ?? NaN)));
  });
}

export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 ? upper : (upper + (sorted[middle - 1] ?? NaN)) / 2;
}
