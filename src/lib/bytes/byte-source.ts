/**
 * Bytes that are read in place, wherever they lie: a file in the browser or on the node, memory, a peer. What is added
 * (caching) is a wrapper, not an option.
 */
import { TaggedError } from '../model/errors.ts';

export interface ByteSource {
  readonly size: number;
  /**
   * Fills `into` from `position` on, where reading without waiting is possible.
   * @throws RangeError beyond the end
   */
  readSync?(into: Uint8Array, position: number): void;
  /**
   * Exactly `length` bytes from `position` on; the caller owns them.
   * @throws RangeError beyond the end
   * @throws TaggedError `file-changed`, `file-unreadable`
   */
  read(position: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** Throws RangeError unless [position, position + length) lies within the source. */
export function checkRange(source: { readonly size: number }, position: number, length: number): void {
  if (!(position >= 0 && length >= 0 && position + length <= source.size))
    throw new RangeError(
      `bytes ${position} to ${position + length} lie outside a source of ${source.size} bytes`
    );
}

export function memorySource(bytes: Uint8Array): ByteSource {
  const source: ByteSource = {
    size: bytes.length,
    readSync(into, position) {
      checkRange(source, position, into.length);
      into.set(bytes.subarray(position, position + into.length));
    },
    async read(position, length, signal) {
      signal?.throwIfAborted();
      checkRange(source, position, length);
      // Not `slice`, which gives a view where the bytes are a Buffer of Node's.
      return new Uint8Array(bytes.subarray(position, position + length));
    }
  };
  return source;
}

/** What `FileReaderSync` offers; it exists in workers only. */
interface SyncReader {
  readAsArrayBuffer(blob: Blob): ArrayBuffer;
}

/** A File or Blob of the browser; in a worker it can be read without waiting. */
export function blobSource(blob: Blob): ByteSource {
  const Reader = (globalThis as { FileReaderSync?: new () => SyncReader }).FileReaderSync;
  const source: ByteSource = {
    size: blob.size,
    async read(position, length, signal) {
      signal?.throwIfAborted();
      checkRange(source, position, length);
      try {
        return new Uint8Array(await blob.slice(position, position + length).arrayBuffer());
      } catch (cause) {
        throw unreadable(cause);
      }
    }
  };
  if (!Reader) return source;
  const reader = new Reader();
  return {
    ...source,
    readSync(into, position) {
      checkRange(source, position, into.length);
      try {
        into.set(new Uint8Array(reader.readAsArrayBuffer(blob.slice(position, position + into.length))));
      } catch (cause) {
        throw unreadable(cause);
      }
    }
  };
}

/** A browser's File refuses to be read once the file under it changed. */
function unreadable(cause: unknown): TaggedError {
  return new TaggedError('file-unreadable', 'the file can no longer be read', {}, { cause });
}

export interface CacheOptions {
  blockBytes?: number;
  mostBlocks?: number;
}

/** Keeps the blocks used last, so that many small reads cost few large ones. */
export function cachedSource(inner: ByteSource, options: CacheOptions = {}): ByteSource {
  const { blockBytes = 256 * 1024, mostBlocks = 64 } = options;
  const blocks = new Map<number, Promise<Uint8Array>>();

  function block(index: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const known = blocks.get(index);
    blocks.delete(index);
    const position = index * blockBytes;
    const loading = known ?? inner.read(position, Math.min(blockBytes, inner.size - position), signal);
    blocks.set(index, loading);
    // The promise is cached, and dropped when it fails, so that a failure is tried again.
    if (!known) loading.catch(() => blocks.delete(index));
    const [oldest] = blocks.keys();
    if (blocks.size > mostBlocks && oldest !== undefined) blocks.delete(oldest);
    return loading;
  }

  return {
    size: inner.size,
    async read(position, length, signal) {
      checkRange(inner, position, length);
      const bytes = new Uint8Array(length);
      const first = Math.floor(position / blockBytes);
      const last = Math.floor((position + length - 1) / blockBytes);
      const indices = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
      const loaded = await Promise.all(indices.map((index) => block(index, signal)));
      loaded.forEach((data, i) => {
        const start = (first + i) * blockBytes;
        const from = Math.max(position, start);
        const to = Math.min(position + length, start + data.length);
        bytes.set(data.subarray(from - start, to - start), from - position);
      });
      return bytes;
    }
  };
}
