/**
 * Noise correlated over time and channels, of which any stretch can be made by itself: white numbers come from streams
 * addressed by source and block, a short symmetric FIR filter correlates neighbouring samples, and a sparse matrix
 * mixes the sources into channels. A slow field potential is interpolated from random knots.
 */
import { inverseNormal } from '#lib/math/normal-quantile.ts';
import { exp } from '#lib/math/portable.ts';
import { symmetricEigen } from '#lib/math/linear-algebra.ts';
import { randomStream } from '#lib/math/random.ts';
import { type Contact } from '#lib/model/recording.ts';
import { type SimulationSpec } from './specification.ts';

/** Samples of one stream of white numbers. */
const blockSamples = 2048;
/** Taps on either side of the FIR filter's middle. */
const halfWidth = 4;
/** Samples between two knots of the field potential. */
const fieldStep = 256;
/** Weights below this share of a channel's largest are dropped, and its variance is made up for. */
const smallestWeight = 0.02;

/** One channel's mixture of sources. */
interface Mixture {
  sources: Int32Array;
  weights: Float64Array;
}

export interface NoiseModel {
  seed: number;
  taps: Float64Array;
  /** µV a unit of each source, one a channel. */
  mixtures: Mixture[];
  fieldMixtures: Mixture[];
  modulation: number;
  /** Samples between two knots of the level's slow change. */
  modulationStep: number;
}

/** Quantiles of the normal distribution at 4096 equal steps, with variance one: twelve random bits become one number. */
const quantiles = makeQuantiles();

function makeQuantiles(): Float32Array {
  const values = new Float64Array(4096);
  let variance = 0;
  for (let i = 0; i < 4096; i++) {
    const value = inverseNormal((i + 0.5) / 4096);
    values[i] = value;
    variance += (value * value) / 4096;
  }
  return Float32Array.from(values, (value) => value / Math.sqrt(variance));
}

/** Prepares the noise of a recording. */
export function prepareNoise(spec: SimulationSpec): NoiseModel {
  const { noise, seed, probe, samplingRateHz } = spec;
  const levels = randomStream(seed, 'noise levels');
  const [low, high] = noise.levelUv;
  const taps = Float64Array.from({ length: 2 * halfWidth + 1 }, (_, i) => {
    const t = (i - halfWidth) / Math.max(noise.temporalWidthSamples, 1e-3);
    return exp((-t * t) / 2);
  });
  const energy = Math.sqrt(taps.reduce((total, tap) => total + tap * tap, 0));
  return {
    seed,
    taps: taps.map((tap) => tap / energy),
    mixtures: mixSources(probe.contacts, noise.spatialDecayUm, () => low + (high - low) * levels.uniform()),
    fieldMixtures: mixSources(probe.contacts, 10 * noise.spatialDecayUm, () => noise.fieldUv),
    modulation: noise.modulation,
    modulationStep: Math.round(0.5 * samplingRateHz)
  };
}

/** The symmetric square root of exp(−distance/decay), row by row, without its smallest weights. */
function mixSources(contacts: readonly Contact[], decayUm: number, level: () => number): Mixture[] {
  const n = contacts.length;
  const covariance = new Float64Array(n * n);
  contacts.forEach((a, i) =>
    contacts.forEach((b, j) => {
      const [dx, dy] = [a.x - b.x, a.y - b.y];
      covariance[i * n + j] = exp(-Math.sqrt(dx * dx + dy * dy) / decayUm);
    })
  );
  const { values, vectors } = symmetricEigen(covariance, n);
  return contacts.map((_, i) => {
    const row = new Float64Array(n);
    for (let k = 0; k < n; k++) {
      const weight = Math.sqrt(Math.max(values[k] as number, 0)) * (vectors[k * n + i] as number);
      for (let j = 0; j < n; j++) row[j] = (row[j] as number) + weight * (vectors[k * n + j] as number);
    }
    const most = row.reduce((largest, weight) => Math.max(largest, Math.abs(weight)), 0);
    const kept = [...row.keys()].filter((j) => Math.abs(row[j] as number) >= smallestWeight * most);
    const power = kept.reduce((total, j) => total + (row[j] as number) ** 2, 0);
    const scale = level() / Math.sqrt(power);
    return {
      sources: Int32Array.from(kept),
      weights: Float64Array.from(kept, (j) => scale * (row[j] as number))
    };
  });
}

/**
 * Writes the noise of samples [start, start + count) into `target`.
 * @param target µV, channels × count; overwritten.
 */
export function writeNoise(model: NoiseModel, start: number, target: Float32Array): void {
  const channels = model.mixtures.length;
  const count = target.length / channels;
  const sources = new Float32Array(channels * count);
  const white = new Float32Array(count + 2 * halfWidth);
  for (let source = 0; source < channels; source++) {
    writeWhite(white, { seed: model.seed, source, start: start - halfWidth });
    smooth(white, model.taps, sources.subarray(source * count, (source + 1) * count));
  }
  model.mixtures.forEach((mixture, channel) => {
    mix(target.subarray(channel * count, (channel + 1) * count), sources, mixture);
  });
  modulate(model, start, target);
  addField(model, start, target);
}

/** White numbers of one source from sample `start` on (which may be negative: blocks go on to the left). */
function writeWhite(
  target: Float32Array,
  { seed, source, start }: { seed: number; source: number; start: number }
): void {
  const end = start + target.length;
  for (let block = Math.floor(start / blockSamples); block * blockSamples < end; block++) {
    const stream = randomStream(seed, 'white noise', source, block);
    const first = block * blockSamples;
    const to = Math.min(end, first + blockSamples);
    // Each draw gives two samples, so that drawing begins on an even one.
    for (let sample = first; sample < to; sample += 2) {
      const bits = stream.bits();
      if (sample >= start) target[sample - start] = quantiles[bits & 4095] as number;
      if (sample + 1 >= start && sample + 1 < end)
        target[sample + 1 - start] = quantiles[(bits >>> 16) & 4095] as number;
    }
  }
}

/** Convolves with the symmetric filter of nine taps. */
function smooth(white: Float32Array, taps: Float64Array, target: Float32Array): void {
  const [t4, t3, t2, t1, t0] = taps as unknown as readonly [number, number, number, number, number];
  for (let i = 0; i < target.length; i++)
    target[i] =
      t0 * (white[i + 4] as number) +
      t1 * ((white[i + 3] as number) + (white[i + 5] as number)) +
      t2 * ((white[i + 2] as number) + (white[i + 6] as number)) +
      t3 * ((white[i + 1] as number) + (white[i + 7] as number)) +
      t4 * ((white[i] as number) + (white[i + 8] as number));
}

/**
 * Writes a weighted sum of sources, two at a time, rounded after each to single precision so that their grouping does not
 * matter.
 */
function mix(target: Float32Array, sources: Float32Array, { sources: chosen, weights }: Mixture): void {
  const count = target.length;
  target.fill(0);
  for (let k = 0; k < chosen.length; k += 2) {
    const first = (chosen[k] as number) * count;
    const second = (chosen[k + 1] ?? (chosen[k] as number)) * count;
    const weight = weights[k] as number;
    const other = weights[k + 1] ?? 0;
    for (let i = 0; i < count; i++) {
      const sum = Math.fround((target[i] as number) + weight * (sources[first + i] as number));
      target[i] = sum + other * (sources[second + i] as number);
    }
  }
}

/** The noise level's slow change, the same on every channel. */
function modulate(model: NoiseModel, start: number, target: Float32Array): void {
  if (model.modulation === 0) return;
  const count = target.length / model.mixtures.length;
  const step = model.modulationStep;
  const level = (knot: number) =>
    exp(model.modulation * randomStream(model.seed, 'noise modulation', knot).normal());
  let knot = NaN;
  let [before, after] = [1, 1];
  for (let i = 0; i < count; i++) {
    const position = (start + i) / step;
    if (Math.floor(position) !== knot) {
      knot = Math.floor(position);
      [before, after] = [level(knot), level(knot + 1)];
    }
    const between = position - knot;
    const factor = before * (1 - between) + after * between;
    for (let at = i; at < target.length; at += count) target[at] = (target[at] as number) * factor;
  }
}

/** Adds the slow field potential: a cubic B-spline through random knots, smooth to the second derivative. */
function addField(model: NoiseModel, start: number, target: Float32Array): void {
  const channels = model.fieldMixtures.length;
  const count = target.length / channels;
  const firstKnot = Math.floor(start / fieldStep) - 1;
  const knots = Math.floor((start + count - 1) / fieldStep) + 2 - firstKnot + 1;
  const random = new Float64Array(channels * knots); // sources × knots
  for (let source = 0; source < channels; source++)
    for (let knot = 0; knot < knots; knot++)
      random[source * knots + knot] = randomStream(model.seed, 'field', source, firstKnot + knot).normal();
  const basis = splineBasis();
  model.fieldMixtures.forEach((mixture, channel) => {
    const levels = new Float64Array(knots);
    mixture.sources.forEach((source, k) => {
      for (let knot = 0; knot < knots; knot++)
        levels[knot] =
          (levels[knot] as number) +
          (mixture.weights[k] as number) * (random[source * knots + knot] as number);
    });
    const row = target.subarray(channel * count, (channel + 1) * count);
    for (let i = 0; i < count; i++) {
      const sample = start + i;
      const knot = Math.floor(sample / fieldStep);
      const at = 4 * (sample - knot * fieldStep);
      const level = knot - 1 - firstKnot;
      row[i] =
        (row[i] as number) +
        (basis[at] as number) * (levels[level] as number) +
        (basis[at + 1] as number) * (levels[level + 1] as number) +
        (basis[at + 2] as number) * (levels[level + 2] as number) +
        (basis[at + 3] as number) * (levels[level + 3] as number);
    }
  });
}

let splineTable: Float64Array | undefined;

/** Weights of the four knots around each of the samples between two knots, with variance one on average. */
function splineBasis(): Float64Array {
  if (splineTable) return splineTable;
  const table = new Float64Array(4 * fieldStep);
  let power = 0;
  for (let i = 0; i < fieldStep; i++) {
    const t = i / fieldStep;
    const rest = 1 - t;
    const weights = [
      (rest * rest * rest) / 6,
      (3 * t * t * t - 6 * t * t + 4) / 6,
      (-3 * t * t * t + 3 * t * t + 3 * t + 1) / 6,
      (t * t * t) / 6
    ];
    table.set(weights, 4 * i);
    for (const weight of weights) power += (weight * weight) / fieldStep;
  }
  splineTable = table.map((weight) => weight / Math.sqrt(power));
  return splineTable;
}
