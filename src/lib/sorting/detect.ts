/**
 * Locally exclusive detection: a peak counts if it reaches the threshold and nothing within the radius and the
 * exclusion time reaches further.
 */
import { KernelMemory, kernelAddress } from './kernels/kernels.ts';

export type PeakSign = 'negative' | 'positive' | 'both';

export interface DetectOptions {
  channelCount: number;
  /** Peaks are looked for in samples [from, to); their rivals everywhere in the chunk. */
  from: number;
  to: number;
  threshold: number;
  sign: PeakSign;
  exclusionSamples: number;
  /** Channels within the radius of each, itself first. */
  neighbours: Int32Array[];
  /** If given, only peaks at samples where it is not 0 are looked for; one a sample. */
  where?: Uint8Array | undefined;
}

/** Peaks in order of sample, then channel. */
export interface Peaks {
  /** Sample index within the chunk, halo included. */
  samples: Int32Array<ArrayBuffer>;
  channels: Int32Array<ArrayBuffer>;
  /** Signed height at the peak. */
  amplitudes: Float32Array<ArrayBuffer>;
}

/**
 * Finds the peaks of whitened traces, `data` being channels × samples. Of equal heights the earlier counts, then the
 * lower channel, so that a flat top is one peak.
 */
export function detectSpikes(data: Float32Array, options: DetectOptions): Peaks {
  const { channelCount, from, to, threshold, sign, where } = options;
  const samples = data.length / channelCount;
  const low = sign === 'positive' ? -Infinity : -threshold;
  const high = sign === 'negative' ? Infinity : threshold;
  const nextBeyond = scanner(data, low, high);
  const found: { sample: number; channel: number }[] = [];
  for (let channel = 0; channel < channelCount; channel++) {
    if ((options.neighbours[channel]?.length ?? 0) === 0) continue;
    const base = channel * samples;
    const end = base + Math.min(to, samples - 1);
    for (let at = nextBeyond(base + Math.max(from, 1), end); at < end; at = nextBeyond(at + 1, end)) {
      const t = at - base;
      if (where && where[t] === 0) continue;
      const height = heightOf(data[at] as number, sign);
      if (heightOf(data[base + t - 1] as number, sign) >= height) continue;
      if (heightOf(data[base + t + 1] as number, sign) > height) continue;
      if (isHighest(data, { channel, sample: t, height }, options)) found.push({ sample: t, channel });
    }
  }
  found.sort((a, b) => a.sample - b.sample || a.channel - b.channel);
  return {
    samples: Int32Array.from(found, ({ sample }) => sample),
    channels: Int32Array.from(found, ({ channel }) => channel),
    amplitudes: Float32Array.from(found, ({ sample, channel }) => data[channel * samples + sample] as number)
  };
}

/** Finds the next value beyond the limits among those in [from, to); `to` if there is none. */
function scanner(data: Float32Array, low: number, high: number): (from: number, to: number) => number {
  const address = kernelAddress(data);
  if (address !== undefined) {
    const { run } = new KernelMemory();
    return (from, to) => run.nextBeyond(address, from, to, low, high);
  }
  const memory = new KernelMemory(data.byteLength);
  memory.floats(0, data.length).set(data);
  return (from, to) => memory.run.nextBeyond(memory.address(0), from, to, low, high);
}

/** How far a value reaches in the direction that counts. */
export function heightOf(value: number, sign: PeakSign): number {
  if (sign === 'negative') return -value;
  return sign === 'positive' ? value : Math.abs(value);
}

function isHighest(
  data: Float32Array,
  peak: { channel: number; sample: number; height: number },
  { channelCount, sign, exclusionSamples, neighbours }: DetectOptions
): boolean {
  const samples = data.length / channelCount;
  const first = Math.max(0, peak.sample - exclusionSamples);
  const last = Math.min(samples - 1, peak.sample + exclusionSamples);
  for (const channel of neighbours[peak.channel] as Int32Array) {
    const base = channel * samples;
    for (let t = first; t <= last; t++) {
      const height = heightOf(data[base + t] as number, sign);
      if (height < peak.height) continue;
      if (height > peak.height) return false;
      if (t < peak.sample || (t === peak.sample && channel < peak.channel)) return false;
    }
  }
  return true;
}
