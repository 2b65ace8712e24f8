/** Templates as matching uses them: silent channels left out, and where the matched filter sees them. */
import { sharedFloats } from './kernels/shared-memory.ts';
import { type MatchedFilter } from './matched-filter.ts';
import { shiftReach } from './sub-sample.ts';
import { type Template, templateEnergy } from './templates.ts';

/** Channels of a template below this height, in noise SDs, are left out of matching. */
const silentHeight = 0.5;
/** A template is looked for where the matched filter gives this part of its best. */
const candidateFraction = 0.5;
/** A unit does not fire again within this time. */
export const deadTimeMs = 0.5;
/** How far from a template's peak its highest response is looked for. */
const responseReachMs = 0.4;

/** Structured-clonable. */
export interface Matcher {
  template: number;
  /** Channels that are loud enough to count. */
  channels: Int32Array<ArrayBuffer>;
  /** channels × stride: rows of `length` samples, a multiple of four, with zeros before and after. */
  waveform: Float32Array;
  /** What is taken off, laid out in the same way: the waveform and what the components leave out of it. */
  taken: Float32Array;
  length: number;
  stride: number;
  /** Sum of squares. */
  energy: number;
  /** Within so many samples the unit does not fire again. */
  deadSamples: number;
  /** Channels on which the template may be detected. */
  seenOn: Int32Array<ArrayBuffer>;
  /** For each of them, by how many samples the map's peak follows the window's peak sample. */
  shifts: Int32Array<ArrayBuffer>;
}

export interface MatcherOptions {
  filter: MatchedFilter;
  /** Of the snippet window. */
  beforeSamples: number;
  /** Of the templates' samples. */
  samplingRateHz: number;
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
  { number, ...options }: MatcherOptions & { number: number }
): Matcher {
  const width = template.waveform.length / template.channels.length;
  const loud = [...template.channels.keys()].filter((c) => {
    if (template.channels[c] === template.mainChannel) return true;
    const trace = template.waveform.subarray(c * width, (c + 1) * width);
    return trace.some((value) => Math.abs(value) >= silentHeight);
  });
  const length = Math.ceil(width / 4) * 4;
  const stride = length + 2 * shiftReach;
  const rowsOf = (values: Float32Array) => {
    const rows = sharedFloats(loud.length * stride);
    loud.forEach((c, i) => rows.set(values.subarray(c * width, (c + 1) * width), i * stride + shiftReach));
    return rows;
  };
  const waveform = rowsOf(template.waveform);
  const taken = template.remainder ? rowsOf(template.remainder) : waveform;
  if (taken !== waveform) waveform.forEach((value, i) => (taken[i] = value + (taken[i] as number)));
  const channels = Int32Array.from(loud, (c) => template.channels[c] as number);
  const energy = templateEnergy({ ...template, waveform });
  const seen = responses({ channels, waveform, length, stride }, options);
  const best = seen.reduce((most, { height }) => Math.max(most, height), 0);
  const seenOn = seen.filter(({ height }) => height > 0 && height >= candidateFraction * best);
  return {
    ...{ template: number, channels, waveform, taken, length, stride, energy },
    deadSamples: Math.max(1, Math.round((deadTimeMs * options.samplingRateHz) / 1000)),
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
  { channels, waveform, length, stride }: Pick<Matcher, 'channels' | 'waveform' | 'length' | 'stride'>,
  { filter, beforeSamples, samplingRateHz }: MatcherOptions
): Response[] {
  const reach = Math.round((responseReachMs * samplingRateHz) / 1000);
  const shaped = new Map(
    Array.from(channels, (channel, c) => [
      channel,
      shape(waveform.subarray(c * stride + shiftReach, c * stride + shiftReach + length), {
        ...{ filter, beforeSamples, reach }
      })
    ])
  );
  const found: Response[] = [];
  filter.profiles.forEach((profiles, channel) => {
    let best: Response | undefined;
    for (const { near, weights } of profiles) {
      if (!near.some((other) => shaped.has(other))) continue;
      for (let k = 0; k <= 2 * reach; k++) {
        let height = 0;
        near.forEach((other, n) => (height += (weights[n] as number) * (shaped.get(other)?.[k] ?? 0)));
        if (!best || height > best.height) best = { channel, shift: k - reach, height };
      }
    }
    if (best) found.push(best);
  });
  return found;
}

/** A row behind the taps, at the samples around its peak. */
function shape(
  row: Float32Array,
  { filter, beforeSamples, reach }: Pick<MatcherOptions, 'filter' | 'beforeSamples'> & { reach: number }
): Float64Array {
  return Float64Array.from({ length: 2 * reach + 1 }, (_, k) => {
    const first = beforeSamples + k - reach - filter.beforeSamples;
    let sum = 0;
    filter.taps.forEach((tap, i) => (sum += tap * (row[first + i] ?? 0)));
    return sum;
  });
}
