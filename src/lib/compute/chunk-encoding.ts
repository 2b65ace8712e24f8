/**
 * Lossless encoding of chunks for slow links. The two bytes of 16-bit samples are set apart, so that the high ones, which
 * hardly change, shrink to little, and the whole is deflated: int16 recordings come to about half their size.
 */
import { type Deflate } from '#lib/bytes/deflate.ts';
import { TaggedError } from '#lib/model/errors.ts';

/** As the `announce` frame names them. */
export const encodings = { plain: 0, splitDeflate: 1 } as const;

/** All bytes at even places, then all at odd ones. */
export function splitBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const split = new Uint8Array(bytes.byteLength);
  const half = (bytes.byteLength + 1) >> 1;
  for (let at = 0; at < bytes.byteLength; at++) split[(at & 1 ? half : 0) + (at >> 1)] = bytes[at] ?? 0;
  return split;
}

/** The inverse of `splitBytes`. */
export function joinBytes(split: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(split.byteLength);
  const half = (split.byteLength + 1) >> 1;
  for (let at = 0; at < bytes.byteLength; at++) bytes[at] = split[(at & 1 ? half : 0) + (at >> 1)] ?? 0;
  return bytes;
}

/** Undefined when it would not shrink by a tenth. */
export async function encodeChunk(
  bytes: Uint8Array,
  deflate: Deflate
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const encoded = await deflate(splitBytes(bytes));
  return encoded.byteLength < 0.9 * bytes.byteLength ? encoded : undefined;
}

/**
 * @param mostBytes what it may unfold to: a peer's few bytes must not become gigabytes
 * @throws TaggedError `chunk-refused` when it is no such encoding, or of more bytes
 */
export async function decodeChunk(
  encoded: Uint8Array<ArrayBuffer>,
  mostBytes: number
): Promise<Uint8Array<ArrayBuffer>> {
  const refused = () => new TaggedError('chunk-refused', 'The chunk is not encoded as it says.');
  const split = new Uint8Array(mostBytes);
  let length = 0;
  const reader = new Blob([encoded]).stream().pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      if (length + part.value.byteLength > mostBytes) throw refused();
      split.set(part.value, length);
      length += part.value.byteLength;
    }
  } catch {
    await reader.cancel().catch(() => undefined);
    throw refused();
  }
  return joinBytes(split.subarray(0, length));
}
