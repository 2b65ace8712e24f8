/** The record as a copy that travels in a file: all entries out, and in again through admission as from a peer. */
import * as Y from 'yjs';
import { type DeviceKeys } from '../identity/device-keys.ts';
import { TaggedError } from '../model/errors.ts';
import { type DeviceId, type ContentRoot, type ProjectId } from '../model/ids.ts';
import { applyToCarrier } from './carrier.ts';
import { unstoredPersistence } from './persistence.ts';
import { ProjectDocument } from './project-document.ts';
import { type ProjectState } from './project-state.ts';

/** Every entry of the project, as one update. */
export async function copyOfEntries(document: ProjectDocument): Promise<Uint8Array> {
  await document.flush();
  return Y.encodeStateAsUpdate(document.carrier);
}

/** A file speaks for no device: what it holds was handed in by others. */
const noDevice = '0'.repeat(64) as DeviceId;

/**
 * Takes entries into a project; what is here already stays.
 * @throws TaggedError `project-file-foreign` when anything in them is no signed entry of this project
 */
export async function takeEntries(document: ProjectDocument, entries: Uint8Array): Promise<void> {
  const admitted = await document.admit(entries, { device: noDevice });
  if (admitted === false)
    throw new TaggedError('project-file-foreign', 'what is in the file are not the entries of this project');
  applyToCarrier(document.carrier, admitted === true ? entries : admitted);
  await document.flush();
}

/**
 * What the project would be, with nothing of it stored: the record vouches for itself, as its id is bound to its founder.
 * @throws TaggedError `project-file-foreign`
 */
export async function readCopy(
  id: ProjectId,
  entries: Uint8Array,
  keys: DeviceKeys
): Promise<Pick<ProjectDocument, 'state' | 'name'>> {
  const document = await ProjectDocument.open({ id, keys, persistence: unstoredPersistence });
  try {
    await takeEntries(document, entries);
    const { state, name } = document;
    if (state.members.length === 0 && state.formerMembers.length === 0)
      throw new TaggedError('project-file-foreign', 'nobody founded the project that the file names');
    return { state, name };
  } finally {
    await document.close();
  }
}

/** Content that the record names, with its size: files, also deleted ones, and the logs of jobs. */
export function namedContent({
  files,
  jobs,
  deleted
}: Pick<ProjectState, 'files' | 'jobs' | 'deleted'>): Map<ContentRoot, number> {
  const content = new Map<ContentRoot, number>();
  for (const { roots, size } of [...files, ...deleted.files])
    for (const root of roots) content.set(root, size);
  for (const { attempts } of [...jobs, ...deleted.jobs])
    for (const { log } of attempts.flatMap(({ events }) => events)) if (log) content.set(log.root, log.size);
  return content;
}
