/**
 * Template matching: the peaks of a chunk are explained by templates one after another, each is subtracted, and what
 * is left is looked through again, so that spikes on top of each other are told apart.
 */
import { type Chunk } from './chunks.ts';
import { type Peaks, detectSpikes } from './detect.ts';
import { type SnippetWindow } from './features.ts';
import { KernelMemory } from './kernels/kernels.ts';
import { type Preparation, cleanChunk } from './prepare.ts';
import { type Template, peakHeight, templateEnergy } from './templates.ts';
import { type WaveformSums, type WaveformWindow, accumulateWaveforms } from './waveforms.ts';

/** How often the residual is looked through. */
const passCount = 3;
/** A spike may be so much smaller or larger than its template. */
const smallestGain = 0.6;
const largestGain = 1.6;
/** Around a peak's best sample so many to each side are tried. */
const lagReach = 4;
/** A template explains a peak only on channels where it has this part of its height. */
const candidateFraction = 0.3;
/** Channels of a template below this height, in noise SDs, are left out of matching. */
const silentHeight = 0.5;

export interface MatchInput {
  preparation: Preparation;
  chunk: Chunk;
  window: SnippetWindow;
  templates: Template[];
  /** Height from which a residual peak is looked at, in noise SDs. */
  threshold: number;
  waveformWindow: WaveformWindow;
  /** Channels whose mean waveforms are measured, one list a template. */
  waveformChannels: Int32Array[];
}

export interface MatchedSpikes {
  /** Sample in the recording at which the template's peak lies. */
  samples: Float64Array<ArrayBuffer>;
  templates: Int32Array<ArrayBuffer>;
  /** Size relative to the template. */
  gains: Float32Array<ArrayBuffer>;
}

export interface MatchOutput extends MatchedSpikes {
  waveforms: WaveformSums;
}

/** A template as matching uses it: silent channels left out. */
interface Matcher {
  template: number;
  channels: Int32Array;
  /** channels × samples */
  waveform: Float32Array;
  length: number;
  energy: number;
  /** Sample of the extremum on each channel minus the window's peak sample, by channel number. */
  peakShift: Map<number, number>;
}

interface Match {
  matcher: Matcher;
  /** Sample within the chunk at which the window starts. */
  start: number;
  gain: number;
}

/** Explains one chunk's spikes: the task `match`. Spikes in the halo are explained too but not returned. */
export function matchChunk(input: MatchInput): MatchOutput {
  const { preparation, chunk, window } = input;
  const clean = cleanChunk(preparation, chunk);
  const matches = explainPeaks(clean.whitened, input)
    .filter(
      ({ start }) => start + window.beforeSamples >= clean.from && start + window.beforeSamples < clean.to
    )
    .sort((a, b) => a.start - b.start || a.matcher.template - b.matcher.template);
  const origin = chunk.startSample - chunk.haloSamples + window.beforeSamples;
  const templates = Int32Array.from(matches, ({ matcher }) => matcher.template);
  return {
    samples: Float64Array.from(matches, ({ start }) => start + origin),
    templates,
    gains: Float32Array.from(matches, ({ gain }) => gain),
    waveforms: accumulateWaveforms(clean.filtered, {
      channelCount: preparation.channelCount,
      positions: Int32Array.from(matches, ({ start }) => start + window.beforeSamples),
      units: templates,
      window: input.waveformWindow,
      channels: input.waveformChannels
    })
  };
}

/** Subtracts templates from whitened traces (channels × samples) until no more peaks are explained. */
function explainPeaks(whitened: Float32Array, input: MatchInput): Match[] {
  const { preparation, window, templates, threshold } = input;
  const { channelCount, detection } = preparation;
  const samples = whitened.length / channelCount;
  const margin = window.length + lagReach + 1;
  const matchers = indexMatchers(templates, { channelCount, beforeSamples: window.beforeSamples });
  const { residual, correlate } = placeForCorrelation(whitened, { matchers, samples });
  const matches: Match[] = [];
  for (let pass = 0; pass < passCount; pass++) {
    const peaks = detectSpikes(residual, {
      channelCount,
      from: margin,
      to: samples - margin,
      ...detection,
      threshold
    });
    let explained = 0;
    for (let k = 0; k < peaks.samples.length; k++) {
      const match = explainPeak({
        peaks,
        k,
        matchers,
        correlate,
        samples,
        beforeSamples: window.beforeSamples
      });
      if (!match) continue;
      subtract(residual, match, samples);
      matches.push(match);
      explained++;
    }
    if (explained === 0) break;
  }
  return matches;
}

/** For each channel the templates that may explain a peak on it. */
function indexMatchers(
  templates: Template[],
  { channelCount, beforeSamples }: { channelCount: number; beforeSamples: number }
): Matcher[][] {
  const byChannel: Matcher[][] = Array.from({ length: channelCount }, () => []);
  templates.forEach((template, number) => {
    const length = template.waveform.length / template.channels.length;
    const height = Math.abs(peakHeight(template, beforeSamples));
    const peakShift = new Map<number, number>();
    const loud: number[] = [];
    template.channels.forEach((channel, c) => {
      const trace = template.waveform.subarray(c * length, (c + 1) * length);
      const at = indexOfLargest(trace);
      const size = Math.abs(trace[at] as number);
      if (size >= silentHeight || channel === template.mainChannel) loud.push(c);
      if (size >= candidateFraction * height) peakShift.set(channel, at - beforeSamples);
    });
    const waveform = new Float32Array(loud.length * length);
    loud.forEach((c, i) =>
      waveform.set(template.waveform.subarray(c * length, (c + 1) * length), i * length)
    );
    const channels = Int32Array.from(loud, (c) => template.channels[c] as number);
    const energy = templateEnergy({ ...template, waveform });
    const matcher = { template: number, channels, waveform, length, energy, peakShift };
    if (energy > 0) for (const channel of peakShift.keys()) byChannel[channel]?.push(matcher);
  });
  return byChannel;
}

function indexOfLargest(trace: Float32Array): number {
  let best = 0;
  for (let t = 1; t < trace.length; t++)
    if (Math.abs(trace[t] as number) > Math.abs(trace[best] as number)) best = t;
  return best;
}

/** Products of a template with the residual at neighbouring starts, one each; they hold until the next call. */
type Correlate = (matcher: Matcher, firstStart: number, count: number) => Float32Array;

/** Copies traces and templates to where the kernel finds them. */
function placeForCorrelation(
  whitened: Float32Array,
  { matchers, samples }: { matchers: Matcher[][]; samples: number }
): { residual: Float32Array; correlate: Correlate } {
  const places = new Map<Matcher, { channels: number; waveform: number }>();
  let [channelCount, valueCount] = [0, 0];
  for (const matcher of matchers.flat()) {
    if (places.has(matcher)) continue;
    places.set(matcher, { channels: channelCount, waveform: valueCount });
    channelCount += matcher.channels.length;
    valueCount += matcher.channels.length * paddedLength(matcher.length);
  }
  const memory = new KernelMemory(
    ...[whitened.byteLength, 4 * channelCount, 4 * valueCount, 4 * (2 * lagReach + 1)]
  );
  const [traces = 0, channels = 0, waveforms = 0, out = 0] = memory.addresses;
  const residual = memory.floats(0, whitened.length);
  residual.set(whitened);
  const channelValues = memory.integers(1, channelCount);
  const waveformValues = memory.floats(2, valueCount).fill(0);
  const products = memory.floats(3, 2 * lagReach + 1);
  for (const [{ channels: list, waveform, length }, place] of places) {
    channelValues.set(list, place.channels);
    for (let c = 0; c < list.length; c++)
      waveformValues.set(
        waveform.subarray(c * length, (c + 1) * length),
        place.waveform + c * paddedLength(length)
      );
  }
  const correlate: Correlate = (matcher, firstStart, count) => {
    const place = places.get(matcher);
    if (!place) throw new RangeError('The template was not placed.');
    memory.run.correlateLags(
      ...([traces, samples, channels + 4 * place.channels, matcher.channels.length] as const),
      ...([waveforms + 4 * place.waveform, paddedLength(matcher.length), firstStart, count, out] as const)
    );
    return products;
  };
  return { residual, correlate };
}

/** The kernel takes four samples at a time; those after the end are zero. */
function paddedLength(length: number): number {
  return Math.ceil(length / 4) * 4;
}

interface PeakContext {
  peaks: Peaks;
  k: number;
  matchers: Matcher[][];
  correlate: Correlate;
  samples: number;
  beforeSamples: number;
}

/** The template, lag and size that take most away from the residual around a peak, if any takes something away. */
function explainPeak({
  peaks,
  k,
  matchers,
  correlate,
  samples,
  beforeSamples
}: PeakContext): Match | undefined {
  const channel = peaks.channels[k] as number;
  let best: Match | undefined;
  let bestScore = 0;
  for (const matcher of matchers[channel] as Matcher[]) {
    const centre = (peaks.samples[k] as number) - beforeSamples - (matcher.peakShift.get(channel) ?? 0);
    const first = Math.max(0, centre - lagReach);
    const last = Math.min(samples - matcher.length, centre + lagReach);
    if (last < first) continue;
    const products = correlate(matcher, first, last - first + 1);
    for (let start = first; start <= last; start++) {
      const product = products[start - first] as number;
      // The distance that subtracting the template as it is would take away.
      const score = 2 * product - matcher.energy;
      if (score <= bestScore) continue;
      const gain = product / matcher.energy;
      if (gain < smallestGain || gain > largestGain) continue;
      bestScore = score;
      best = { matcher, start, gain };
    }
  }
  return best;
}

function subtract(residual: Float32Array, { matcher, start, gain }: Match, samples: number): void {
  const { channels, waveform, length } = matcher;
  for (let c = 0; c < channels.length; c++) {
    const base = (channels[c] as number) * samples + start;
    for (let t = 0; t < length; t++)
      residual[base + t] = (residual[base + t] as number) - gain * (waveform[c * length + t] as number);
  }
}
