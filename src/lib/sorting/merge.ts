/**
 * Merges clusters that are one unit: a unit between two contacts, or one whose spikes vary, is found several times,
 * with templates that agree at some small lag.
 */
import { peakAt } from './sub-sample.ts';
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
  const pairs = alikePairs(left, options).sort(
    (p, q) => q.similarity - p.similarity || p.i - q.i || p.j - q.j
  );
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

/** The pairs that are alike enough; of a probe with many channels only a few of all. */
function alikePairs(
  templates: Template[],
  { minSimilarity, maxLag }: MergeOptions
): { i: number; j: number; similarity: number }[] {
  const pairs: { i: number; j: number; similarity: number }[] = [];
  templates.forEach((a, i) => {
    for (let j = i + 1; j < templates.length; j++) {
      const found = similarity(a, templates[j] as Template, maxLag);
      if (found >= minSimilarity) pairs.push({ i, j, similarity: found });
    }
  });
  return pairs;
}

/** How alike two templates are, and at which lag: b's sample t + lag goes with a's sample t. */
export interface Alignment {
  /** 2⟨a, b⟩ / (|a|² + |b|²): 1 for equal templates, smaller for another shape and for another size. */
  similarity: number;
  /** ⟨a, b⟩ / (|a| |b|): the shape alone. */
  cosine: number;
  /** Norm of the smaller over that of the larger. */
  sizeRatio: number;
  /** In parts of samples too. */
  lag: number;
}

/**
 * Compares two templates on the channels that both are known on, at the lag that suits best. All is 0 if either main
 * channel is unknown to the other.
 */
export function bestAlignment(a: Template, b: Template, maxLag: number): Alignment {
  if (!a.channels.includes(b.mainChannel) || !b.channels.includes(a.mainChannel))
    return { similarity: 0, cosine: 0, sizeRatio: 0, lag: 0 };
  const length = a.waveform.length / a.channels.length;
  const shared: [number, number][] = [];
  a.channels.forEach((channel, i) => {
    const j = b.channels.indexOf(channel);
    if (j >= 0) shared.push([i * length, j * length]);
  });
  const productAt = (lag: number) => {
    let product = 0;
    for (const [p, q] of shared) {
      const last = Math.min(length, length - lag);
      for (let t = Math.max(0, -lag); t < last; t++)
        product += (a.waveform[p + t] as number) * (b.waveform[q + t + lag] as number);
    }
    return product;
  };
  // Two more on either side, to see between the lags.
  const products = Float64Array.from({ length: 2 * maxLag + 5 }, (_, k) => productAt(k - maxLag - 2));
  const best = { product: 0, lag: 0 };
  for (let k = 2; k <= 2 * maxLag + 2; k++) {
    const product = products[k] as number;
    const isPeak = product >= (products[k - 1] as number) && product >= (products[k + 1] as number);
    const { offset, height } = isPeak ? peakAt(products, k) : { offset: 0, height: product };
    if (height > best.product) Object.assign(best, { product: height, lag: k - maxLag - 2 + offset });
  }
  const [first, second] = [templateEnergy(a), templateEnergy(b)];
  const norm = Math.sqrt(first * second);
  return {
    similarity: first + second > 0 ? (2 * best.product) / (first + second) : 0,
    cosine: norm > 0 ? best.product / norm : 0,
    sizeRatio: norm > 0 ? Math.sqrt(Math.min(first, second) / Math.max(first, second)) : 0,
    lag: best.lag
  };
}

export function similarity(a: Template, b: Template, maxLag: number): number {
  return bestAlignment(a, b, maxLag).similarity;
}
