/**
 * What goes when something is deleted, to a fixpoint: a job goes with any of its inputs and with any output that it has
 * made, a made file goes with its job, and what was imported stands by itself.
 */
import { type DeviceId, type FileId, type JobId, type PersonId } from '../model/ids.ts';
import { type JobDefinition } from '../model/processor.ts';

/** A file or a job, as deletions name it. */
export type RecordItem = { kind: 'file'; id: FileId } | { kind: 'job'; id: JobId };

/** A deletion that stands: nobody took it back. */
export interface Deletion {
  /** Of the entry that deleted: what a restoration names. */
  entry: string;
  items: readonly RecordItem[];
  by: PersonId;
  byDevice: DeviceId;
  /** ms since 1970, by its author's clock. */
  at: number;
  /** The job that took the place of what went, if that is why. */
  replacedBy?: JobId;
}

/** What of files and jobs decides which belong together. */
export interface DependencyRecords {
  files: Iterable<{ file: FileId; generatedBy?: { job: JobId } | undefined }>;
  jobs: Iterable<{ job: JobId; definition: Pick<JobDefinition, 'inputs' | 'outputs'> }>;
}

export interface Gone {
  files: ReadonlySet<FileId>;
  jobs: ReadonlySet<JobId>;
}

/** Everything that goes with `roots`, and whatever lacks its job or an input anyway. Linear in the records. */
export function cascade(records: DependencyRecords, roots: Iterable<RecordItem>): Gone {
  const { files, jobs } = records;
  const made = new Map<JobId, FileId[]>();
  const dependants = new Map<FileId, JobId[]>();
  const known = { files: new Set<FileId>(), jobs: new Set<JobId>() };
  for (const { file, generatedBy } of files) {
    known.files.add(file);
    if (generatedBy) push(made, generatedBy.job, file);
  }
  for (const { job, definition } of jobs) {
    known.jobs.add(job);
    for (const { file } of [...definition.inputs, ...definition.outputs]) push(dependants, file, job);
  }
  const gone = { files: new Set<FileId>(), jobs: new Set<JobId>() };
  const open: RecordItem[] = [...roots, ...incomplete(records, known)];
  for (let item = open.pop(); item; item = open.pop()) {
    if (item.kind === 'file') {
      if (!known.files.has(item.id) || gone.files.has(item.id)) continue;
      gone.files.add(item.id);
      for (const id of dependants.get(item.id) ?? []) open.push({ kind: 'job', id });
    } else {
      if (!known.jobs.has(item.id) || gone.jobs.has(item.id)) continue;
      gone.jobs.add(item.id);
      for (const id of made.get(item.id) ?? []) open.push({ kind: 'file', id });
    }
  }
  return gone;
}

/** Jobs without an input, made files without their job: a declared output that is not made yet is not missing. */
function* incomplete(
  { files, jobs }: DependencyRecords,
  known: { files: ReadonlySet<FileId>; jobs: ReadonlySet<JobId> }
): Iterable<RecordItem> {
  for (const { job, definition } of jobs)
    if (definition.inputs.some(({ file }) => !known.files.has(file))) yield { kind: 'job', id: job };
  for (const { file, generatedBy } of files)
    if (generatedBy && !known.jobs.has(generatedBy.job)) yield { kind: 'file', id: file };
}

function push<Key, Value>(lists: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
