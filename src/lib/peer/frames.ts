/**
 * Messages are split into frames of at most 64 KiB, because data channels drop or refuse larger ones (Chromium and
 * libdatachannel: 256 KiB). A frame is an 8-byte header (magic, version, kind, 0, remaining bytes of the message
 * including this frame, big-endian) and its payload; frames of one message follow each other without gaps.
 */
import { TaggedError } from '../model/errors.ts';

export const frameLimit = 64 * 1024;
const headerLength = 8;
const payloadLimit = frameLimit - headerLength;
const magic = 0xd3;
const version = 1;

/** What a frame carries; only `message` reaches the layers above. */
export const frameKind = { message: 0, ping: 1, pong: 2, handshake: 3 } as const;
export type FrameKind = (typeof frameKind)[keyof typeof frameKind];
const kinds = new Set<number>(Object.values(frameKind));

export interface Frame {
  kind: FrameKind;
  /** Bytes of the message still to come, this payload included. */
  remaining: number;
  /** A view into the received bytes. */
  payload: Uint8Array;
}

/** The frames of one message, in order; an empty message is one frame without payload. */
export function* splitMessage(
  message: Uint8Array,
  kind: FrameKind = frameKind.message
): Generator<Uint8Array> {
  let position = 0;
  do {
    const remaining = message.length - position;
    const length = Math.min(remaining, payloadLimit);
    const frame = new Uint8Array(headerLength + length);
    frame[0] = magic;
    frame[1] = version;
    frame[2] = kind;
    new DataView(frame.buffer).setUint32(4, remaining);
    frame.set(message.subarray(position, position + length), headerLength);
    position += length;
    yield frame;
  } while (position < message.length);
}

/** @throws {TaggedError} `peer-frame-invalid` for anything that `splitMessage` would not have made */
export function parseFrame(bytes: Uint8Array): Frame {
  if (bytes.length < headerLength || bytes.length > frameLimit) throw invalid('length', bytes.length);
  if (bytes[0] !== magic) throw invalid('magic', bytes[0]);
  if (bytes[1] !== version) throw invalid('version', bytes[1]);
  const kind = bytes[2] ?? -1;
  if (!isFrameKind(kind)) throw invalid('kind', kind);
  const remaining = new DataView(bytes.buffer, bytes.byteOffset, headerLength).getUint32(4);
  const payload = bytes.subarray(headerLength);
  const expected = Math.min(remaining, payloadLimit);
  if (payload.length !== expected) throw invalid('payload', payload.length);
  return { kind, remaining, payload };
}

/** Puts the frames of one channel together again; holds at most `limit` bytes. */
export class MessageAssembler {
  readonly #limit: number;
  #parts: Uint8Array[] = [];
  #received = 0;
  #remaining = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @returns the whole message once its last frame is in
   * @throws {TaggedError} `peer-frame-invalid` out of order, `peer-message-too-large` above the limit
   */
  push(frame: Frame): Uint8Array | undefined {
    const first = this.#remaining === 0;
    if (first && frame.remaining > this.#limit)
      throw new TaggedError('peer-message-too-large', 'The peer sent a message that is too large.', {
        bytes: frame.remaining,
        limit: this.#limit
      });
    if (!first && frame.remaining !== this.#remaining) throw invalid('order', frame.remaining);
    // Received bytes are copied: transports may reuse their buffer.
    this.#parts.push(frame.payload.slice());
    this.#received += frame.payload.length;
    this.#remaining = frame.remaining - frame.payload.length;
    if (this.#remaining > 0) return undefined;
    return this.#take();
  }

  #take(): Uint8Array {
    const [only] = this.#parts;
    const message = this.#parts.length === 1 && only ? only : new Uint8Array(this.#received);
    if (message !== only) {
      let position = 0;
      for (const part of this.#parts) {
        message.set(part, position);
        position += part.length;
      }
    }
    this.#parts = [];
    this.#received = 0;
    return message;
  }
}

function isFrameKind(kind: number): kind is FrameKind {
  return kinds.has(kind);
}

function invalid(field: string, found: number | undefined): TaggedError {
  return new TaggedError('peer-frame-invalid', `The peer sent a frame with a wrong ${field}.`, {
    field,
    found: found ?? null
  });
}
