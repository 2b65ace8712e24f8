/** What streams of running jobs and is in no document: progress and console text, for whoever watches. */
import {
  type JobConsole,
  type JobProgress,
  maxConsoleLineChars,
  maxConsoleLines
} from '#lib/compute/protocol.ts';
import { type JobId, type ProjectId } from '#lib/model/ids.ts';

export interface JobListener {
  onProgress(progress: JobProgress): void;
  onConsole(console: JobConsole): void;
}

export interface JobAddress {
  project: ProjectId;
  job: JobId;
}

interface Entry {
  progress: JobProgress | undefined;
  lines: string[];
  /** Lines dropped from the front. */
  dropped: number;
  listeners: Set<JobListener>;
}

/** Jobs whose text is kept after their end, for those who come late. */
const keptJobs = 200;

export class JobBoard {
  readonly #entries = new Map<string, Entry>();

  progress(of: JobAddress, progress: Omit<JobProgress, 'project' | 'job'>): void {
    const entry = this.#entry(of);
    entry.progress = { ...progress, project: of.project, job: of.job };
    for (const listener of entry.listeners) listener.onProgress(entry.progress);
  }

  print(of: JobAddress, lines: readonly string[]): void {
    const entry = this.#entry(of);
    const capped = lines.slice(-maxConsoleLines).map((line) => line.slice(0, maxConsoleLineChars));
    const firstLine = entry.dropped + entry.lines.length;
    entry.lines.push(...capped);
    const surplus = Math.max(0, entry.lines.length - maxConsoleLines);
    entry.lines.splice(0, surplus);
    entry.dropped += surplus;
    for (const listener of entry.listeners)
      listener.onConsole({ project: of.project, job: of.job, firstLine, lines: capped });
  }

  /** Tells what is known at once, then what comes. @returns ends it */
  watch(of: JobAddress, listener: JobListener): () => void {
    const entry = this.#entry(of);
    entry.listeners.add(listener);
    if (entry.progress) listener.onProgress(entry.progress);
    if (entry.lines.length > 0)
      listener.onConsole({
        project: of.project,
        job: of.job,
        firstLine: entry.dropped,
        lines: [...entry.lines]
      });
    return () => entry.listeners.delete(listener);
  }

  #entry({ project, job }: JobAddress): Entry {
    const key = `${project}:${job}`;
    const known = this.#entries.get(key);
    if (known) return known;
    const entry: Entry = { progress: undefined, lines: [], dropped: 0, listeners: new Set() };
    this.#entries.set(key, entry);
    for (const [old, { listeners }] of this.#entries) {
      if (this.#entries.size <= keptJobs) break;
      if (listeners.size === 0 && old !== key) this.#entries.delete(old);
    }
    return entry;
  }
}
