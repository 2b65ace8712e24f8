/** Chunks over one bulk channel: sends them with acknowledgement, and gathers arriving ones for their transfer. */
import { TaggedError } from '#lib/model/errors.ts';
import { decodeBulkFrame, encodeBulkFrame, partBytes, type BulkFrame } from './bulk-frames.ts';
import { type Deflate } from '#lib/bytes/deflate.ts';
import { decodeChunk, encodeChunk, encodings } from './chunk-encoding.ts';
import { type ChunkCarrier, sendWindow } from './chunk-sender.ts';
import { connectionLost } from './control-link.ts';
import { type MessageChannel } from './message-channel.ts';
import { type TransferId } from './protocol.ts';

/** Verifies and stores one chunk; rejects when it may not be acknowledged. */
export type ChunkTaker = (index: number, hash: Uint8Array, bytes: Uint8Array) => Promise<void>;

interface Arriving {
  hash: Uint8Array;
  encoding: number;
  bytes: Uint8Array<ArrayBuffer>;
  received: number;
}

interface Waiting {
  resolve(): void;
  reject(error: Error): void;
}

const maxChunkBytes = 1024 * 1024;
/** Bytes/s at which a link takes bytes about as fast as they are deflated, which then only costs time. */
const fastLink = 15e6;
/** Chunks that are sent as they are after one that would not shrink, or was refused. */
const plainRun = 16;
/** Announced chunks whose bytes are still to come, over all transfers: caps what a peer can make us allocate. */
const maxArriving = 16;

export class BulkLink {
  readonly #channel: MessageChannel;
  readonly #takers = new Map<TransferId, ChunkTaker>();
  readonly #arriving = new Map<string, Arriving>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #deflate: Deflate | undefined;
  #closed = false;
  /** Of the last chunk, all that were under way together. */
  #bytesPerSecond = 0;
  #plainChunks = 0;
  /** Bytes of chunks put on the channel, those sent again included, as they are in the file. */
  bytesSent = 0;
  /** Bytes that they took on the channel. */
  wireBytesSent = 0;

  /** @param options.deflate with it, chunks are encoded for links that are slow */
  constructor(channel: MessageChannel, { deflate }: { deflate?: Deflate | undefined } = {}) {
    this.#channel = channel;
    this.#deflate = deflate;
    channel.onMessage((message) => this.#receive(message));
    channel.onClose(() => this.#close());
  }

  /** Takes a transfer's chunks until the returned function is called. */
  take(transfer: TransferId, taker: ChunkTaker): () => void {
    this.#takers.set(transfer, taker);
    return () => {
      this.#takers.delete(transfer);
      for (const key of this.#arriving.keys()) if (key.startsWith(transfer)) this.#arriving.delete(key);
    };
  }

  /** Where a sender puts a transfer's chunks. */
  carrier(transfer: TransferId): ChunkCarrier {
    return { put: (index, hash, bytes, signal) => this.#put({ transfer, index, hash, bytes, signal }) };
  }

  async #put(chunk: {
    transfer: TransferId;
    index: number;
    hash: Uint8Array;
    bytes: Uint8Array;
    signal: AbortSignal | undefined;
  }): Promise<void> {
    const { transfer, index, hash, bytes, signal } = chunk;
    signal?.throwIfAborted();
    if (this.#closed) throw connectionLost();
    const key = keyOf(chunk);
    const stored = new Promise<void>((resolve, reject) => this.#waiting.set(key, { resolve, reject }));
    // Whoever awaits it comes later; without this a closing channel would be an unhandled rejection meanwhile.
    stored.catch(() => {});
    const abort = () => this.#waiting.get(key)?.reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    const encoded = await this.#encode(bytes);
    const sent = encoded ?? bytes;
    const encoding = encoded ? encodings.splitDeflate : encodings.plain;
    const began = performance.now();
    try {
      await this.#send({ type: 'announce', transfer, index, hash, encoding, length: sent.byteLength });
      for (let offset = 0; offset < sent.byteLength; offset += partBytes) {
        signal?.throwIfAborted();
        const part = sent.subarray(offset, offset + partBytes);
        await this.#send({ type: 'part', transfer, index, offset, bytes: part });
        const done = offset + part.byteLength;
        this.bytesSent += share(done, sent, bytes) - share(offset, sent, bytes);
        this.wireBytesSent += part.byteLength;
      }
      await stored;
      const seconds = (performance.now() - began) / 1000;
      this.#bytesPerSecond = (sendWindow * sent.byteLength) / Math.max(seconds, 0.001);
    } catch (error) {
      // A peer that does not know the encoding refuses it; the chunk is tried again as it is.
      if (encoded) this.#plainChunks = plainRun;
      throw error;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waiting.delete(key);
    }
  }

  /** Undefined where it is better sent as it is. */
  async #encode(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (!this.#deflate || this.#bytesPerSecond > fastLink || this.#plainChunks-- > 0) return undefined;
    const encoded = await encodeChunk(bytes, this.#deflate).catch(() => undefined);
    this.#plainChunks = encoded ? 0 : plainRun;
    return encoded;
  }

  async #send(frame: BulkFrame): Promise<void> {
    if (this.#closed) throw connectionLost();
    try {
      await this.#channel.send(encodeBulkFrame(frame));
    } catch (error) {
      throw this.#closed ? connectionLost() : error;
    }
  }

  #receive(message: Uint8Array): void {
    let frame: BulkFrame;
    try {
      frame = decodeBulkFrame(message);
    } catch {
      return;
    }
    const key = keyOf(frame);
    if (frame.type === 'stored') this.#waiting.get(key)?.resolve();
    else if (frame.type === 'refused')
      this.#waiting
        .get(key)
        ?.reject(new TaggedError('chunk-refused', `Chunk ${frame.index} arrived damaged or unasked for.`));
    else if (frame.type === 'announce') this.#announce(key, frame);
    else this.#gather(key, frame);
  }

  #announce(key: string, frame: BulkFrame & { type: 'announce' }): void {
    const { plain, splitDeflate } = encodings;
    const known = frame.encoding === plain || frame.encoding === splitDeflate;
    const wanted = this.#takers.has(frame.transfer) && known && frame.length <= maxChunkBytes;
    if (!wanted || this.#arriving.size >= maxArriving) return this.#answer('refused', frame);
    const { hash, encoding } = frame;
    const arriving = { hash, encoding, bytes: new Uint8Array(frame.length), received: 0 };
    if (frame.length === 0) void this.#store(frame, arriving);
    else this.#arriving.set(key, arriving);
  }

  // Channels are ordered, so a part that does not continue where the last one ended is a broken peer's.
  #gather(key: string, frame: BulkFrame & { type: 'part' }): void {
    const arriving = this.#arriving.get(key);
    if (!arriving) return;
    const { bytes, received } = arriving;
    if (frame.offset !== received || received + frame.bytes.byteLength > bytes.byteLength) {
      this.#arriving.delete(key);
      return this.#answer('refused', frame);
    }
    bytes.set(frame.bytes, received);
    arriving.received += frame.bytes.byteLength;
    if (arriving.received < bytes.byteLength) return;
    this.#arriving.delete(key);
    void this.#store(frame, arriving);
  }

  async #store(
    frame: { transfer: TransferId; index: number },
    { hash, encoding, bytes }: Arriving
  ): Promise<void> {
    try {
      const chunk = encoding === encodings.plain ? bytes : await decodeChunk(bytes, maxChunkBytes);
      await this.#takers.get(frame.transfer)?.(frame.index, hash, chunk);
      this.#answer('stored', frame);
    } catch {
      this.#answer('refused', frame);
    }
  }

  #answer(type: 'stored' | 'refused', { transfer, index }: { transfer: TransferId; index: number }): void {
    this.#send({ type, transfer, index }).catch(() => {});
  }

  #close(): void {
    this.#closed = true;
    for (const { reject } of this.#waiting.values()) reject(connectionLost());
    this.#waiting.clear();
    this.#arriving.clear();
  }
}

/** Of a chunk's bytes, those that the first `done` of what is sent stand for. */
function share(done: number, sent: Uint8Array, bytes: Uint8Array): number {
  return Math.round((bytes.byteLength * done) / sent.byteLength);
}

function keyOf({ transfer, index }: { transfer: TransferId; index: number }): string {
  return `${transfer}:${index}`;
}
