/** What the unit table shows: rows, columns, and their order. */
export interface UnitRow {
  unit: number;
  /** Colour index (plots/unit-colors.ts). */
  color: number;
  values: Readonly<Record<string, number | string>>;
  /** More on some of the values, for their tooltips and for screen readers. */
  hints?: Readonly<Record<string, string>>;
}
export interface UnitColumn {
  /** Name in `values` and in filter expressions. */
  key: string;
  label: string;
  unit?: string;
  /** What the figure says, for the header's tooltip. */
  description: string;
  kind: 'number' | 'text';
  /** Figures, and ids that read as figures, stand at the right. */
  align?: 'start' | 'end';
  /** Figures are whole numbers, such as ids, and written as such. */
  whole?: boolean;
  /** px */
  width?: number;
}
export interface UnitSort {
  key: string;
  descending: boolean;
}

/** Rows in the wanted order; equal ones by unit id, missing figures (NaN) last. */
export function sortUnits(rows: readonly UnitRow[], sort: UnitSort): UnitRow[] {
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    if (sort.key === 'unit') return sign * (a.unit - b.unit);
    return compareValues(a.values[sort.key], b.values[sort.key], sign) || a.unit - b.unit;
  });
}

function compareValues(a: number | string | undefined, b: number | string | undefined, sign: number): number {
  if (typeof a === 'number' && typeof b === 'number') {
    const missing = Number(Number.isNaN(a)) - Number(Number.isNaN(b));
    return missing || (Number.isNaN(a) ? 0 : sign * (a - b));
  }
  return sign * String(a ?? '').localeCompare(String(b ?? ''));
}
