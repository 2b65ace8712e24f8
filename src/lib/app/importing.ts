/**
 * Taking a project in from a file: the record first on trial, with nothing stored, then the content that it names, each
 * file checked against its root, and the record last. What fails leaves nothing behind.
 */
import { blobSource } from '#lib/bytes/byte-source.ts';
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, type ProjectId } from '#lib/model/ids.ts';
import { namedContent, readCopy } from '#lib/project/copies.ts';
import { requireSpace } from '#lib/storage/blob-store.ts';
import { type ProjectFile, readProjectFile } from '#lib/storage/project-file.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';

export interface ImportProgress {
  signal: AbortSignal;
  /** Called with what is done now, and bytes. */
  onProgress(what: string, done: number, total: number): void;
}

export interface ImportedRecord {
  id: ProjectId;
  name: string;
  entries: Uint8Array;
}

/** @throws TaggedError as `readProjectFile`, `takeEntries` and the shelf do */
export async function importProject(
  file: Blob,
  {
    keys,
    results,
    takeRecord,
    progress: { signal, onProgress }
  }: {
    keys: DeviceKeys;
    results: ResultShelf;
    takeRecord: (record: ImportedRecord) => Promise<void>;
    progress: ImportProgress;
  }
): Promise<ProjectId> {
  onProgress('Checking the record', 0, 1);
  const { manifest, entries, files } = await readProjectFile(blobSource(file));
  const { project: id } = manifest;
  const { state, name } = await readCopy(id, entries, keys);
  const named = namedContent(state);
  const stranger = files.find(({ root, size }) => named.get(root) !== size);
  if (stranger)
    throw new TaggedError('project-file-invalid', `the project knows nothing of ${stranger.name}`);
  signal.throwIfAborted();
  const stored: ContentRoot[] = [];
  try {
    await storeFiles(file, files, { results, signal, onProgress, stored });
    signal.throwIfAborted();
    await takeRecord({ id, name, entries });
  } catch (error) {
    for (const root of stored) await results.remove(root);
    throw error;
  }
  return id;
}

async function storeFiles(
  file: Blob,
  files: ProjectFile['files'],
  { results, signal, onProgress, stored }: ImportProgress & { results: ResultShelf; stored: ContentRoot[] }
): Promise<void> {
  const total = files.reduce((sum, { size }) => sum + size, 0);
  await requireSpace(total);
  let done = 0;
  for (const { root, name, position, size } of files) {
    const source = blobSource(file.slice(position, position + size));
    const isNew = await results.take({ root, name }, source, {
      signal,
      onProgress: (bytesDone) => onProgress(name, done + bytesDone, total)
    });
    if (isNew) stored.push(root);
    done += size;
  }
}
