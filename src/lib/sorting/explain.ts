/**
 * Where the matched filter sees a spike in whitened traces, the template that explains most of it is taken off, and what
 * is left is looked through again, so that spikes on top of each other are told apart.
 */
import { type Chunk } from './chunks.ts';
import { detectSpikes } from './detect.ts';
import { type SnippetWindow } from './features.ts';
import { type TracesPart } from './kernels/traces.ts';
import { type MatchedFilter } from './matched-filter.ts';
import { MatchedMap } from './matched-map.ts';
import { type Matcher } from './matchers.ts';
import { type Preparation, thinnedDetection } from './prepare.ts';
import { peakAt, phaseOf, shiftReach, shiftTapCount, shiftTaps } from './sub-sample.ts';

/** How often the residual is looked through. */
const passCount = 4;
/** A spike may be so much smaller or larger than its template. */
const smallestGain = 0.55;
const largestGain = 1.7;
/** Not more than so much of a template is taken off at once: a spike much larger may be two, which show in what is left. */
const largestTaken = 1.25;
/** How much spikes of a unit differ in size, as a standard deviation: what is farther from 1 has to explain more. */
const gainSd = 0.2;
/** Around the expected sample so many to each side are tried. */
const lagReach = 3;
/** The map shows a part of what a whole template explains: places from this part of the threshold on are tried. */
const candidatePart = 0.8;

export interface Match {
  matcher: Matcher;
  /** Sample within the traces at which the window starts, and by which part of a sample it starts later. */
  start: number;
  offset: number;
  gain: number;
}

/** What explains a chunk: the templates, and how far a spike must stand out. */
export interface Explanation {
  window: SnippetWindow;
  filter: MatchedFilter;
  matchers: Matcher[];
  /** How far a spike must stand out, in noise SDs of its template's own matched filter. */
  threshold: number;
}

export interface OwnMatch extends Match {
  /** Sample within the chunk, its halo included, at which the template's peak lies. */
  position: number;
}

/**
 * A chunk's own spikes, in order. Those in the halo are explained and taken off too, but belong to the chunks beside it.
 */
export function explainChunk(
  whitened: TracesPart,
  { preparation, chunk, ...explanation }: Explanation & { preparation: Preparation; chunk: Chunk }
): OwnMatch[] {
  const { decimation } = preparation;
  const own = {
    from: chunk.haloSamples,
    to: chunk.data.length / preparation.channelCount - chunk.haloSamples
  };
  return explainTraces(whitened, { ...explanation, detection: thinnedDetection(preparation) })
    .map((match) => ({
      ...match,
      position: Math.round((match.start + match.offset + explanation.window.beforeSamples) * decimation)
    }))
    .filter(({ position }) => position >= own.from && position < own.to)
    .sort((a, b) => a.position - b.position || a.matcher.template - b.matcher.template);
}

export type ExplainOptions = Explanation & Pick<Preparation, 'detection'>;

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
  const fired = new Firings();
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
      const match = explainPeak({ sample, seen, placed, fired, options });
      if (!match) continue;
      placed.subtract(match);
      fired.add(match);
      found.push(match);
    }
    if (found.length === 0) break;
    matches.push(...found);
    if (pass < passCount - 1) refresh(placed.map, { found, filter, mapped, changed });
  }
  return matches;
}

/** When each unit fired: within its dead time it does not again, so what is left of its spikes is not more of them. */
class Firings {
  /** By stretches of the dead time, of which each holds at most one. */
  readonly #starts = new Map<Matcher, Map<number, number>>();

  add({ matcher, start }: Match): void {
    const starts = this.#starts.get(matcher) ?? new Map<number, number>();
    starts.set(Math.floor(start / matcher.deadSamples), start);
    this.#starts.set(matcher, starts);
  }

  isNear(matcher: Matcher, at: number): boolean {
    const starts = this.#starts.get(matcher);
    const stretch = Math.floor(at / matcher.deadSamples);
    return [-1, 0, 1].some(
      (step) => Math.abs((starts?.get(stretch + step) ?? Infinity) - at) < matcher.deadSamples
    );
  }
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
  // Most often what is taken off is the waveform itself: once is enough.
  const rows = [...new Set(matchers.flatMap(({ waveform, taken }) => [waveform, taken]))];
  const addresses = new Map(rows.map((values) => [values, memory.address(memory.addFloats(values))]));
  const products = memory.add(4 * lagCount);
  const taps = memory.address(memory.addFloats(shiftTaps()));
  const places = new Map<Matcher, { waveform: PlaceInMemory; taken: PlaceInMemory }>();
  for (const matcher of matchers) {
    const { length, stride } = matcher;
    const first = channels;
    const at = (values: Float32Array): PlaceInMemory => [
      ...([first, matcher.channels.length] as const),
      ...([(addresses.get(values) as number) + 4 * shiftReach, length, stride] as const)
    ];
    places.set(matcher, { waveform: at(matcher.waveform), taken: at(matcher.taken) });
    channels += 4 * matcher.channels.length;
  }
  const map = new MatchedMap(whitened, filter);
  const traces = memory.address(part);
  const [out, values] = [memory.address(products), memory.floats(products, lagCount)];
  const placeOf = (matcher: Matcher, rows: 'waveform' | 'taken') =>
    places.get(matcher)?.[rows] as PlaceInMemory;
  return {
    map,
    correlate: (matcher, firstStart, count) => {
      memory.run.correlateLags(traces, samples, ...placeOf(matcher, 'waveform'), firstStart, count, out);
      return values;
    },
    subtract: ({ matcher, start, offset, gain }) =>
      memory.run.subtractWaveform(
        ...([traces, samples, ...placeOf(matcher, 'taken'), start, gain] as const),
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

/**
 * The template, lag and size that explain most around a place, if it is enough. What size g explains is twice the gain
 * in log likelihood, sizes being normally distributed around 1: 2gB − g²E − λ(g − 1)², with the product B, the
 * template's energy E and λ the noise variance over that of the size (as in YASS, Lee et al. 2020). It is most at
 * (B + λ)/(E + λ).
 */
function explainPeak({
  sample,
  seen,
  placed,
  fired,
  options
}: {
  sample: number;
  seen: Seen[];
  placed: Placed;
  fired: Firings;
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
    const gain = Math.min(largestTaken, (height + pull) / (energy + pull));
    const explained = gain * (2 * height - gain * energy) - pull * (gain - 1) * (gain - 1);
    if (explained <= most || fired.isNear(matcher, first + lag)) continue;
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
