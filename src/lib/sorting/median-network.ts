/**
 * Medians of many sets of values at once, by a sorting network that runs along whole rows: no branch depends on the
 * data, which makes it several times faster than selection for the few dozen channels of a probe.
 */

let latest: { rowCount: number; steps: Int32Array } | undefined;

/**
 * Rows to be put in order, one pair after another, so that those in the middle hold their place in the order of each
 * column: merge exchange (Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M), which takes any number of rows,
 * without the steps that cannot reach the middle.
 */
export function medianSteps(rowCount: number): Int32Array {
  if (latest?.rowCount !== rowCount) latest = { rowCount, steps: buildSteps(rowCount) };
  return latest.steps;
}

function buildSteps(rowCount: number): Int32Array {
  const steps: [number, number][] = [];
  let top = 1;
  while (top * 2 < rowCount) top *= 2;
  for (let p = top; p > 0 && rowCount > 1; p >>= 1) {
    let q = top;
    let r = 0;
    let d = p;
    for (;;) {
      for (let i = 0; i < rowCount - d; i++) if ((i & p) === r) steps.push([i, i + d]);
      if (q === p) break;
      d = q - p;
      q >>= 1;
      r = p;
    }
  }
  const wanted = new Set([(rowCount - 1) >> 1, rowCount >> 1]);
  const kept = steps
    .reverse()
    .filter(([a, b]) => {
      if (!wanted.has(a) && !wanted.has(b)) return false;
      wanted.add(a).add(b);
      return true;
    })
    .reverse();
  return Int32Array.from(kept.flat());
}
