/** Answers a node that asks for a file's bytes: from the user's own file, read in place, or from what is stored here. */
import { blobSource, type ByteSource } from '#lib/bytes/byte-source.ts';
import { spotHash } from '#lib/bytes/content-root.ts';
import { type FileRequest, type ServedFile } from '#lib/compute/file-exchange.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type FileState, type ProjectState } from '#lib/project/project-state.ts';

export interface FileServing {
  state: () => ProjectState;
  /** The user's file, when it can be read now. */
  picked: (file: FileState) => Promise<File | undefined>;
  stored: (file: FileState) => Promise<Blob | undefined>;
}

/**
 * @throws TaggedError `file-not-here` when this device does not have it or must be asked to reconnect it;
 *   `file-changed` when its bytes are no longer those that were added.
 */
export async function openServedFile(request: FileRequest, serving: FileServing): Promise<ServedFile> {
  const file = serving
    .state()
    .files.find(
      (known) =>
        (request.file !== undefined && known.file === request.file) ||
        (known.root !== undefined && known.root === request.root)
    );
  if (!file) throw notHere('this project has no such file');
  const stored = await serving.stored(file);
  if (stored)
    return {
      source: blobSource(stored),
      identity: { size: stored.size },
      ...(file.root && { root: file.root })
    };
  const picked = await serving.picked(file);
  if (!picked) throw notHere(`${file.name} is not connected on this device`);
  const source = readableSource(picked, file.name);
  const identity = {
    size: file.size,
    ...(file.lastModified !== undefined && { lastModified: file.lastModified }),
    ...(file.spotHash !== undefined && { spotHash: file.spotHash })
  };
  const checkUnchanged = async (): Promise<void> => {
    if (picked.size !== file.size) throw changed(file.name);
    if (file.spotHash !== undefined && (await spotHash(source)) !== file.spotHash) throw changed(file.name);
  };
  await checkUnchanged();
  return { source, identity, checkUnchanged, ...(file.root && { root: file.root }) };
}

/** A File that changed on disk after it was picked fails to read: said in words that help. */
function readableSource(file: File, name: string): ByteSource {
  const source = blobSource(file);
  return {
    size: source.size,
    async read(position, length, signal) {
      try {
        return await source.read(position, length, signal);
      } catch (error) {
        if (error instanceof TaggedError && error.tag === 'file-unreadable') throw changed(name, error);
        throw error;
      }
    }
  };
}

function notHere(message: string): TaggedError {
  return new TaggedError('file-not-here', message);
}
function changed(name: string, cause?: unknown): TaggedError {
  return new TaggedError('file-changed', `${name} changed after it was added`, { name }, { cause });
}
