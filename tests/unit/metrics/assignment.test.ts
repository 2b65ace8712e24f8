import { expect, it } from 'vitest';
import fc from 'fast-check';
import { assignAtLeastCost } from '#lib/metrics/assignment.ts';

/** Least cost of giving each of the fewer side a partner, by trying all. */
function leastCost(rows: number, columns: number, at: (i: number, j: number) => number): number {
  if (columns < rows) return leastCost(columns, rows, (i, j) => at(j, i));
  const search = (row: number, used: number): number => {
    if (row === rows) return 0;
    let least = Infinity;
    for (let column = 0; column < columns; column++)
      if ((used & (1 << column)) === 0)
        least = Math.min(least, at(row, column) + search(row + 1, used | (1 << column)));
    return least;
  };
  return search(0, 0);
}

it('no other assignment costs less', () => {
  const matrix = fc
    .tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 }))
    .chain(([rows, columns]) =>
      fc.record({
        rows: fc.constant(rows),
        columns: fc.constant(columns),
        values: fc.array(fc.integer({ min: -20, max: 20 }), {
          minLength: rows * columns,
          maxLength: rows * columns
        })
      })
    );
  fc.assert(
    fc.property(matrix, ({ rows, columns, values }) => {
      const assigned = assignAtLeastCost({ rows, columns, values });
      const at = (i: number, j: number) => values[i * columns + j] ?? NaN;
      const taken = [...assigned].filter((column) => column >= 0);
      expect(taken).toHaveLength(Math.min(rows, columns));
      expect(new Set(taken).size).toBe(taken.length);
      const cost = assigned.reduce((total, column, row) => total + (column < 0 ? 0 : at(row, column)), 0);
      expect(cost).toBe(leastCost(rows, columns, at));
    })
  );
});

it('refuses costs that are not finite', () => {
  expect(() => assignAtLeastCost({ rows: 1, columns: 1, values: [Infinity] })).toThrow(RangeError);
});
