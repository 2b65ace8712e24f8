import { describe, expect, test } from 'vitest';
import { parseUnitFilter } from '../../../src/lib/components/unit-filter.ts';
import { sortUnits } from '../../../src/lib/components/unit-table-model.ts';

const columns = ['unit', 'snr', 'rate', 'label'];
const units = [
  { unit: 1, snr: 8, rate: 0.05, label: 'good' },
  { unit: 2, snr: 6, rate: 4, label: 'MUA' },
  { unit: 3, snr: 3, rate: 9, label: 'good' },
  { unit: 4, snr: NaN, rate: 2, label: 'noise' }
];
function matching(text: string): number[] {
  const filter = parseUnitFilter(text, columns);
  if (!filter.ok) throw new Error(filter.message);
  return units.filter((unit) => filter.matches(unit)).map(({ unit }) => unit);
}

describe('a filter of units', () => {
  test('compares figures and joins comparisons', () => {
    expect(matching('snr>5 & rate>0.1')).toEqual([2]);
    expect(matching('snr>5 | rate>=9')).toEqual([1, 2, 3]);
    expect(matching('(snr>7 | snr<4) && rate>1')).toEqual([3]);
    expect(matching('rate ≤ 2')).toEqual([1, 4]);
  });
  test('compares text without regard to case', () => {
    expect(matching('Label=mua')).toEqual([2]);
    expect(matching('label="good" & SNR<5')).toEqual([3]);
  });
  test('a missing figure fits no comparison with a number', () => {
    expect(matching('snr>0')).toEqual([1, 2, 3]);
    expect(matching('snr<100')).toEqual([1, 2, 3]);
  });
  test('nothing written keeps all units', () => {
    expect(matching('  ')).toEqual([1, 2, 3, 4]);
  });
  test.each([
    ['snrr>5', 'no column “snrr”'],
    ['snr>', 'a value'],
    ['snr>5 &', 'missing at the end'],
    ['(snr>5', 'not closed'],
    ['snr>5 rate>1', '“rate” is not expected'],
    ['('.repeat(1000), 'too many parentheses']
  ])('%s is answered with what is wrong', (text, message) => {
    const filter = parseUnitFilter(text, columns);
    expect(filter).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  });
});

test('units without a figure come last in either order', () => {
  const rows = units.map(({ unit, ...values }) => ({ unit, color: 0, values }));
  const order = (descending: boolean) => sortUnits(rows, { key: 'snr', descending }).map(({ unit }) => unit);
  expect(order(true)).toEqual([1, 2, 3, 4]);
  expect(order(false)).toEqual([3, 2, 1, 4]);
});
