/** A file that is arriving: verified chunks, kept over a lost connection. Stored in OPFS or in the node's data folder. */
import { chunkBytes, chunkCount, hashChunk, rootFromChunkHashes } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { ChunkBitmap } from './chunk-bitmap.ts';
import { type FileIdentity } from './protocol.ts';
import { chunkLength } from './transfer-progress.ts';

export interface PartialFile {
  readonly identity: FileIdentity;
  readonly have: ChunkBitmap;
  /** Stores a verified chunk, with its hash, before the bitmap says so. */
  write(index: number, hash: Uint8Array, bytes: Uint8Array): Promise<void>;
  /** Hashes of all chunks, in order; only once `have` is complete. */
  leaves(): Promise<Uint8Array[]>;
  /** Makes the whole, verified file appear under its root; nothing of it was visible before. */
  commit(root: ContentRoot): Promise<void>;
  /** Removes everything. */
  discard(): Promise<void>;
}

/**
 * Verifies one chunk and stores it; a chunk that is there already is not stored again.
 * @throws TaggedError `chunk-refused`.
 */
export async function takeChunk(
  partial: PartialFile,
  index: number,
  hash: Uint8Array,
  bytes: Uint8Array
): Promise<void> {
  const size = partial.identity.size;
  if (index >= partial.have.chunkCount || bytes.byteLength !== chunkLength(size, index)) throw refused(index);
  if (!equalBytes(await hashChunk(bytes), hash)) throw refused(index);
  if (!partial.have.has(index)) await partial.write(index, hash, bytes);
}

/**
 * Compares the root of what arrived with the announced one and commits.
 * @throws TaggedError `root-mismatch` (everything is then discarded) or `transfer-incomplete`.
 */
export async function finishPartial(partial: PartialFile, expected?: ContentRoot): Promise<ContentRoot> {
  if (!partial.have.isComplete)
    throw new TaggedError('transfer-incomplete', 'The transfer ended before all of the file had arrived.');
  const root = await rootFromChunkHashes(await partial.leaves(), partial.identity.size);
  if (expected !== undefined && root !== expected) {
    await partial.discard();
    throw new TaggedError('root-mismatch', 'What arrived is not the file that was announced.');
  }
  await partial.commit(root);
  return root;
}

function refused(index: number): TaggedError {
  return new TaggedError('chunk-refused', `Chunk ${index} does not have the bytes that were announced.`);
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, at) => byte === b[at]);
}

/** A partial file in memory, for small files and for tests. */
export class MemoryPartialFile implements PartialFile {
  readonly identity: FileIdentity;
  readonly have: ChunkBitmap;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #leaves: Uint8Array[] = [];
  committed: { root: ContentRoot; bytes: Uint8Array<ArrayBuffer> } | undefined;

  constructor(identity: FileIdentity) {
    this.identity = identity;
    this.have = new ChunkBitmap(chunkCount(identity.size));
    this.#bytes = new Uint8Array(identity.size);
  }

  async write(index: number, hash: Uint8Array, bytes: Uint8Array): Promise<void> {
    this.#bytes.set(bytes, index * chunkBytes);
    this.#leaves[index] = hash;
    this.have.add(index);
  }

  async leaves(): Promise<Uint8Array[]> {
    return this.#leaves;
  }

  async commit(root: ContentRoot): Promise<void> {
    this.committed = { root, bytes: this.#bytes };
  }

  async discard(): Promise<void> {
    this.#leaves.length = 0;
  }
}
