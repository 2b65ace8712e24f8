/**
 * Templates that are two others on top of each other: spikes that overlap again and again form clusters of their own,
 * which would take the overlaps away from the units that made them.
 */
import { type Template, templateEnergy } from './templates.ts';

/** The parts are looked for up to so many ms before and after the template. */
const reachMs = 1;
interface Limit {
  /** The template is at most so many times as frequent as either part, and as the more frequent one. */
  share: number;
  shareOfFrequent: number;
  /** Both parts together leave no more than this of it. */
  rest: number;
  /** Each explains at least this much. */
  smallestPart: number;
  /** Each has about the size of its own template. */
  gains: { from: number; to: number };
}

/**
 * The lags of overlaps differ, so their mean is blurred and leaves more; but they are rare. Only what fits closely may
 * be as frequent as one of its parts: a neuron that a frequent one drags along fires mostly on top of it.
 */
const limits: Limit[] = [
  { share: 0.35, shareOfFrequent: 0.35, rest: 0.15, smallestPart: 0.05, gains: { from: 0.6, to: 1.4 } },
  { share: 0.12, shareOfFrequent: 0.12, rest: 0.35, smallestPart: 0.05, gains: { from: 0.75, to: 1.25 } },
  { share: 1, shareOfFrequent: 0.15, rest: 0.15, smallestPart: 0.06, gains: { from: 0.6, to: 1.4 } }
];

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
  return limits.some((limit) => isMixtureWithin(limit, { template, others, reach }));
}

function isMixtureWithin(
  limit: Limit,
  { template, others, reach }: { template: Template; others: Template[]; reach: number }
): boolean {
  const whole = templateEnergy(template);
  const rest = template.waveform.slice();
  const parts: Part[] = [];
  for (let part = 0; part < 2; part++) {
    const used = parts.map((found) => found.template);
    const best = bestPart({ ...template, waveform: rest }, others, { reach, used, limit });
    if (!best || best.explained < limit.smallestPart * whole) return false;
    take(rest, best);
    parts.push(best);
  }
  const frequent = parts.reduce((most, part) => Math.max(most, part.template.spikeCount), 0);
  return (
    template.spikeCount <= limit.shareOfFrequent * frequent &&
    templateEnergy({ ...template, waveform: rest }) <= limit.rest * whole
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
  { reach, used, limit }: { reach: number; used: Template[]; limit: Limit }
): Part | undefined {
  const length = rest.waveform.length / rest.channels.length;
  let best: Part | undefined;
  for (const template of others) {
    if (used.includes(template) || !rest.channels.includes(template.mainChannel)) continue;
    if (rest.spikeCount > limit.share * template.spikeCount) continue;
    const rows = sharedRows(rest, template, length);
    for (let lag = -reach; lag <= reach; lag++) {
      const { product, energy } = overlap({ rest, template, rows, length, lag });
      if (product < limit.gains.from * energy || product > limit.gains.to * energy) continue;
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
