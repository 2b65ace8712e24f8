/**
 * Content roots: a file's name by its bytes. A Merkle tree (shape of RFC 6962) over chunks of 1 MiB, so that each chunk
 * of a transfer can be checked by itself.
 */
import * as v from 'valibot';
import { ContentRoot } from '../model/ids.ts';
import { type ByteSource } from './byte-source.ts';

/** Leaves of the tree; also the unit of transfers. */
export const chunkBytes = 1 << 20;
const hashBytes = 32;

export function chunkCount(size: number): number {
  return Math.ceil(size / chunkBytes);
}

/** SHA-256(0x00 ‖ chunk). */
export function hashChunk(chunk: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return sha256(0x00, chunk);
}

/**
 * The root of a file from its chunks' hashes, in order: SHA-256(0x02 ‖ size, 8 bytes big-endian ‖ tree). The tree of no
 * chunk is empty.
 * @throws RangeError when the number of hashes does not fit the size
 */
export async function rootFromChunkHashes(hashes: readonly Uint8Array[], size: number): Promise<ContentRoot> {
  if (hashes.length !== chunkCount(size) || hashes.some(({ length }) => length !== hashBytes))
    throw new RangeError(`${hashes.length} chunk hashes do not fit ${size} bytes`);
  const sizeBytes = new Uint8Array(8);
  new DataView(sizeBytes.buffer).setBigUint64(0, BigInt(size));
  return v.parse(ContentRoot, toHex(await sha256(0x02, sizeBytes, await tree(hashes))));
}

/** The left part of an inner node holds the largest power of two of leaves that is smaller than all. */
async function tree(hashes: readonly Uint8Array[]): Promise<Uint8Array> {
  const [first] = hashes;
  if (first === undefined) return new Uint8Array();
  if (hashes.length === 1) return first;
  const split = 2 ** (31 - Math.clz32(hashes.length - 1));
  return sha256(0x01, await tree(hashes.slice(0, split)), await tree(hashes.slice(split)));
}

export interface ContentRootOptions {
  signal?: AbortSignal;
  onProgress?: (bytesDone: number) => void;
  /** SHA-256 of bytes that hold only until it resolves; the web's copies them, others may be faster. */
  sha256?: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
}

/** Reads the whole source once. @throws the signal's reason when aborted */
export async function contentRoot(
  source: ByteSource,
  { signal, onProgress, sha256: digest = webSha256 }: ContentRootOptions = {}
): Promise<ContentRoot> {
  const hashes: Uint8Array[] = [];
  // As `hashChunk`, in one place for all chunks: of a large file most of the time went into making room.
  const leaf = new Uint8Array(1 + Math.min(chunkBytes, source.size));
  for (let position = 0; position < source.size; position += chunkBytes) {
    signal?.throwIfAborted();
    const length = Math.min(chunkBytes, source.size - position);
    const chunk = leaf.subarray(1, 1 + length);
    if (source.readSync) source.readSync(chunk, position);
    else chunk.set(await source.read(position, length, signal));
    hashes.push(await digest(leaf.subarray(0, 1 + length)));
    onProgress?.(position + length);
  }
  return rootFromChunkHashes(hashes, source.size);
}

const spotCount = 16;

/**
 * Recognises a file without reading it whole: SHA-256 over its size and 16 evenly spaced MiB, the first and the last
 * among them. Files up to 16 MiB are read whole.
 */
export async function spotHash(source: ByteSource, signal?: AbortSignal): Promise<ContentRoot> {
  const sizeBytes = new Uint8Array(8);
  new DataView(sizeBytes.buffer).setBigUint64(0, BigInt(source.size));
  const parts: Uint8Array[] = [sizeBytes];
  if (source.size <= spotCount * chunkBytes) {
    parts.push(await source.read(0, source.size, signal));
  } else {
    for (let spot = 0; spot < spotCount; spot++) {
      const position = Math.round((spot * (source.size - chunkBytes)) / (spotCount - 1));
      parts.push(await source.read(position, chunkBytes, signal));
    }
  }
  return v.parse(ContentRoot, toHex(await sha256(0x03, ...parts)));
}

async function sha256(domain: number, ...parts: Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 1));
  joined[0] = domain;
  let at = 1;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return webSha256(joined);
}

async function webSha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
