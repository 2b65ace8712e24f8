/** Sends the missing chunks of a file, a few at a time, and proves with the root that both sides hold the same bytes. */
import { type ByteSource } from '#lib/bytes/byte-source.ts';
import { chunkBytes, chunkCount, hashChunk, rootFromChunkHashes } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { type ChunkBitmap } from './chunk-bitmap.ts';
import { type TransferProgress } from './transfer-progress.ts';

/** Moves one chunk; resolves once the receiver has verified and stored it. */
export interface ChunkCarrier {
  put(index: number, hash: Uint8Array, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
}

/** Chunks under way and not yet acknowledged: what a lost connection costs at most, in MiB. */
export const sendWindow = 4;
const maxAttempts = 3;

export interface SendOptions {
  source: ByteSource;
  /** What the receiver has verified before. */
  have: ChunkBitmap;
  carrier: ChunkCarrier;
  /** When it is known, chunks that the receiver has need not be read again to make it. */
  root?: ContentRoot;
  /** Rejects when the file is no longer what it was at the start. */
  checkUnchanged?: () => Promise<void>;
  onProgress?: (progress: TransferProgress) => void;
  signal?: AbortSignal;
}

/**
 * @returns the root of the whole file.
 * @throws what the source, the carrier or `checkUnchanged` throws; `file-changed` when the bytes give another root.
 */
export async function sendChunks(options: SendOptions): Promise<ContentRoot> {
  const { source, have, root, signal } = options;
  const leaves = new Array<Uint8Array | undefined>(chunkCount(source.size));
  await inWindow(have.missing(), (index) => sendOne(options, index, leaves));
  await options.checkUnchanged?.();
  if (root !== undefined && leaves.some((leaf) => leaf === undefined)) return root;
  const complete: Uint8Array[] = [];
  for (const [index, leaf] of leaves.entries())
    complete.push(leaf ?? (await hashChunk(await readChunk(source, index, signal))));
  const found = await rootFromChunkHashes(complete, source.size);
  if (root !== undefined && root !== found) throw fileChanged();
  return found;
}

async function sendOne(
  options: SendOptions,
  index: number,
  leaves: (Uint8Array | undefined)[]
): Promise<void> {
  const { source, have, carrier, onProgress, signal } = options;
  const bytes = await readChunk(source, index, signal);
  const hash = await hashChunk(bytes);
  leaves[index] = hash;
  for (let attempt = 1; ; attempt++) {
    try {
      await carrier.put(index, hash, bytes, signal);
      break;
    } catch (error) {
      const damaged = error instanceof TaggedError && error.tag === 'chunk-refused';
      if (!damaged || attempt === maxAttempts) throw error;
    }
  }
  have.add(index);
  onProgress?.(progressOf(source.size, have));
}

/** Bytes that are verified, from the chunks that are. */
export function progressOf(size: number, have: ChunkBitmap): TransferProgress {
  const last = have.chunkCount - 1;
  const missingOfLast = have.has(last) ? have.chunkCount * chunkBytes - size : 0;
  return { bytesDone: have.setCount * chunkBytes - Math.max(0, missingOfLast), bytesTotal: size };
}

export async function readChunk(
  source: ByteSource,
  index: number,
  signal?: AbortSignal
): Promise<Uint8Array> {
  const position = index * chunkBytes;
  return source.read(position, Math.min(chunkBytes, source.size - position), signal);
}

async function inWindow(indexes: Iterable<number>, send: (index: number) => Promise<void>): Promise<void> {
  const iterator = indexes[Symbol.iterator]();
  let failed = false;
  const lane = async () => {
    for (let next = iterator.next(); !next.done && !failed; next = iterator.next())
      await send(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
  };
  await Promise.all(Array.from({ length: sendWindow }, lane));
}

export function fileChanged(): TaggedError {
  return new TaggedError('file-changed', 'The file changed while it was being sent.');
}
