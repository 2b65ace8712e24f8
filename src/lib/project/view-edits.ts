/**
 * Turns edits of the view into entries, and entries into the view. An edit counts only from an editor or admin; when an
 * applied one turns out void, the view is rebuilt from the log.
 */
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { type Access } from './access-fold.ts';
import { type Entry } from './entry.ts';
import { mutedUpdate } from './muted-update.ts';
import { ProjectView } from './view.ts';

/** Local edits within this time become one entry. */
const batchMs = 200;

export class ViewEdits {
  readonly view: ProjectView;
  readonly #writer: WriterId;
  readonly #append: (update: Uint8Array) => Promise<void>;
  /** Entries that are in the view, and whether each counted then. */
  readonly #applied = new Map<string, boolean>();
  #pending: Uint8Array[] = [];
  /** On their way to become entries. */
  #leaving: Uint8Array[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #appending: Promise<void> = Promise.resolve();

  /** @param onEdit called after each local edit, before it is an entry */
  constructor(writer: WriterId, append: (update: Uint8Array) => Promise<void>, onEdit: () => void) {
    this.#writer = writer;
    this.#append = append;
    this.view = new ProjectView(writer, (update) => {
      this.#collect(update);
      onEdit();
    });
  }

  #collect(update: Uint8Array): void {
    this.#pending.push(update);
    this.#timer ??= setTimeout(() => void this.flush().catch(() => undefined), batchMs);
  }

  /** Makes an entry of what was edited since the last one. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending.length > 0) {
      const update = Y.mergeUpdates(this.#pending);
      this.#pending = [];
      this.#leaving.push(update);
      this.#appending = this.#appending
        .catch(() => undefined)
        .then(() => this.#append(update))
        .finally(() => {
          this.#leaving = this.#leaving.filter((other) => other !== update);
        });
    }
    return this.#appending;
  }

  /** Brings the view up to the entries, muted where they do not count. */
  apply(entries: readonly Entry[], access: Access): void {
    const counts = new Map(entries.map((entry) => [entry.hash, countsAsEdit(entry, access)]));
    // Own entries were in the view before they were entries: as counting ones.
    for (const { hash, writer } of entries) {
      if (writer !== this.#writer || this.#applied.has(hash)) continue;
      this.#applied.set(hash, true);
      this.#leaving.shift();
    }
    if ([...this.#applied].some(([hash, counted]) => counts.get(hash) !== counted)) this.#startOver();
    for (const { hash, body } of entries) {
      if (this.#applied.has(hash)) continue;
      const counted = counts.get(hash) === true;
      this.#applied.set(hash, counted);
      this.view.apply(counted ? body : mutedUpdate(body));
    }
  }

  #startOver(): void {
    this.#applied.clear();
    this.view.reset([...this.#leaving, ...this.#pending]);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.view.close();
  }
}

function countsAsEdit(entry: Entry, access: Access): boolean {
  const role = access.roleFor(entry);
  return role === 'admin' || role === 'editor';
}
