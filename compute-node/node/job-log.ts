/** What each attempt prints, on disk as it comes, so that a kill loses nothing; at its end it becomes a stored file. */
import { appendFileSync, existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ContentRoot } from '#lib/model/ids.ts';
import { type BlobStore } from '../platform/blob-store.ts';

/** A job that prints without end must not fill the disk. */
const mostBytes = 16 * 1024 * 1024;

export class JobLogs {
  readonly #folder: string;

  /** @param folder where jobs have their folders; a log lies beside its attempt's, out of the job's own reach */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The name of an attempt's log among the names in the folder. */
  static nameOf(id: number | string): string {
    return `${id}.log`;
  }

  append(id: number, lines: readonly string[]): void {
    const path = this.#pathOf(id);
    const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= mostBytes || lines.length === 0) return;
    const text = lines.map((line) => `${line}\n`).join('');
    const rest = `(The log ends here: it has ${mostBytes / 1024 / 1024} MiB.)\n`;
    try {
      appendFileSync(path, size + text.length >= mostBytes ? text + rest : text, { mode: 0o600 });
    } catch {
      // A full disk ends the job by itself, in words; it does not fail for its log.
    }
  }

  /** Takes the log into the store; undefined when nothing was printed, or there is no room for it. */
  async keep(id: number, blobs: BlobStore): Promise<{ root: ContentRoot; size: number } | undefined> {
    const path = this.#pathOf(id);
    if (!existsSync(path)) return undefined;
    try {
      return await blobs.keep(path);
    } catch {
      return undefined;
    }
  }

  remove(id: number): void {
    rmSync(this.#pathOf(id), { force: true });
  }

  #pathOf(id: number): string {
    return join(this.#folder, JobLogs.nameOf(id));
  }
}
