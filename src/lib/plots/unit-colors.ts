/**
 * Colours of units: eight, chosen to be told apart in both themes and with each kind of colour sight (app.css). A
 * unit's index is fixed when its sorting is made, so that it differs from its seven most similar units.
 */

export const unitColorCount = 8;

/** The CSS colour of an index. */
export function unitColor(index: number): string {
  return `var(--unit-${((index % unitColorCount) + unitColorCount) % unitColorCount})`;
}

/**
 * Greedy colouring in order of the units.
 * @param neighbours For each unit its most similar units, the most similar first.
 * @returns A colour index for each unit. Where all eight are taken by neighbours, the one whose nearest holder is the
 *   least similar is used again.
 */
export function assignUnitColors(neighbours: readonly (readonly number[])[]): number[] {
  const colors = new Array<number>(neighbours.length).fill(-1);
  const listedBy: number[][] = neighbours.map(() => []);
  neighbours.forEach((list, unit) => {
    for (const other of list.slice(0, unitColorCount - 1)) listedBy[other]?.push(unit);
  });
  const used = new Array<number>(unitColorCount).fill(0);
  neighbours.forEach((list, unit) => {
    const clash = new Array<number>(unitColorCount).fill(Infinity);
    const own = list.slice(0, unitColorCount - 1);
    own.forEach((other, rank) => noteClash(clash, colors[other], rank));
    // A unit that names this one counts less than those this one names.
    for (const other of listedBy[unit] ?? []) noteClash(clash, colors[other], unitColorCount);
    let best = 0;
    for (let color = 1; color < unitColorCount; color++) {
      const gain = (clash[color] ?? 0) - (clash[best] ?? 0);
      const rarer = (used[color] ?? 0) < (used[best] ?? 0);
      if (gain > 0 || (clash[color] === clash[best] && rarer)) best = color;
    }
    colors[unit] = best;
    used[best] = (used[best] ?? 0) + 1;
  });
  return colors;
}

function noteClash(clash: number[], color: number | undefined, rank: number): void {
  if (color === undefined || color < 0) return;
  clash[color] = Math.min(clash[color] ?? Infinity, rank);
}

/**
 * The most similar units of each, by the cosine of their amplitudes over the channels.
 * @param profiles One a unit: peak-to-peak amplitude on each channel.
 */
export function mostSimilarUnits(profiles: readonly Float32Array[], count = unitColorCount - 1): number[][] {
  const norms = profiles.map((profile) => Math.sqrt(dot(profile, profile)) || 1);
  return profiles.map((profile, unit) =>
    profiles
      .map((other, index) => ({
        index,
        similarity: dot(profile, other) / ((norms[unit] ?? 1) * (norms[index] ?? 1))
      }))
      .filter(({ index }) => index !== unit)
      .sort((a, b) => b.similarity - a.similarity || a.index - b.index)
      .slice(0, count)
      .map(({ index }) => index)
  );
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < a.length; index++) sum += (a[index] ?? 0) * (b[index] ?? 0);
  return sum;
}

export interface UnitStyle {
  color: string;
  /** Drawn hollow or dashed, because an earlier unit of the selection has the same colour. */
  hollow: boolean;
}

/**
 * How the units of a selection are drawn everywhere; units outside it are muted.
 * @param selected Unit ids in the order in which they were selected.
 */
export function selectionStyles(
  selected: readonly number[],
  colorOf: (unit: number) => number
): Map<number, UnitStyle> {
  const taken = new Set<number>();
  return new Map(
    selected.map((unit) => {
      const index = colorOf(unit);
      const hollow = taken.has(index);
      taken.add(index);
      return [unit, { color: unitColor(index), hollow }];
    })
  );
}
