/** Noise of each channel: the median absolute deviation of the filtered traces, scaled to a standard deviation. */
import { medianInPlace } from './reference.ts';

/** MAD × this = standard deviation of a normal distribution. */
const madToSd = 1.4826022185056018;
/** Every so manyeth sample is measured; an odd number, so that no rhythm of the electronics hides in it. */
const stride = 5;
/** A channel whose noise is below this part of the median channel's carries no signal (disconnected or shorted). */
const deadFraction = 0.05;
/** Less is what rounding leaves of a constant. */
const leastNoiseUv = 1e-9;

/** MAD noise in µV of each channel, one a channel; `data` is channels × samples, [from, to) is measured. */
export function measureNoise(
  data: Float32Array,
  { channelCount, from, to }: { channelCount: number; from: number; to: number }
): Float64Array {
  const samples = data.length / channelCount;
  const values = new Float32Array(Math.max(0, Math.ceil((to - from) / stride)));
  return Float64Array.from({ length: channelCount }, (_, channel) => {
    const first = channel * samples + from;
    for (let i = 0; i < values.length; i++) values[i] = data[first + i * stride] as number;
    const middle = medianInPlace(values);
    for (let i = 0; i < values.length; i++) values[i] = Math.abs((values[i] as number) - middle);
    return medianInPlace(values) * madToSd;
  });
}

/** 1 for each channel that carries a signal, 0 for constant, saturated or disconnected ones. */
export function findUsableChannels(noise: Float64Array): Uint8Array {
  const positive = Float64Array.from(noise.filter((sd) => sd > leastNoiseUv));
  const typical = medianInPlace(positive);
  return Uint8Array.from(noise, (sd) => (sd > leastNoiseUv && sd >= deadFraction * typical ? 1 : 0));
}

/** The median of several measurements of each channel (measurements × channels). */
export function combineNoise(measurements: Float64Array[]): Float64Array {
  const channelCount = measurements[0]?.length ?? 0;
  return Float64Array.from({ length: channelCount }, (_, channel) =>
    medianInPlace(Float64Array.from(measurements, (noise) => noise[channel] ?? 0))
  );
}
