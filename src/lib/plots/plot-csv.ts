/** A plot's numbers as a CSV file (RFC 4180), with a point as the decimal sign. */
import { type PlotTable } from './plot-table.ts';

export function tableToCsv(table: Pick<PlotTable, 'columns' | 'rows'>): string {
  const lines = [table.columns, ...table.rows].map((cells) => cells.map(csvCell).join(','));
  return lines.map((line) => `${line}\r\n`).join('');
}

function csvCell(value: string | number): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}

/** A 32-bit value as the shortest decimal number that gives it again, such as 0.1 and not 0.10000000149011612. */
export function shortFloat(value: number): number {
  // Nine digits always suffice.
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return short;
  }
  return Number(value.toPrecision(9));
}
