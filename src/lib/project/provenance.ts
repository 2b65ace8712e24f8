/** Which job made which file from which: the graph of a project, for drawing and for walking back from a result. */
import { type RecordItem } from './deletions.ts';
import { type ProjectState } from './project-state.ts';

export type ProvenanceNode = RecordItem;

export interface ProvenanceGraph {
  /** In an order in which what is used comes before what uses it. */
  nodes: ProvenanceNode[];
  edges: { from: ProvenanceNode; to: ProvenanceNode; label: string }[];
}

/** Files that a job declares and has not made yet are left out. */
export function provenanceGraph({ files, jobs }: Pick<ProjectState, 'files' | 'jobs'>): ProvenanceGraph {
  const known = new Set<string>(files.map(({ file }) => file));
  const edges: ProvenanceGraph['edges'] = [];
  for (const { job, definition } of jobs) {
    const node: ProvenanceNode = { kind: 'job', id: job };
    for (const { file, name } of definition.inputs)
      if (known.has(file)) edges.push({ from: { kind: 'file', id: file }, to: node, label: name });
    for (const { file, name } of definition.outputs)
      if (known.has(file)) edges.push({ from: node, to: { kind: 'file', id: file }, label: name });
  }
  const nodes: ProvenanceNode[] = [
    ...files.map(({ file }): ProvenanceNode => ({ kind: 'file', id: file })),
    ...jobs.map(({ job }): ProvenanceNode => ({ kind: 'job', id: job }))
  ];
  return { nodes: inCausalOrder(nodes, edges), edges };
}

function inCausalOrder(nodes: ProvenanceNode[], edges: ProvenanceGraph['edges']): ProvenanceNode[] {
  const waitingFor = new Map<string, number>(nodes.map(({ id }) => [id, 0]));
  for (const { to } of edges) waitingFor.set(to.id, (waitingFor.get(to.id) ?? 0) + 1);
  const byId = new Map(nodes.map((node) => [node.id as string, node]));
  const ordered: ProvenanceNode[] = [];
  const ready = nodes.filter(({ id }) => waitingFor.get(id) === 0);
  for (let node = ready.shift(); node; node = ready.shift()) {
    ordered.push(node);
    for (const { from, to } of edges) {
      if (from.id !== node.id) continue;
      const left = (waitingFor.get(to.id) ?? 0) - 1;
      waitingFor.set(to.id, left);
      const next = left === 0 ? byId.get(to.id) : undefined;
      if (next) ready.push(next);
    }
  }
  // A cycle cannot be made by honest members; what a hostile one draws is shown all the same.
  return [...ordered, ...nodes.filter((node) => !ordered.includes(node))];
}
