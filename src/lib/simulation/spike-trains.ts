/** When neurons fire: refractory, irregular trains whose rate wanders, and bursts whose spikes shrink. */
import { exp } from '#lib/math/portable.ts';
import { type RandomStream } from '#lib/math/random.ts';
import { phasesPerSample } from './templates.ts';

export interface GeneratedTrain {
  /** Ascending sample indices of the main channel's extremum, rounded. */
  samples: Float64Array;
  /** Where between two samples the extremum lies: index into a template's phases. */
  phases: Uint8Array;
  /** Amplitude of each spike over its unit's. */
  amplitudes: Float32Array;
}

export interface TrainOptions {
  samplingRateHz: number;
  sampleCount: number;
  /** Spikes keep this distance from both ends of the recording, so that no waveform is cut. */
  marginSamples: number;
  rateHz: number;
  bursting: boolean;
  refractoryMs: number;
  amplitudeJitter: number;
}

/** The rate is redrawn this often, and changes linearly in between. */
const wanderSeconds = 4;
/** A spike soon after another is smaller, by this share at no distance; the loss fades with this time. */
const fatigue = { share: 0.35, fadeMs: 12 };

/** Makes spikes at ascending times in s: where between samples they lie, and how large they are. */
export function makeTrain(
  stream: RandomStream,
  times: readonly number[],
  options: Pick<TrainOptions, 'samplingRateHz' | 'amplitudeJitter'>
): GeneratedTrain {
  const samples = new Float64Array(times.length);
  const phases = new Uint8Array(times.length);
  const amplitudes = new Float32Array(times.length);
  let loss = 0;
  let previous = -Infinity;
  times.forEach((time, i) => {
    const position = time * options.samplingRateHz;
    const step = Math.round(position * phasesPerSample);
    const sample = Math.floor((step + phasesPerSample / 2) / phasesPerSample);
    samples[i] = sample;
    phases[i] = step - sample * phasesPerSample + phasesPerSample / 2;
    const fade = exp(((previous - time) * 1000) / fatigue.fadeMs);
    loss = (loss + (i > 0 ? fatigue.share * (1 - loss) : 0)) * fade;
    amplitudes[i] = Math.max(0.2, (1 - loss) * (1 + options.amplitudeJitter * stream.normal()));
    previous = time;
  });
  return { samples, phases, amplitudes };
}

/** Draws when one unit fires: ascending times in s, at least the refractory time apart. */
export function drawTimes(stream: RandomStream, options: TrainOptions): number[] {
  const { samplingRateHz, sampleCount, marginSamples } = options;
  const end = (sampleCount - marginSamples) / samplingRateHz;
  const refractory = refractorySeconds(options);
  const knots = Array.from({ length: Math.ceil(sampleCount / samplingRateHz / wanderSeconds) + 2 }, () =>
    exp(0.3 * stream.normal())
  );
  const meanBurst = options.bursting ? 1 + 0.6 + 0.6 * 0.5 + 0.6 * 0.5 * 0.4 : 1;
  const times: number[] = [];
  let time = marginSamples / samplingRateHz;
  for (;;) {
    const knot = Math.min(time / wanderSeconds, knots.length - 2);
    const between = knot - Math.floor(knot);
    const wander =
      (knots[Math.floor(knot)] as number) * (1 - between) + (knots[Math.floor(knot) + 1] as number) * between;
    const meanGap = Math.max(meanBurst / (options.rateHz * wander) - refractory, 0.0005);
    // Two exponentials (a gamma law of order 2): less clustered than a Poisson train.
    time += refractory + (meanGap * (stream.exponential() + stream.exponential())) / 2;
    if (time > end) return times;
    times.push(time);
    if (!options.bursting) continue;
    for (const chance of [0.6, 0.5, 0.4]) {
      if (stream.uniform() >= chance) break;
      time += refractory + 0.001 + 0.004 * stream.uniform();
      if (time > end) return times;
      times.push(time);
    }
  }
}

/** One sample more than asked for, since times are rounded to samples. */
function refractorySeconds({ refractoryMs, samplingRateHz }: TrainOptions): number {
  return refractoryMs / 1000 + 1 / samplingRateHz;
}

/**
 * The times with those that another unit drags along: a share of its spikes, each within some time of itself, where the
 * refractory time leaves room.
 */
export function addCompanions(
  times: readonly number[],
  leading: readonly number[],
  drag: { stream: RandomStream; share: number; withinMs: number; options: TrainOptions }
): number[] {
  const { stream, share, withinMs, options } = drag;
  const refractory = refractorySeconds(options);
  const start = options.marginSamples / options.samplingRateHz;
  const end = (options.sampleCount - options.marginSamples) / options.samplingRateHz;
  const dragged = leading
    .filter(() => stream.uniform() < share)
    .map((time) => time + (withinMs / 1000) * (2 * stream.uniform() - 1))
    .filter((time) => time >= start && time <= end)
    .sort((a, b) => a - b);
  const joined: number[] = [];
  let next = 0;
  for (const time of dragged) {
    while (next < times.length && (times[next] as number) <= time) joined.push(times[next++] as number);
    const before = joined.at(-1) ?? -Infinity;
    const after = times[next] ?? Infinity;
    if (time - before >= refractory && after - time >= refractory) joined.push(time);
  }
  return joined.concat(times.slice(next));
}
