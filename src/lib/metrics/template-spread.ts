/**
 * How a unit's template spreads over the probe. Formulas as in SpikeInterface 0.105 (`template_metrics`: `velocity_fits`,
 * `exp_decay`, `spread`), with its default parameters; depth is y.
 */
import { gaussianWeights } from '#lib/math/gaussian.ts';
import { mean } from '#lib/math/linear-algebra.ts';
import { median } from '#lib/math/quantile.ts';
import { spatialDecay } from './spatial-decay.ts';
import { upsample } from './upsample.ts';

/** A template on all its channels. */
export interface ProbeTemplate {
  /** In µV, samples × channels. */
  values: ArrayLike<number>;
  /** Position of each channel's contact, in µm. */
  contacts: readonly { x: number; y: number }[];
}

export interface TemplateSpread {
  /** How fast the trough moves away from the channel on which it is deepest, upwards and downwards, in µm/ms. */
  velocityAbove: number;
  velocityBelow: number;
  /** Exponential decay of the peak-to-peak amplitude with distance from the channel where it is largest, in 1/µm. */
  decayPerUm: number;
  /** Distance in depth between the outermost channels with a fifth of the largest amplitude, in µm. */
  spreadUm: number;
}

const leastChannels = 3;
const leastR2 = 0.2;
const spreadThreshold = 0.2;
const smoothingUm = 20;

/**
 * Measures a template.
 * @param options `upsampling`: how many times finer the template is interpolated first.
 * @returns Velocities are NaN with less than three channels on the side, or where a line explains less than a fifth of the
 *   times' variance; the decay as `spatialDecay` says; the spread is NaN when all channels lie at one depth.
 */
export function templateSpread(
  template: ProbeTemplate,
  { samplingRateHz, upsampling = 10 }: { samplingRateHz: number; upsampling?: number }
): TemplateSpread {
  const channels = byDepth(template, upsampling);
  const amplitudes = channels.map(peakToPeak);
  return {
    ...velocities(channels, samplingRateHz * upsampling),
    decayPerUm: decay(channels, amplitudes),
    spreadUm: spread(channels, amplitudes)
  };
}

interface Channel {
  x: number;
  y: number;
  values: Float64Array<ArrayBuffer>;
}

function byDepth({ values, contacts }: ProbeTemplate, upsampling: number): Channel[] {
  const samples = values.length / contacts.length;
  const channels = contacts.map(({ x, y }, channel) => {
    const own = Float64Array.from(
      { length: samples },
      (_, k) => values[k * contacts.length + channel] as number
    );
    return { x, y, values: upsample(own, upsampling) };
  });
  return channels.sort((a, b) => a.y - b.y);
}

function peakToPeak({ values }: Channel): number {
  return values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
}

function distance(a: Channel, b: Channel): number {
  return Math.sqrt((a.x - b.x) * (a.x - b.x) + (a.y - b.y) * (a.y - b.y));
}

function decay(channels: readonly Channel[], amplitudes: readonly number[]): number {
  const main = channels[amplitudes.indexOf(amplitudes.reduce((a, b) => Math.max(a, b), 0))];
  if (!main) return NaN;
  return spatialDecay(
    channels.map((channel) => distance(channel, main)),
    amplitudes
  );
}

/** First sample of the least value. */
function troughOf(values: Float64Array): number {
  return values.reduce((least, value, i) => (value < (values[least] as number) ? i : least), 0);
}

function velocities(
  channels: readonly Channel[],
  rate: number
): Pick<TemplateSpread, 'velocityAbove' | 'velocityBelow'> {
  const troughs = channels.map(({ values }) => troughOf(values));
  const depth = (k: number) => channels[k]?.values[troughs[k] as number] as number;
  const deepest = channels.reduce((best, _, k) => {
    const earlier = depth(k) === depth(best) && (troughs[k] as number) < (troughs[best] as number);
    return depth(k) < depth(best) || earlier ? k : best;
  }, 0);
  const main = channels[deepest];
  if (!main) return { velocityAbove: NaN, velocityBelow: NaN };
  const along = (isOnSide: (channel: Channel) => boolean) => {
    const side = channels.flatMap((channel, k) => (isOnSide(channel) ? [k] : []));
    const times = side.map((k) => (((troughs[k] as number) - (troughs[deepest] as number)) / rate) * 1000);
    const distances = side.map((k) => distance(channels[k] as Channel, main));
    return velocity(distances, times);
  };
  return {
    velocityAbove: along(({ y }) => y >= main.y),
    velocityBelow: along(({ y }) => y <= main.y)
  };
}

/** One over the slope of the times by distance: the median of all pairs' slopes (P. K. Sen, J. Am. Stat. Assoc. 63, 1968). */
function velocity(distances: readonly number[], times: readonly number[]): number {
  if (times.length < leastChannels) return NaN;
  const slopes: number[] = [];
  distances.forEach((x0, i) => {
    for (let j = i + 1; j < distances.length; j++) {
      const apart = (distances[j] as number) - x0;
      if (Math.abs(apart) > 1e-12) slopes.push(((times[j] as number) - (times[i] as number)) / apart);
    }
  });
  const slope = median(slopes);
  const residuals = times.map((time, i) => time - slope * (distances[i] as number));
  const offset = median(residuals);
  const middle = mean(times);
  const square = (total: number, value: number) => total + value * value;
  const unexplained = residuals.map((residual) => residual - offset).reduce(square, 0);
  const r2 = 1 - unexplained / (times.map((time) => time - middle).reduce(square, 0) + 1e-12);
  return r2 > leastR2 && slope !== 0 ? 1 / slope : NaN;
}

/** Amplitudes are smoothed along the channels in order of depth, by 20 µm at the median distance of two depths. */
function spread(channels: readonly Channel[], amplitudes: readonly number[]): number {
  const depths = [...new Set(channels.map(({ y }) => y))];
  const pitch = median(depths.slice(1).map((depth, k) => depth - (depths[k] as number)));
  if (!(pitch > 0)) return NaN;
  const smoothed = smoothMirrored(amplitudes, gaussianWeights(smoothingUm / pitch));
  const largest = Math.max(...smoothed);
  const reached = channels.filter((_, k) => (smoothed[k] as number) / largest > spreadThreshold);
  return reached.length === 0 ? NaN : (reached.at(-1)?.y as number) - (reached[0]?.y as number);
}

/** Values beyond either end are those before it, mirrored, the outermost twice. */
function smoothMirrored(values: readonly number[], weights: Float64Array): number[] {
  const count = values.length;
  const at = (i: number) => {
    const folded = ((i % (2 * count)) + 2 * count) % (2 * count);
    return values[folded < count ? folded : 2 * count - 1 - folded] as number;
  };
  return values.map((value, i) =>
    weights.reduce(
      (total, weight, lag) => (lag === 0 ? value * weight : total + (at(i - lag) + at(i + lag)) * weight),
      0
    )
  );
}
