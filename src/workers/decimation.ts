/** Summarises samples by minimum and maximum, so that a long stretch can be drawn without losing a spike. */

/**
 * Writes two points a bucket: its minimum and maximum, in the order in which they occur.
 * @param into Points, 2 × ceil(samples / bucket).
 */
export function decimate(samples: Float32Array, bucket: number, into: Float32Array): void {
  let point = 0;
  for (let start = 0; start < samples.length; start += bucket) {
    const end = Math.min(samples.length, start + bucket);
    let low = start;
    let high = start;
    for (let at = start + 1; at < end; at++) {
      if ((samples[at] as number) < (samples[low] as number)) low = at;
      if ((samples[at] as number) > (samples[high] as number)) high = at;
    }
    into[point++] = samples[Math.min(low, high)] as number;
    into[point++] = samples[Math.max(low, high)] as number;
  }
}

/** So many samples a bucket that a window has at most about two points a column; 1 draws each sample. */
export function bucketSize(sampleCount: number, columns: number): number {
  const bucket = Math.floor(sampleCount / Math.max(1, columns));
  return bucket < 3 ? 1 : bucket;
}
