/** What a project's provenance graph shows: files and jobs as boxes, of a large project the newest. Pure. */
import { type ProvenanceNode } from '#lib/plots/provenance-layout.ts';
import { type FileItem, type JobItem, placeText, resultNote } from './project-items.ts';

/** A graph of more is no glance any more. */
const mostBoxes = 60;

/** The newest jobs with what they were made of and made, and then the newest other files, as many as fit a glance. */
export function newestProvenance(
  files: readonly FileItem[],
  jobs: readonly JobItem[]
): { files: readonly FileItem[]; jobs: readonly JobItem[] } {
  if (files.length + jobs.length <= mostBoxes) return { files, jobs };
  const present = new Set(files.map(({ id }) => id));
  const chosen = new Set<string>();
  for (const job of jobs.toSorted((a, b) => b.submittedAt - a.submittedAt)) {
    const fresh = [...job.inputs, ...job.outputs].filter((id) => present.has(id) && !chosen.has(id));
    if (chosen.size + fresh.length + 1 > mostBoxes) break;
    for (const id of [job.id, ...fresh]) chosen.add(id);
  }
  for (const { id } of files.toReversed()) if (chosen.size < mostBoxes) chosen.add(id);
  return { files: files.filter(({ id }) => chosen.has(id)), jobs: jobs.filter(({ id }) => chosen.has(id)) };
}

/** The project's files and jobs as a graph. */
export function provenanceNodes(
  base: string,
  files: readonly FileItem[],
  jobs: readonly JobItem[]
): ProvenanceNode[] {
  const fileNodes = files.map((file): ProvenanceNode => ({
    id: file.id,
    kind: 'file',
    label: file.name,
    note: file.kind === 'result' ? resultNote(file, jobs) : placeText[file.place],
    href: file.kind === 'result' ? `${base}/sortings/${file.id}` : `${base}/files/${file.id}`,
    from: file.madeBy ? [file.madeBy] : []
  }));
  const jobNodes = jobs.map((job): ProvenanceNode => ({
    id: job.id,
    kind: 'job',
    label: job.label,
    note: job.view.label,
    href: `${base}/jobs/${job.id}`,
    from: job.inputs
  }));
  return [...fileNodes, ...jobNodes];
}
