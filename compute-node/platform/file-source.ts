/** A file on this machine as a ByteSource; it notices when the file changes under it. */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { type ByteSource, checkRange } from '#lib/bytes/byte-source.ts';
import { TaggedError } from '#lib/model/errors.ts';

export interface FileSource extends ByteSource {
  /** ms since 1970. */
  readonly lastModified: number;
  readSync(into: Uint8Array, position: number): void;
  close(): void;
}

export interface FileSourceOptions {
  /** Refuse a symbolic link as the last part of the path. */
  noFollow?: boolean;
}

/**
 * Opens a regular file.
 * @throws TaggedError `file-missing`, `file-unreadable`
 */
export async function openFileSource(path: string, options: FileSourceOptions = {}): Promise<FileSource> {
  const descriptor = openDescriptor(path, options);
  const stats = fstatSync(descriptor);
  if (!stats.isFile()) {
    closeSync(descriptor);
    throw new TaggedError('file-unreadable', `${path} is not a file`, { path });
  }
  return fileSource(descriptor, stats, path);
}

function openDescriptor(path: string, { noFollow = false }: FileSourceOptions): number {
  try {
    // Without O_NONBLOCK a named pipe would block the process.
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | (noFollow ? constants.O_NOFOLLOW : 0));
  } catch (cause) {
    const missing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const message = missing ? `there is no file ${path}` : `${path} cannot be opened`;
    throw new TaggedError(missing ? 'file-missing' : 'file-unreadable', message, { path }, { cause });
  }
}

function fileSource(descriptor: number, opened: Stats, path: string): FileSource {
  const source: FileSource = {
    size: opened.size,
    lastModified: opened.mtimeMs,
    readSync(into, position) {
      checkRange(source, position, into.length);
      let done = 0;
      while (done < into.length) {
        const count = readSync(descriptor, into, done, into.length - done, position + done);
        if (count === 0) throw changed(path);
        done += count;
      }
      const now = fstatSync(descriptor);
      if (now.size !== opened.size || now.mtimeMs !== opened.mtimeMs) throw changed(path);
    },
    async read(position, length, signal) {
      signal?.throwIfAborted();
      checkRange(source, position, length);
      const bytes = new Uint8Array(length);
      source.readSync(bytes, position);
      return bytes;
    },
    close: () => closeSync(descriptor)
  };
  return source;
}

function changed(path: string): TaggedError {
  return new TaggedError('file-changed', `${path} changed while it was read`, { path });
}

/** Writes bytes so that the file appears whole or not at all, and is on disk when this resolves. */
export async function writeFileWhole(path: string, bytes: Uint8Array, mode = 0o666): Promise<void> {
  const temporary = `${path}.${process.pid}.partial`;
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
