/** Carriers in IndexedDB through y-dexie, which also keeps the tabs of one browser in step. */
import { type Table } from 'dexie';
import { DexieYProvider } from 'y-dexie';
import { type Doc, encodeStateAsUpdateV2 } from 'yjs';
import { TaggedError } from '../model/errors.ts';
import { type ProjectId } from '../model/ids.ts';
import { type ProjectPersistence, type StoredCarrier } from '../project/persistence.ts';
import { type DendroDatabase, type ProjectRow } from './database.ts';

export function dexiePersistence(database: DendroDatabase): ProjectPersistence {
  return {
    open: (project) => openCarrier(database, project),
    list: async () => (await database.projects.orderBy('openedAt').primaryKeys()).reverse(),
    remove: async (project) => database.projects.delete(project)
  };
}

/** What is known of a project besides its document; made before the document is opened for the first time. */
export async function putProject(database: DendroDatabase, row: Omit<ProjectRow, 'carrier'>): Promise<void> {
  const known = await database.projects.get(row.id);
  if (known) await database.projects.update(row.id, row);
  else await database.projects.add(row as ProjectRow);
}

async function openCarrier(database: DendroDatabase, project: ProjectId): Promise<StoredCarrier> {
  let row = await database.projects.get(project);
  if (!row) {
    await database.projects.add({
      id: project,
      name: '',
      openedAt: Date.now(),
      secret: new Uint8Array(),
      signalling: []
    } as unknown as ProjectRow);
    row = await database.projects.get(project);
  }
  if (!row) throw new TaggedError('project-missing', 'the project is not on this device', { project });
  const carrier = row.carrier;
  const provider = DexieYProvider.load(carrier, { gracePeriod: 0 });
  let failure: unknown;
  provider.on('error', (error: unknown) => (failure = error ?? 'unknown'));
  await provider.whenLoaded;
  return {
    carrier,
    async flushed() {
      const updates = updatesTable(database, carrier);
      await afterWrites(updates);
      if (failure === undefined) return;
      // What comes after a lost update could not be read back without it, so the whole is written again.
      await writeWhole(updates, project, carrier);
      failure = undefined;
    },
    async close() {
      await afterWrites(updatesTable(database, carrier));
      DexieYProvider.release(carrier);
    }
  };
}

/** Adds a row as y-dexie does. @throws TaggedError `storage-failed` */
async function writeWhole(updates: Table, project: ProjectId, carrier: Doc): Promise<void> {
  try {
    await updates.add({ k: project, u: encodeStateAsUpdateV2(carrier), f: 1 });
  } catch (cause) {
    throw new TaggedError('storage-failed', 'a change could not be saved', {}, { cause });
  }
}

function updatesTable(database: DendroDatabase, carrier: Doc): Table {
  const { updatesTable } = carrier.meta as { updatesTable: string };
  return database.table(updatesTable);
}

/** IndexedDB runs writes to one store in order: once a later one is through, all before it are. */
async function afterWrites(table: Table): Promise<void> {
  await table.db.transaction('rw', table, () => table.limit(1).primaryKeys());
}
