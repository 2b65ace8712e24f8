/** Which chunks of a file are verified: one bit each, as a transfer's resumption sends it. */
import { TaggedError } from '#lib/model/errors.ts';

export class ChunkBitmap {
  readonly chunkCount: number;
  readonly #bytes: Uint8Array;
  #set = 0;

  constructor(chunkCount: number, bytes = new Uint8Array(Math.ceil(chunkCount / 8))) {
    this.chunkCount = chunkCount;
    this.#bytes = bytes;
    for (let index = 0; index < chunkCount; index++) if (this.has(index)) this.#set++;
  }

  /** @throws TaggedError `bad-bitmap` when the text is not one of `chunkCount` bits. */
  static fromBase64(text: string, chunkCount: number): ChunkBitmap {
    try {
      const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
      if (bytes.length === Math.ceil(chunkCount / 8)) return new ChunkBitmap(chunkCount, bytes);
    } catch {
      // Falls through: not base64 is as wrong as a wrong length.
    }
    throw new TaggedError('bad-bitmap', 'The list of chunks that are there already does not fit the file.');
  }

  toBase64(): string {
    let text = '';
    for (const byte of this.#bytes) text += String.fromCharCode(byte);
    return btoa(text);
  }

  get setCount(): number {
    return this.#set;
  }

  get isComplete(): boolean {
    return this.#set === this.chunkCount;
  }

  has(index: number): boolean {
    return ((this.#bytes[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
  }

  add(index: number): void {
    if (index < 0 || index >= this.chunkCount || this.has(index)) return;
    this.#bytes[index >> 3] = (this.#bytes[index >> 3] ?? 0) | (1 << (index & 7));
    this.#set++;
  }

  *missing(): Generator<number> {
    for (let index = 0; index < this.chunkCount; index++) if (!this.has(index)) yield index;
  }
}
