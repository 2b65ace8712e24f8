/**
 * Merges clusters that are one unit: a unit between two contacts, or one whose spikes vary, is found several times,
 * with templates that agree at some small lag.
 */
import { type Template, templateEnergy } from './templates.ts';

export interface MergeOptions {
  /** Similarity from which two templates are one unit. */
  minSimilarity: number;
  /** Largest lag that is tried, in samples. */
  maxLag: number;
}

/**
 * Templates after merging, the most alike pairs first; of a merged pair the one with more spikes stays, with the
 * spikes of both. Order is kept.
 */
export function mergeTemplates(templates: Template[], options: MergeOptions): Template[] {
  const left = templates.map((template) => ({ ...template }));
  const pairs = left
    .flatMap((a, i) =>
      left.slice(i + 1).map((b, k) => ({ i, j: i + 1 + k, similarity: similarity(a, b, options.maxLag) }))
    )
    .filter((pair) => pair.similarity >= options.minSimilarity)
    .sort((p, q) => q.similarity - p.similarity || p.i - q.i || p.j - q.j);
  const gone = new Set<number>();
  for (const { i, j } of pairs) {
    if (gone.has(i) || gone.has(j)) continue;
    const [a, b] = [left[i] as Template, left[j] as Template];
    const [kept, other] = a.spikeCount >= b.spikeCount ? [a, b] : [b, a];
    kept.spikeCount += other.spikeCount;
    gone.add(kept === a ? j : i);
  }
  return left.filter((_, i) => !gone.has(i));
}

/**
 * 2⟨a, b⟩ / (|a|² + |b|²) on the channels that both are known on, at the best lag: 1 for equal templates, smaller for a
 * different shape and for a different size. 0 if either main channel is unknown to the other.
 */
export function similarity(a: Template, b: Template, maxLag: number): number {
  if (!a.channels.includes(b.mainChannel) || !b.channels.includes(a.mainChannel)) return 0;
  const length = a.waveform.length / a.channels.length;
  const shared: [number, number][] = [];
  a.channels.forEach((channel, i) => {
    const j = b.channels.indexOf(channel);
    if (j >= 0) shared.push([i * length, j * length]);
  });
  let best = 0;
  for (let lag = -maxLag; lag <= maxLag; lag++) {
    let product = 0;
    for (const [p, q] of shared) {
      const last = Math.min(length, length - lag);
      for (let t = Math.max(0, -lag); t < last; t++)
        product += (a.waveform[p + t] as number) * (b.waveform[q + t + lag] as number);
    }
    best = Math.max(best, product);
  }
  const energy = templateEnergy(a) + templateEnergy(b);
  return energy > 0 ? (2 * best) / energy : 0;
}
