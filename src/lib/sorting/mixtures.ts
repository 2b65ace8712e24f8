/**
 * Templates that are two others on top of each other: spikes that overlap again and again form clusters of their own,
 * which would take the overlaps away from the units that made them.
 */
import { type Template, templateEnergy } from './templates.ts';

/** The parts are looked for up to so many ms before and after the template. */
const reachMs = 1;
/** A part explains at least this much of the template. */
const smallestPart = 0.05;
/**
 * Both together leave no more than the rest, of a template that is at most the share as frequent as either part, and
 * have about the size of their own templates. The lags of overlaps differ, so their mean is blurred and leaves more; but
 * they are rare.
 */
const limits = [
  { share: 0.35, rest: 0.15, gains: { from: 0.6, to: 1.4 } },
  { share: 0.12, rest: 0.35, gains: { from: 0.75, to: 1.25 } }
] as const;
/** The widest gains of a part, relative to its own template. */
const widest = limits[0].gains;

/** The templates without mixtures of two others, in their order. */
export function withoutMixtures(templates: Template[], samplingRateHz: number): Template[] {
  const reach = Math.round((reachMs * samplingRateHz) / 1000);
  const bySize = [...templates.keys()].sort((a, b) => spikes(templates, a) - spikes(templates, b) || a - b);
  const gone = new Set<number>();
  // The rarest first: a unit is not a mixture of its own mixtures.
  for (const at of bySize) {
    const others = templates.filter((_, k) => k !== at && !gone.has(k));
    if (isMixture(templates[at] as Template, others, reach)) gone.add(at);
  }
  return templates.filter((_, k) => !gone.has(k));
}

const spikes = (templates: Template[], at: number) => (templates[at] as Template).spikeCount;

function isMixture(template: Template, others: Template[], reach: number): boolean {
  const whole = templateEnergy(template);
  const rest = template.waveform.slice();
  const parts: Part[] = [];
  for (let part = 0; part < 2; part++) {
    const used = parts.map((found) => found.template);
    const best = bestPart({ ...template, waveform: rest }, others, { reach, used });
    if (!best || best.explained < smallestPart * whole) return false;
    take(rest, best);
    parts.push(best);
  }
  const left = templateEnergy({ ...template, waveform: rest }) / whole;
  return limits.some(
    (limit) =>
      left <= limit.rest &&
      parts.every(
        (part) =>
          template.spikeCount <= limit.share * part.template.spikeCount &&
          part.gain >= limit.gains.from &&
          part.gain <= limit.gains.to
      )
  );
}

interface Part {
  template: Template;
  /** Rows of the whole and of the part that are the same channel, as offsets into their waveforms. */
  rows: [number, number][];
  length: number;
  lag: number;
  gain: number;
  explained: number;
}

/** The other template that explains most of what is left, at its best lag. */
function bestPart(
  rest: Template,
  others: Template[],
  { reach, used }: { reach: number; used: Template[] }
): Part | undefined {
  const length = rest.waveform.length / rest.channels.length;
  let best: Part | undefined;
  for (const template of others) {
    if (used.includes(template) || !rest.channels.includes(template.mainChannel)) continue;
    if (rest.spikeCount > limits[0].share * template.spikeCount) continue;
    const rows = sharedRows(rest, template, length);
    for (let lag = -reach; lag <= reach; lag++) {
      const { product, energy } = overlap({ rest, template, rows, length, lag });
      if (product < widest.from * energy || product > widest.to * energy) continue;
      const explained = (product * product) / energy;
      if (!best || explained > best.explained)
        best = { template, rows, length, lag, gain: product / energy, explained };
    }
  }
  return best;
}

function sharedRows(a: Template, b: Template, length: number): [number, number][] {
  const rows: [number, number][] = [];
  a.channels.forEach((channel, i) => {
    const j = b.channels.indexOf(channel);
    if (j >= 0) rows.push([i * length, j * length]);
  });
  return rows;
}

/** Product of the shifted template with the rest, and its energy within the rest's window. */
function overlap({
  rest,
  template,
  rows,
  length,
  lag
}: {
  rest: Template;
  template: Template;
  rows: [number, number][];
  length: number;
  lag: number;
}): { product: number; energy: number } {
  let [product, energy] = [0, 0];
  const first = Math.max(0, lag);
  const last = Math.min(length, length + lag);
  for (const [p, q] of rows)
    for (let t = first; t < last; t++) {
      const value = template.waveform[q + t - lag] as number;
      product += value * (rest.waveform[p + t] as number);
      energy += value * value;
    }
  return { product, energy };
}

function take(rest: Float32Array, { template, rows, length, lag, gain }: Part): void {
  const first = Math.max(0, lag);
  const last = Math.min(length, length + lag);
  for (const [p, q] of rows)
    for (let t = first; t < last; t++)
      rest[p + t] = (rest[p + t] as number) - gain * (template.waveform[q + t - lag] as number);
}
