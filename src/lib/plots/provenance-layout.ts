/** Places files and jobs in columns, from what was recorded to what was made of it. Pure. */

export interface ProvenanceNode {
  id: string;
  kind: 'file' | 'job';
  label: string;
  /** A few words below the label. */
  note: string | undefined;
  href: string;
  /** Ids of what it was made from: a job's inputs, the job of an output. */
  from: string[];
}

export interface PlacedNode extends ProvenanceNode {
  x: number;
  y: number;
}

export interface ProvenanceLayout {
  nodes: PlacedNode[];
  /** Curves from the right edge of one box to the left edge of the next. */
  edges: { id: string; path: string }[];
  width: number;
  height: number;
}

export const provenanceBox = { width: 176, height: 48, gapX: 48, gapY: 16 };

/** A node whose origin is unknown stands in the first column; order within a column follows the origins' order. */
export function layOutProvenance(nodes: readonly ProvenanceNode[]): ProvenanceLayout {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const columns = new Map<string, number>();
  for (const node of nodes) columnOf(node, { byId, columns, above: new Set() });
  const rows = new Map<string, number>();
  const ordered: ProvenanceNode[] = [];
  const byColumn = Map.groupBy(nodes, ({ id }) => columns.get(id) ?? 0);
  for (const [, column] of [...byColumn].sort(([a], [b]) => a - b)) {
    const wanted = column.map((node) => ({
      node,
      row: Math.min(...node.from.map((id) => rows.get(id) ?? 0), Infinity)
    }));
    let free = 0;
    for (const { node, row } of wanted.sort((a, b) => (a.row === b.row ? 0 : a.row - b.row))) {
      const taken = Number.isFinite(row) ? Math.max(row, free) : free;
      rows.set(node.id, taken);
      free = taken + 1;
      ordered.push(node);
    }
  }
  const { width, height, gapX, gapY } = provenanceBox;
  const placed = ordered.map((node) => ({
    ...node,
    x: (columns.get(node.id) ?? 0) * (width + gapX),
    y: (rows.get(node.id) ?? 0) * (height + gapY)
  }));
  return {
    nodes: placed,
    edges: edgesOf(placed),
    width: Math.max(0, ...placed.map(({ x }) => x + width)),
    height: Math.max(0, ...placed.map(({ y }) => y + height))
  };
}

interface Columns {
  byId: ReadonlyMap<string, ProvenanceNode>;
  columns: Map<string, number>;
  /** Nodes on the way here: a circle, which a hostile project could hold, ends at them. */
  above: Set<string>;
}

function columnOf(node: ProvenanceNode, state: Columns): number {
  const known = state.columns.get(node.id);
  if (known !== undefined) return known;
  if (state.above.has(node.id)) return 0;
  state.above.add(node.id);
  let column = 0;
  for (const id of node.from) {
    const origin = state.byId.get(id);
    if (origin) column = Math.max(column, columnOf(origin, state) + 1);
  }
  state.above.delete(node.id);
  state.columns.set(node.id, column);
  return column;
}

function edgesOf(nodes: readonly PlacedNode[]): ProvenanceLayout['edges'] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const { width, height } = provenanceBox;
  return nodes.flatMap((node) =>
    node.from.flatMap((id) => {
      const origin = byId.get(id);
      if (!origin) return [];
      const [x0, y0] = [origin.x + width, origin.y + height / 2];
      const [x1, y1] = [node.x, node.y + height / 2];
      const middle = (x0 + x1) / 2;
      return [{ id: `${id}>${node.id}`, path: `M${x0} ${y0}C${middle} ${y0} ${middle} ${y1} ${x1} ${y1}` }];
    })
  );
}
