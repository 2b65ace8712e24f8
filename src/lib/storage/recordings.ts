/** Recordings that were opened here: read in place, found again by handle, size and spot hash. */
import { blobSource } from '../bytes/byte-source.ts';
import { spotHash } from '../bytes/content-root.ts';
import { type FileId } from '../model/ids.ts';
import { type DendroDatabase, type RecordingRow } from './database.ts';

const mostRecent = 50;

export type Reconnection =
  | { state: 'ready'; file: File }
  /** The browser asks for permission again: call `requestAccess` on a click. */
  | { state: 'permission-needed' }
  /** No handle, or it leads nowhere: the person picks the file again. */
  | { state: 'pick-again' };

type PermissionHandle = FileSystemFileHandle & {
  queryPermission(descriptor: { mode: 'read' }): Promise<PermissionState>;
  requestPermission(descriptor: { mode: 'read' }): Promise<PermissionState>;
};

export async function rememberRecording(database: DendroDatabase, row: RecordingRow): Promise<void> {
  await database.recordings.put(row);
  const old = await database.recordings.orderBy('openedAt').reverse().offset(mostRecent).toArray();
  // A project's recording stays as long as the project; only free ones fall off the list.
  await database.recordings.bulkDelete(old.filter(({ project }) => !project).map(({ id }) => id));
}

export function recentRecordings(database: DendroDatabase): Promise<RecordingRow[]> {
  return database.recordings.orderBy('openedAt').reverse().toArray();
}

/** Whether a remembered recording can be read now, without asking anybody. */
export async function reconnect(database: DendroDatabase, id: FileId): Promise<Reconnection> {
  const handle = (await database.recordings.get(id))?.handle as PermissionHandle | undefined;
  if (!handle) return { state: 'pick-again' };
  if ((await handle.queryPermission({ mode: 'read' })) !== 'granted') return { state: 'permission-needed' };
  return readHandle(handle);
}

/** Asks for permission; only on a click. */
export async function requestAccess(database: DendroDatabase, id: FileId): Promise<Reconnection> {
  const handle = (await database.recordings.get(id))?.handle as PermissionHandle | undefined;
  if (!handle) return { state: 'pick-again' };
  if ((await handle.requestPermission({ mode: 'read' })) !== 'granted') return { state: 'permission-needed' };
  return readHandle(handle);
}

/** Whether a file picked again is the one that was remembered: same size, same spot hash. */
export async function isSameRecording(
  row: Pick<RecordingRow, 'size' | 'spotHash'>,
  file: File
): Promise<boolean> {
  if (file.size !== row.size) return false;
  return row.spotHash === undefined || (await spotHash(blobSource(file))) === row.spotHash;
}

async function readHandle(handle: FileSystemFileHandle): Promise<Reconnection> {
  try {
    return { state: 'ready', file: await handle.getFile() };
  } catch {
    return { state: 'pick-again' };
  }
}
