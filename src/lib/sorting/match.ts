/**
 * Template matching: where the matched filter sees a spike in a chunk, the template that explains most of it is taken
 * off the traces, and what is left is looked through again, so that spikes on top of each other are told apart.
 */
import { type Chunk } from './chunks.ts';
import { detectSpikes } from './detect.ts';
import { type SnippetWindow } from './features.ts';
import { type MatchedFilter } from './matched-filter.ts';
import { MatchedMap } from './matched-map.ts';
import { type Matcher } from './matchers.ts';
import { type TracesPart } from './kernels/traces.ts';
import { type Preparation, cleanParts, thinnedDetection } from './prepare.ts';
import { peakAt, phaseOf, shiftReach, shiftTapCount, shiftTaps } from './sub-sample.ts';
import { type ChunkWaveforms, type WaveformWindow, accumulateWaveforms } from './waveforms.ts';

/** How often the residual is looked through. */
const passCount = 4;
/** A spike may be so much smaller or larger than its template. */
const smallestGain = 0.55;
const largestGain = 1.7;
/** How much spikes of a unit differ in size, as a standard deviation: what is farther from 1 has to explain more. */
const gainSd = 0.2;
/** Around the expected sample so many to each side are tried. */
const lagReach = 3;
/** The map shows a part of what a whole template explains: places from this part of the threshold on are tried. */
const candidatePart = 0.8;

export interface MatchInput {
  preparation: Preparation;
  chunk: Chunk;
  window: SnippetWindow;
  filter: MatchedFilter;
  matchers: Matcher[];
  /** How far a spike must stand out, in noise SDs of its template's own matched filter. */
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
  waveforms: ChunkWaveforms;
}

export interface Match {
  matcher: Matcher;
  /** Sample within the traces at which the window starts, and by which part of a sample it starts later. */
  start: number;
  offset: number;
  gain: number;
}

/** Explains one chunk's spikes: the task `match`. Spikes in the halo are explained too but not returned. */
export function matchChunk(input: MatchInput): MatchOutput {
  const { preparation, chunk, window } = input;
  const { decimation } = preparation;
  const { filtered, whitened } = cleanParts(preparation, chunk);
  const own = { from: chunk.haloSamples, to: filtered.samples - chunk.haloSamples };
  const spikes = explainTraces(whitened, { ...input, detection: thinnedDetection(preparation) })
    .map(({ matcher, start, offset, gain }) => ({
      template: matcher.template,
      position: Math.round((start + offset + window.beforeSamples) * decimation),
      gain
    }))
    .filter(({ position }) => position >= own.from && position < own.to)
    .sort((a, b) => a.position - b.position || a.template - b.template);
  const origin = chunk.startSample - chunk.haloSamples;
  const templates = Int32Array.from(spikes, ({ template }) => template);
  return {
    samples: Float64Array.from(spikes, ({ position }) => position + origin),
    templates,
    gains: Float32Array.from(spikes, ({ gain }) => gain),
    waveforms: accumulateWaveforms(filtered, {
      positions: Int32Array.from(spikes, ({ position }) => position),
      units: templates,
      window: input.waveformWindow,
      channels: input.waveformChannels
    })
  };
}

export type ExplainOptions = Pick<Preparation, 'detection'> &
  Pick<MatchInput, 'window' | 'filter' | 'matchers' | 'threshold'>;

/**
 * Takes templates off whitened traces in the kernels' memory until no more places are explained; the residual stays
 * there.
 */
export function explainTraces(whitened: TracesPart, options: ExplainOptions): Match[] {
  const { detection, window, filter, matchers, threshold } = options;
  const { channelCount, samples } = whitened;
  const placed = placeMatchers(whitened, { matchers, filter });
  const byChannel = seenByChannel(matchers, channelCount);
  const mapped = mappedBy(matchers, filter);
  const margin = window.length + lagReach + filter.taps.length;
  const changed = new Uint8Array(samples).fill(1);
  const matches: Match[] = [];
  for (let pass = 0; pass < passCount; pass++) {
    const peaks = detectSpikes(placed.map.map, {
      ...detection,
      ...{ channelCount, from: margin, to: samples - margin },
      ...{ sign: 'positive', threshold: candidatePart * threshold, ...(pass > 0 && { where: changed }) }
    });
    const found: Match[] = [];
    for (let k = 0; k < peaks.samples.length; k++) {
      const sample = peaks.samples[k] as number;
      const seen = byChannel[peaks.channels[k] as number] as Seen[];
      const match = explainPeak({ sample, seen, placed, options });
      if (!match) continue;
      placed.subtract(match);
      found.push(match);
    }
    if (found.length === 0) break;
    matches.push(...found);
    if (pass < passCount - 1) refresh(placed.map, { found, filter, mapped, changed });
  }
  return matches;
}

interface Seen {
  matcher: Matcher;
  shift: number;
}

/** For each channel the templates that may be detected on it. */
function seenByChannel(matchers: Matcher[], channelCount: number): Seen[][] {
  const byChannel: Seen[][] = Array.from({ length: channelCount }, () => []);
  for (const matcher of matchers)
    matcher.seenOn.forEach((channel, k) =>
      byChannel[channel]?.push({ matcher, shift: matcher.shifts[k] as number })
    );
  return byChannel;
}

/** For each template the channels on which the map changes when it is taken off. */
function mappedBy(matchers: Matcher[], { profiles }: MatchedFilter): Map<Matcher, Int32Array> {
  const reach: Set<number>[] = profiles.map(() => new Set());
  profiles.forEach((of, channel) => {
    for (const { near } of of) for (const other of near) reach[other]?.add(channel);
  });
  return new Map(
    matchers.map((matcher) => {
      const reached = [...matcher.channels].flatMap((channel) => [...(reach[channel] as Set<number>)]);
      return [matcher, Int32Array.from(new Set(reached))];
    })
  );
}

/** Brings the map up to date after a pass, and marks the samples where it may have changed. */
function refresh(
  map: MatchedMap,
  {
    found,
    filter,
    mapped,
    changed
  }: { found: Match[]; filter: MatchedFilter; mapped: Map<Matcher, Int32Array>; changed: Uint8Array }
): void {
  changed.fill(0);
  for (const { matcher, start } of found) {
    const from = Math.max(0, start - (filter.taps.length - filter.beforeSamples));
    const to = start + matcher.length + filter.beforeSamples;
    map.refresh({ from, to, shaped: matcher.channels, mapped: mapped.get(matcher) as Int32Array });
    changed.fill(1, from, to);
  }
}

interface Placed {
  map: MatchedMap;
  /** Products of a template with the residual at neighbouring starts, one each; they hold until the next call. */
  correlate: (matcher: Matcher, firstStart: number, count: number) => Float32Array;
  subtract: (match: Match) => void;
}

/** Copies traces and templates to where the kernels find them. */
function placeMatchers(
  whitened: TracesPart,
  { matchers, filter }: { matchers: Matcher[]; filter: MatchedFilter }
): Placed {
  const { memory, part, samples } = whitened;
  const lagCount = 2 * lagReach + 1;
  let channels = memory.address(memory.addIntegers(matchers.flatMap((matcher) => [...matcher.channels])));
  let waveform = memory.address(memory.addFloats(joined(matchers.map((matcher) => matcher.waveform))));
  const products = memory.add(4 * lagCount);
  const taps = memory.address(memory.addFloats(shiftTaps()));
  const places = new Map<Matcher, PlaceInMemory>();
  for (const matcher of matchers) {
    const { length, stride } = matcher;
    places.set(matcher, [channels, matcher.channels.length, waveform + 4 * shiftReach, length, stride]);
    channels += 4 * matcher.channels.length;
    waveform += 4 * matcher.waveform.length;
  }
  const map = new MatchedMap(whitened, filter);
  const traces = memory.address(part);
  const [out, values] = [memory.address(products), memory.floats(products, lagCount)];
  const placeOf = (matcher: Matcher) => places.get(matcher) as PlaceInMemory;
  return {
    map,
    correlate: (matcher, firstStart, count) => {
      memory.run.correlateLags(traces, samples, ...placeOf(matcher), firstStart, count, out);
      return values;
    },
    subtract: ({ matcher, start, offset, gain }) =>
      memory.run.subtractWaveform(
        ...([traces, samples, ...placeOf(matcher), start, gain] as const),
        ...([taps + 4 * shiftTapCount * phaseOf(offset), shiftTapCount] as const)
      )
  };
}

/** Addresses and counts of a template's channels and waveform, as the kernels take them. */
type PlaceInMemory = readonly [
  channels: number,
  channelCount: number,
  waveform: number,
  length: number,
  stride: number
];

function joined(parts: Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * The template, lag and size that explain most around a place, if it is enough. What is explained is twice the gain in
 * log likelihood, the size being normally distributed around 1: (B + λ)²/(E + λ) − λ, with the product B, the
 * template's energy E and λ the noise variance over that of the size (as in YASS, Lee et al. 2020).
 */
function explainPeak({
  sample,
  seen,
  placed,
  options
}: {
  sample: number;
  seen: Seen[];
  placed: Placed;
  options: ExplainOptions;
}): Match | undefined {
  const { filter, threshold, window } = options;
  const pull = filter.noiseVariance / (gainSd * gainSd);
  let best: Match | undefined;
  let most = threshold * threshold * filter.noiseVariance;
  for (const { matcher, shift } of seen) {
    const { energy } = matcher;
    const first = sample - window.beforeSamples - shift - lagReach;
    const { lag, offset, height } = highestProduct(placed.correlate(matcher, first, 2 * lagReach + 1));
    if (height < smallestGain * energy || height > largestGain * energy) continue;
    const gain = (height + pull) / (energy + pull);
    const explained = gain * (height + pull) - pull;
    if (explained <= most) continue;
    most = explained;
    best = { matcher, start: first + lag, offset, gain };
  }
  return best;
}

/** The highest of neighbouring products, between the samples. */
function highestProduct(products: Float32Array): { lag: number; offset: number; height: number } {
  let lag = 0;
  for (let k = 1; k < products.length; k++) if ((products[k] as number) > (products[lag] as number)) lag = k;
  if (lag < 2 || lag > products.length - 3) return { lag, offset: 0, height: products[lag] as number };
  return { lag, ...peakAt(products, lag) };
}
