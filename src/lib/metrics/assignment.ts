/**
 * Optimal assignment of rows to columns. Shortest augmenting paths (R. Jonker and A. Volgenant, Computing 38, 1987, in the
 * rectangular form of D. F. Crouse, IEEE Trans. Aerosp. Electron. Syst. 52, 2016, doi:10.1109/TAES.2016.140952), with ties
 * broken as SciPy's `linear_sum_assignment` breaks them.
 */

/** A matrix of rows × columns, row-major. */
export interface Matrix {
  rows: number;
  columns: number;
  values: ArrayLike<number>;
}

/**
 * Gives each row of the smaller side a column of its own such that the sum of the costs is least.
 * @returns One entry a row: its column, or −1 where there are more rows than columns and it got none.
 */
export function assignAtLeastCost(cost: Matrix): Int32Array<ArrayBuffer> {
  const { rows, columns, values } = cost;
  if (columns >= rows) return assignRows(cost);
  const transposed = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) transposed[j * rows + i] = values[i * columns + j] as number;
  const rowOf = assignRows({ rows: columns, columns: rows, values: transposed });
  const result = new Int32Array(rows).fill(-1);
  rowOf.forEach((row, column) => {
    result[row] = column;
  });
  return result;
}

interface Search {
  /** Dual prices of rows and columns. */
  u: Float64Array;
  v: Float64Array;
  columnOf: Int32Array;
  rowOf: Int32Array;
  /** The row from which each column was last reached at least cost. */
  cameFrom: Int32Array;
  shortest: Float64Array;
  remaining: Int32Array;
}

function assignRows(cost: Matrix): Int32Array<ArrayBuffer> {
  const { rows, columns } = cost;
  const columnOf = new Int32Array(rows).fill(-1);
  const search: Search = {
    u: new Float64Array(rows),
    v: new Float64Array(columns),
    columnOf,
    rowOf: new Int32Array(columns).fill(-1),
    cameFrom: new Int32Array(columns).fill(-1),
    shortest: new Float64Array(columns),
    remaining: new Int32Array(columns)
  };
  for (let row = 0; row < rows; row++) augment(search, row, findPath(cost, search, row));
  return columnOf;
}

/** The free column at the end of the cheapest augmenting path from a row; updates the dual prices. */
function findPath(cost: Matrix, search: Search, start: number): number {
  const { columns, values } = cost;
  const { u, v, columnOf, rowOf, cameFrom, shortest, remaining } = search;
  for (let k = 0; k < columns; k++) remaining[k] = columns - 1 - k;
  shortest.fill(Infinity);
  const visitedRows: number[] = [];
  const visitedColumns: number[] = [];
  let left = columns;
  let row = start;
  let least = 0;
  for (;;) {
    visitedRows.push(row);
    let best = -1;
    let lowest = Infinity;
    for (let k = 0; k < left; k++) {
      const column = remaining[k] as number;
      const reach =
        least + (values[row * columns + column] as number) - (u[row] as number) - (v[column] as number);
      if (reach < (shortest[column] as number)) {
        cameFrom[column] = row;
        shortest[column] = reach;
      }
      const distance = shortest[column] as number;
      if (distance < lowest || (distance === lowest && rowOf[column] === -1)) {
        lowest = distance;
        best = k;
      }
    }
    if (best < 0 || lowest === Infinity) throw new RangeError('Costs must be finite');
    least = lowest;
    const column = remaining[best] as number;
    visitedColumns.push(column);
    remaining[best] = remaining[--left] as number;
    if (rowOf[column] === -1) {
      u[start] = (u[start] as number) + least;
      for (const visited of visitedRows)
        if (visited !== start)
          u[visited] = (u[visited] as number) + least - (shortest[columnOf[visited] as number] as number);
      for (const visited of visitedColumns)
        v[visited] = (v[visited] as number) - (least - (shortest[visited] as number));
      return column;
    }
    row = rowOf[column] as number;
  }
}

/** Turns the path from `start` to a free column over: each row on it takes the column it was left by. */
function augment({ columnOf, rowOf, cameFrom }: Search, start: number, free: number): void {
  let column = free;
  for (;;) {
    const row = cameFrom[column] as number;
    rowOf[column] = row;
    const before = columnOf[row] as number;
    columnOf[row] = column;
    if (row === start) return;
    column = before;
  }
}
