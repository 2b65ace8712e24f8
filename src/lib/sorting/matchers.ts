/** Templates as matching uses them: silent channels left out, and where the matched filter sees them. */
import { type MatchedFilter } from './matched-filter.ts';
import { type Template, templateEnergy } from './templates.ts';

/** Channels of a template below this height, in noise SDs, are left out of matching. */
const silentHeight = 0.5;
/** A template is looked for where the matched filter gives this part of its best. */
const candidateFraction = 0.5;
/** How far from a template's peak its highest response is looked for, in samples. */
const responseReach = 12;

/** Structured-clonable. */
export interface Matcher {
  template: number;
  /** Channels that are loud enough to count. */
  channels: Int32Array<ArrayBuffer>;
  /** channels × samples, padded with zeros to a multiple of four samples. */
  waveform: Float32Array<ArrayBuffer>;
  /** Samples of a row of the waveform. */
  length: number;
  /** Sum of squares. */
  energy: number;
  /** Channels on which the template may be detected. */
  seenOn: Int32Array<ArrayBuffer>;
  /** For each of them, by how many samples the map's peak follows the window's peak sample. */
  shifts: Int32Array<ArrayBuffer>;
}

export interface MatcherOptions {
  filter: MatchedFilter;
  /** Of the snippet window. */
  beforeSamples: number;
}

/** Matchers of the templates; one without any energy has none. */
export function makeMatchers(templates: Template[], options: MatcherOptions): Matcher[] {
  return templates.flatMap((template, number) => {
    const matcher = makeMatcher(template, { ...options, number });
    return matcher.energy > 0 ? [matcher] : [];
  });
}

function makeMatcher(
  template: Template,
  { filter, beforeSamples, number }: MatcherOptions & { number: number }
): Matcher {
  const width = template.waveform.length / template.channels.length;
  const loud = [...template.channels.keys()].filter((c) => {
    if (template.channels[c] === template.mainChannel) return true;
    const trace = template.waveform.subarray(c * width, (c + 1) * width);
    return trace.some((value) => Math.abs(value) >= silentHeight);
  });
  const length = Math.ceil(width / 4) * 4;
  const waveform = new Float32Array(loud.length * length);
  loud.forEach((c, i) => waveform.set(template.waveform.subarray(c * width, (c + 1) * width), i * length));
  const channels = Int32Array.from(loud, (c) => template.channels[c] as number);
  const energy = templateEnergy({ ...template, waveform });
  const seen = responses({ channels, waveform, length }, { filter, beforeSamples });
  const best = seen.reduce((most, { height }) => Math.max(most, height), 0);
  const seenOn = seen.filter(({ height }) => height > 0 && height >= candidateFraction * best);
  return {
    ...{ template: number, channels, waveform, length, energy },
    seenOn: Int32Array.from(seenOn, ({ channel }) => channel),
    shifts: Int32Array.from(seenOn, ({ shift }) => shift)
  };
}

interface Response {
  channel: number;
  shift: number;
  height: number;
}

/** What the matched filter gives for the template on each channel that it reaches. */
function responses(
  { channels, waveform, length }: Pick<Matcher, 'channels' | 'waveform' | 'length'>,
  { filter, beforeSamples }: MatcherOptions
): Response[] {
  const shaped = new Map(
    Array.from(channels, (channel, c) => [
      channel,
      shape(waveform.subarray(c * length, (c + 1) * length), { filter, beforeSamples })
    ])
  );
  const found: Response[] = [];
  filter.profiles.forEach((profiles, channel) => {
    let best: Response | undefined;
    for (const { near, weights } of profiles) {
      if (!near.some((other) => shaped.has(other))) continue;
      for (let k = 0; k <= 2 * responseReach; k++) {
        let height = 0;
        near.forEach((other, n) => (height += (weights[n] as number) * (shaped.get(other)?.[k] ?? 0)));
        if (!best || height > best.height) best = { channel, shift: k - responseReach, height };
      }
    }
    if (best) found.push(best);
  });
  return found;
}

/** A row behind the taps, at the samples around its peak. */
function shape(row: Float32Array, { filter, beforeSamples }: MatcherOptions): Float64Array {
  return Float64Array.from({ length: 2 * responseReach + 1 }, (_, k) => {
    const first = beforeSamples + k - responseReach - filter.beforeSamples;
    let sum = 0;
    filter.taps.forEach((tap, i) => (sum += tap * (row[first + i] ?? 0)));
    return sum;
  });
}
