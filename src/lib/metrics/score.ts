/**
 * Compares a sorting with the truth as SpikeInterface's `GroundTruthComparison` does (version 0.105, exhaustive_gt=True;
 * J. Magland et al., eLife 9, 2020, doi:10.7554/eLife.55167; A. Buccino et al., eLife 9, 2020, doi:10.7554/eLife.61834).
 */
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { assignAtLeastCost } from './assignment.ts';
import { countMatches } from './spike-matching.ts';

export interface ScoreOptions {
  /** Spikes of two trains match up to this distance, in ms. */
  deltaMs?: number;
  /** Units match from this agreement on. */
  matchScore?: number;
  /** A best partner below this agreement is none. */
  chanceScore?: number;
  wellDetectedScore?: number;
  redundantScore?: number;
  overmergedScore?: number;
}

/** Another unit and the agreement with it. */
export interface Partner {
  unit: number;
  agreement: number;
}

export interface TrueUnitScore {
  /** The sorted unit that stands for this one, in an assignment that is best for all; absent when there is none. */
  match?: Partner;
  /** The sorted unit of highest agreement, matched or not. */
  best?: Partner;
  /** Agreement with the match; 0 without one. */
  accuracy: number;
  /** Spikes found, missed and falsely added by the match. */
  truePositives: number;
  falseNegatives: number;
  falsePositives: number;
}

export interface SortedUnitScore {
  match?: Partner;
  best?: Partner;
}

export interface Score {
  deltaSamples: number;
  /** Matching spikes and agreement of each pair, true units × sorted units, row-major. */
  matchCounts: Float64Array<ArrayBuffer>;
  agreement: Float64Array<ArrayBuffer>;
  trueUnits: TrueUnitScore[];
  sortedUnits: SortedUnitScore[];
  /** Sorted units that match a true one at `wellDetectedScore` or better. */
  wellDetected: number[];
  /** Unmatched sorted units whose best true unit has a better partner. */
  redundant: number[];
  /** Unmatched sorted units that are like no true unit. */
  falsePositive: number[];
  /** Sorted units that agree with two true units or more. */
  overmerged: number[];
}

/** Largest distance of two matching spikes, inclusive, in samples. */
export function matchDistance(samplingRateHz: number, deltaMs = 0.4): number {
  return Math.trunc((deltaMs / 1000) * samplingRateHz);
}

/**
 * Scores a sorting. Spike samples ascend within each train; units are named by their position.
 * @throws RangeError when the two sampling rates differ by more than 0.1 %.
 */
export function scoreSorting(truth: SpikeTrains, sorted: SpikeTrains, options: ScoreOptions = {}): Score {
  if (!(Math.abs(truth.samplingRateHz - sorted.samplingRateHz) < 0.001 * truth.samplingRateHz))
    throw new RangeError(
      `Truth at ${truth.samplingRateHz} Hz and sorting at ${sorted.samplingRateHz} Hz cannot be compared`
    );
  const deltaSamples = matchDistance(truth.samplingRateHz, options.deltaMs);
  const matchCounts = countMatches(truth.trains, sorted.trains, deltaSamples);
  const agreement = agreements(truth.trains, sorted.trains, matchCounts);
  const table = { rows: truth.trains.length, columns: sorted.trains.length, values: agreement };
  const { trueUnits, sortedUnits } = pairUp(table, options);
  const scored = trueUnits.map((pairs, i): TrueUnitScore => {
    const spikes = (truth.trains[i] as Float64Array).length;
    const found = pairs.match ? (matchCounts[i * table.columns + pairs.match.unit] as number) : 0;
    const claimed = pairs.match ? (sorted.trains[pairs.match.unit] as Float64Array).length : 0;
    return {
      ...pairs,
      accuracy: pairs.match?.agreement ?? 0,
      truePositives: found,
      falseNegatives: spikes - found,
      falsePositives: claimed - found
    };
  });
  return {
    deltaSamples,
    matchCounts,
    agreement,
    trueUnits: scored,
    sortedUnits,
    ...categorize({ table, trueUnits, sortedUnits }, options)
  };
}

interface Table {
  rows: number;
  columns: number;
  values: Float64Array<ArrayBuffer>;
}

/** tp / (n₁ + n₂ − tp); 0 where both trains are empty. */
function agreements(
  truth: readonly Float64Array[],
  sorted: readonly Float64Array[],
  matchCounts: Float64Array
): Float64Array<ArrayBuffer> {
  const values = new Float64Array(matchCounts.length);
  truth.forEach((first, i) =>
    sorted.forEach((second, j) => {
      const matches = matchCounts[i * sorted.length + j] as number;
      const all = first.length + second.length - matches;
      values[i * sorted.length + j] = all === 0 ? 0 : matches / all;
    })
  );
  return values;
}

interface Pairs {
  match?: Partner;
  best?: Partner;
}

function pairUp(table: Table, options: ScoreOptions): { trueUnits: Pairs[]; sortedUnits: Pairs[] } {
  const { matchScore = 0.5, chanceScore = 0.1 } = options;
  const { rows, columns, values } = table;
  const at = (i: number, j: number) => values[i * columns + j] as number;
  const trueUnits: Pairs[] = Array.from({ length: rows }, (_, i) =>
    bestOf(columns, (j) => at(i, j), chanceScore)
  );
  const sortedUnits: Pairs[] = Array.from({ length: columns }, (_, j) =>
    bestOf(rows, (i) => at(i, j), chanceScore)
  );
  const cost = values.map((score) => (score < matchScore ? 0 : -score));
  assignAtLeastCost({ rows, columns, values: cost }).forEach((column, row) => {
    if (column < 0 || at(row, column) < matchScore) return;
    (trueUnits[row] as Pairs).match = { unit: column, agreement: at(row, column) };
    (sortedUnits[column] as Pairs).match = { unit: row, agreement: at(row, column) };
  });
  return { trueUnits, sortedUnits };
}

/** The first of those with the highest agreement, unless it is below chance. */
function bestOf(count: number, agreementWith: (unit: number) => number, chanceScore: number): Pairs {
  let unit = 0;
  for (let other = 1; other < count; other++) if (agreementWith(other) > agreementWith(unit)) unit = other;
  if (count === 0 || agreementWith(unit) < chanceScore) return {};
  return { best: { unit, agreement: agreementWith(unit) } };
}

function categorize(
  { table, trueUnits, sortedUnits }: { table: Table; trueUnits: Pairs[]; sortedUnits: Pairs[] },
  options: ScoreOptions
): Pick<Score, 'wellDetected' | 'redundant' | 'falsePositive' | 'overmerged'> {
  const { wellDetectedScore = 0.8, redundantScore = 0.2, overmergedScore = 0.2 } = options;
  const units = sortedUnits.map((_, unit) => unit);
  const pairs = (unit: number) => sortedUnits[unit] as Pairs;
  const unmatched = units.filter((unit) => !pairs(unit).match);
  const bestAgreement = (unit: number) => pairs(unit).best?.agreement ?? -1;
  const truthPrefersAnother = (unit: number) => {
    const best = pairs(unit).best;
    return best !== undefined && trueUnits[best.unit]?.best?.unit !== unit;
  };
  const agreeing = (unit: number) =>
    trueUnits.filter((_, i) => (table.values[i * table.columns + unit] as number) > overmergedScore).length;
  return {
    wellDetected: units.filter((unit) => (pairs(unit).match?.agreement ?? -1) >= wellDetectedScore),
    redundant: unmatched.filter((unit) => truthPrefersAnother(unit) && bestAgreement(unit) >= redundantScore),
    falsePositive: unmatched.filter((unit) => bestAgreement(unit) < redundantScore),
    overmerged: units.filter((unit) => agreeing(unit) > 1)
  };
}
