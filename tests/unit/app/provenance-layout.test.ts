import { expect, it } from 'vitest';
import { layOutProvenance, provenanceBox, type ProvenanceNode } from '#lib/plots/provenance-layout.ts';

const node = (id: string, from: string[] = []): ProvenanceNode => ({
  id,
  kind: 'file',
  label: id,
  note: undefined,
  href: '#',
  from
});

it('places what was made to the right of what it was made from', () => {
  const { nodes, edges } = layOutProvenance([
    node('result', ['job']),
    node('job', ['recording']),
    node('recording')
  ]);
  const x = Object.fromEntries(
    nodes.map(({ id, x }) => [id, x / (provenanceBox.width + provenanceBox.gapX)])
  );
  expect(x).toEqual({ recording: 0, job: 1, result: 2 });
  expect(edges.map(({ id }) => id).sort()).toEqual(['job>result', 'recording>job']);
});

it('puts what was made beside what it was made from, in whatever order it is told', () => {
  const { nodes } = layOutProvenance([
    ...['a', 'b', 'c'].map((id) => node(id)),
    ...['c', 'b', 'a'].map((id) => node(`of ${id}`, [id]))
  ]);
  const y = Object.fromEntries(nodes.map(({ id, y }) => [id, y]));
  for (const id of ['a', 'b', 'c']) expect(y[`of ${id}`]).toBe(y[id]);
});

it('never puts two into one place, and survives a circle', () => {
  const { nodes } = layOutProvenance([node('a', ['b']), node('b', ['a']), node('c'), node('d', ['missing'])]);
  expect(new Set(nodes.map(({ x, y }) => `${x},${y}`)).size).toBe(4);
});
