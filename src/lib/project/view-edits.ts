/**
 * Turns edits of the view into entries, and entries into the view. An edit counts only from an editor or admin; when an
 * applied one turns out void, the view is rebuilt from the log.
 */
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { type Access } from './access.ts';
import { compareEntries, type Entry } from './entry.ts';
import { mutedUpdate } from './muted-update.ts';
import { ProjectView } from './view.ts';

/** Local edits within this time become one entry. */
const batchMs = 200;
/** After edits that crossed, once nothing has come for so long. */
const settleMs = 3000;

export class ViewEdits {
  readonly view: ProjectView;
  readonly #writer: WriterId;
  readonly #append: (update: Uint8Array) => Promise<unknown>;
  readonly #onEdit: () => void;
  /** Entries that are in the view, and whether each counted then. */
  #applied = new Map<string, boolean>();
  #entries: readonly Entry[] = [];
  #counts: ReadonlyMap<string, boolean> = new Map();
  /** The last in the common order of what is in the view. */
  #last: Entry | undefined;
  /** Whether something came into the view before what precedes it in the common order. */
  #unordered = false;
  #settleTimer: ReturnType<typeof setTimeout> | undefined;
  #pending: Uint8Array[] = [];
  /** On their way to become entries. */
  #leaving: Uint8Array[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #appending: Promise<unknown> = Promise.resolve();

  /** @param onEdit called after each local edit, before it is an entry, and when the view has settled */
  constructor(writer: WriterId, append: (update: Uint8Array) => Promise<unknown>, onEdit: () => void) {
    this.#writer = writer;
    this.#append = append;
    this.#onEdit = onEdit;
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
  async flush(): Promise<void> {
    if (this.#pending.length > 0) this.view.stamp(Date.now());
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
    await this.#appending;
  }

  /** Brings the view up to the entries, muted where they do not count. */
  apply(entries: readonly Entry[], access: Access): void {
    this.#entries = entries;
    this.#counts = new Map(entries.map((entry) => [entry.hash, countsAsEdit(entry, access)]));
    // Own entries were in the view before they were entries: as counting ones.
    for (const entry of entries) {
      if (entry.writer !== this.#writer || this.#applied.has(entry.hash)) continue;
      this.#note(entry, true);
      this.#leaving.shift();
    }
    if ([...this.#applied].some(([hash, counted]) => this.#counts.get(hash) !== counted)) {
      this.#startOver();
      return;
    }
    for (const entry of entries) {
      if (this.#applied.has(entry.hash)) continue;
      if (this.#unsent.length > 0) this.#unordered = true;
      this.#note(entry, this.#counts.get(entry.hash) === true);
      this.view.apply(this.#updateOf(entry));
    }
    if (this.#unordered) this.#settleSoon();
  }

  /**
   * Honest edits give the same text in whatever order they come; places in a text can be crafted for which that is not
   * so. Applied anew in the common order, the same edits give the same view everywhere.
   * @returns whether the view was made anew
   */
  settle(): boolean {
    if (!this.#unordered || this.#unsent.length > 0) return false;
    this.#startOver();
    return true;
  }

  #settleSoon(): void {
    clearTimeout(this.#settleTimer);
    this.#settleTimer = setTimeout(() => {
      if (this.settle()) this.#onEdit();
    }, settleMs);
  }

  #note(entry: Entry, counted: boolean): void {
    this.#applied.set(entry.hash, counted);
    if (this.#last && compareEntries(entry, this.#last) < 0) this.#unordered = true;
    else this.#last = entry;
  }

  #updateOf({ hash, body }: Entry): Uint8Array {
    return this.#counts.get(hash) === true ? body : mutedUpdate(body);
  }

  #startOver(): void {
    this.#applied = new Map(this.#counts);
    this.#last = this.#entries.at(-1);
    this.#unordered = false;
    this.view.reset([...this.#entries.map((entry) => this.#updateOf(entry)), ...this.#unsent]);
  }

  get #unsent(): readonly Uint8Array[] {
    return [...this.#leaving, ...this.#pending];
  }

  close(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#settleTimer);
    this.view.close();
  }
}

function countsAsEdit(entry: Entry, access: Access): boolean {
  const role = access.roleFor(entry);
  return role === 'admin' || role === 'editor';
}
