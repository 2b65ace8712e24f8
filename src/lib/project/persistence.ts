/**
 * Where carriers are stored. Two adapters pass one contract suite (tests/contract/persistence): y-dexie in the browser,
 * node:sqlite on the node, the latter through update rows.
 */
import * as Y from 'yjs';
import { TaggedError } from '../model/errors.ts';
import { type ProjectId } from '../model/ids.ts';
import { createCarrier } from './carrier.ts';

/** A carrier that is stored as it changes. */
export interface StoredCarrier {
  readonly carrier: Y.Doc;
  /** Resolves when every change made so far is on disk; rejects when it could not be stored. */
  flushed(): Promise<void>;
  close(): Promise<void>;
}

export interface ProjectPersistence {
  /** The carrier with all that is stored of it; an unknown project starts empty. */
  open(project: ProjectId): Promise<StoredCarrier>;
  list(): Promise<ProjectId[]>;
  remove(project: ProjectId): Promise<void>;
}

/** Rows of Yjs updates, for stores that know nothing of Yjs. */
export interface UpdateRows {
  load(project: ProjectId): Promise<Uint8Array[]>;
  /** Resolves when the row is on disk. */
  append(project: ProjectId, update: Uint8Array): Promise<void>;
  /** Puts one row in place of all, in one transaction. */
  replace(project: ProjectId, update: Uint8Array): Promise<void>;
  list(): Promise<ProjectId[]>;
  remove(project: ProjectId): Promise<void>;
}

/** Stores nothing: for a look at a record, and for members that live as long as their process. */
export const unstoredPersistence: ProjectPersistence = {
  list: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
  open() {
    const carrier = createCarrier();
    const close = async () => carrier.destroy();
    return Promise.resolve({ carrier, flushed: () => Promise.resolve(), close });
  }
};

const rowsBeforeCompaction = 500;

/** Persistence over update rows; many rows are compacted into one when a project is opened. */
export function rowPersistence(rows: UpdateRows): ProjectPersistence {
  return {
    list: () => rows.list(),
    remove: (project) => rows.remove(project),
    open: (project) => openRows(rows, project)
  };
}

async function openRows(rows: UpdateRows, project: ProjectId): Promise<StoredCarrier> {
  const carrier = createCarrier();
  const stored = await rows.load(project);
  const origin = Symbol('stored');
  if (stored.length > 0) applyStored(carrier, stored, origin);
  if (stored.length > rowsBeforeCompaction) await rows.replace(project, Y.encodeStateAsUpdate(carrier));
  const writer = new RowWriter((update) => rows.append(project, update));
  const store = (update: Uint8Array, from: unknown) => {
    if (from !== origin) writer.add(update);
  };
  carrier.on('update', store);
  return {
    carrier,
    flushed: () => writer.flushed(),
    async close() {
      carrier.off('update', store);
      try {
        await writer.flushed();
      } finally {
        carrier.destroy();
      }
    }
  };
}

/** Writes updates in order; one that could not be written is kept and tried again with the next. */
class RowWriter {
  readonly #append: (update: Uint8Array) => Promise<void>;
  #unsaved: Uint8Array[] = [];
  #writing: Promise<void> = Promise.resolve();

  constructor(append: (update: Uint8Array) => Promise<void>) {
    this.#append = append;
  }

  add(update: Uint8Array): void {
    this.#unsaved.push(update);
    // Whoever waits in flushed() hears of a failure; nobody waiting must not end the process.
    this.flushed().catch(() => undefined);
  }

  flushed(): Promise<void> {
    this.#writing = this.#writing.catch(() => undefined).then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { length } = this.#unsaved;
    if (length === 0) return;
    await this.#append(Y.mergeUpdates(this.#unsaved));
    this.#unsaved = this.#unsaved.slice(length);
  }
}

function applyStored(carrier: Y.Doc, stored: Uint8Array[], origin: symbol): void {
  try {
    Y.applyUpdate(carrier, Y.mergeUpdates(stored), origin);
  } catch (cause) {
    const message =
      'what is stored of the project is damaged: restore it from a backup or from another member';
    throw new TaggedError('project-damaged', message, {}, { cause });
  }
}
