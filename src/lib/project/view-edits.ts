/**
 * Turns edits of the view into entries, and entries into the view. An edit counts only from an editor or admin; when an
 * applied one turns out void, the view is rebuilt from the log.
 */
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { type Access } from './access-fold.ts';
import { type Entry } from './entry.ts';
import { ProjectView } from './view.ts';

/** Local edits within this time become one entry. */
const batchMs = 200;

export class ViewEdits {
  readonly view: ProjectView;
  readonly #writer: WriterId;
  readonly #append: (update: Uint8Array) => Promise<void>;
  readonly #applied = new Set<string>();
  /** Own entries, which were in the view before they were entries. */
  readonly #own = new Set<string>();
  #pending: Uint8Array[] = [];
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
      this.#appending = this.#appending.catch(() => undefined).then(() => this.#append(update));
    }
    return this.#appending;
  }

  /** Brings the view up to the entries that count. */
  apply(entries: readonly Entry[], access: Access): void {
    const counting = entries.filter((entry) => countsAsEdit(entry, access));
    const hashes = new Set(counting.map(({ hash }) => hash));
    const ownVoid = this.#noteOwn(entries).some((hash) => !hashes.has(hash));
    if (ownVoid || [...this.#applied].some((hash) => !hashes.has(hash))) {
      this.#rebuild(counting);
      return;
    }
    for (const entry of counting) this.#applyOnce(entry);
  }

  /** @returns own entries not seen before */
  #noteOwn(entries: readonly Entry[]): string[] {
    const fresh = entries.filter(({ writer, hash }) => writer === this.#writer && !this.#own.has(hash));
    for (const { hash } of fresh) this.#own.add(hash);
    return fresh.map(({ hash }) => hash);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.view.close();
  }

  #applyOnce({ hash, body }: Entry): void {
    if (this.#applied.has(hash)) return;
    this.#applied.add(hash);
    this.view.apply(body);
  }

  #rebuild(counting: readonly Entry[]): void {
    this.#applied.clear();
    this.view.reset();
    for (const entry of counting) this.#applyOnce(entry);
  }
}

function countsAsEdit(entry: Entry, access: Access): boolean {
  const role = access.roleFor(entry);
  return role === 'admin' || role === 'editor';
}
