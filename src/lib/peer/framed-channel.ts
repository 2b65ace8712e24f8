/** One message channel over one raw channel: frames out with backpressure, frames in put together under a limit. */
import { TaggedError } from '../model/errors.ts';
import { type FrameKind, frameKind, MessageAssembler, parseFrame, splitMessage } from './frames.ts';
import { type ChannelName, messageLimits, type PeerChannel } from './peer-channel.ts';
import { highWatermark, type RawChannel } from './transport.ts';

export interface FramedChannelOptions {
  readonly name: ChannelName;
  readonly raw: RawChannel;
  /** A frame of any kind arrived. */
  readonly onActivity: () => void;
  /** A ping, pong or handshake frame arrived. */
  readonly onSignal: (kind: FrameKind, payload: Uint8Array) => void;
  /** The other side broke the protocol: the connection must end. */
  readonly onViolation: (error: TaggedError) => void;
}

/** Bytes of messages kept while nobody listens; more end the connection. */
const heldLimits: Readonly<Record<ChannelName, number>> = {
  sync: messageLimits.sync,
  control: 4 * messageLimits.control,
  bulk: 4 * messageLimits.bulk
};

interface Outgoing {
  readonly frames: Iterator<Uint8Array, undefined>;
  readonly length: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

export class FramedChannel implements PeerChannel {
  readonly name: ChannelName;
  readonly #options: FramedChannelOptions;
  readonly #assembler: MessageAssembler;
  readonly #listeners = new Set<(message: Uint8Array) => void>();
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  #outgoing: Outgoing[] = [];
  #queuedBytes = 0;
  #verified = false;
  #closed: TaggedError | undefined;

  constructor(options: FramedChannelOptions) {
    this.name = options.name;
    this.#options = options;
    this.#assembler = new MessageAssembler(messageLimits[options.name]);
    options.raw.attach({ onFrame: (frame) => this.#receive(frame), onDrained: () => this.#pump() });
  }

  get bufferedAmount(): number {
    return this.#queuedBytes + this.#options.raw.bufferedAmount;
  }

  send(message: Uint8Array): Promise<void> {
    if (this.#closed) return Promise.reject(this.#closed);
    const limit = messageLimits[this.name];
    if (message.length > limit) return Promise.reject(tooLarge(message.length, limit));
    return new Promise((resolve, reject) => {
      this.#outgoing.push({ frames: splitMessage(message), length: message.length, resolve, reject });
      this.#queuedBytes += message.length;
      this.#pump();
    });
  }

  onMessage(listener: (message: Uint8Array) => void): () => void {
    this.#listeners.add(listener);
    const held = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    for (const message of held) listener(message);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a ping, pong or handshake frame past the queue; `payload` fits one frame. */
  sendSignal(kind: FrameKind, payload: Uint8Array = new Uint8Array()): void {
    for (const frame of splitMessage(payload, kind)) this.#options.raw.send(frame);
  }

  /** From now on messages are accepted; before, they break the protocol. */
  markVerified(): void {
    this.#verified = true;
  }

  /** Rejects what was not sent; nothing is delivered any more. */
  end(reason: TaggedError): void {
    this.#closed = reason;
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    this.#queuedBytes = 0;
    this.#listeners.clear();
    this.#held = [];
    for (const { reject } of outgoing) reject(reason);
  }

  #pump(): void {
    const { raw } = this.#options;
    while (!this.#closed && raw.bufferedAmount < highWatermark) {
      const [next] = this.#outgoing;
      if (!next) return;
      const frame = next.frames.next();
      if (frame.done) {
        this.#outgoing.shift();
        this.#queuedBytes -= next.length;
        next.resolve();
        continue;
      }
      try {
        raw.send(frame.value);
      } catch (error) {
        this.#options.onViolation(closedError(error));
        return;
      }
    }
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closed) return;
    try {
      const frame = parseFrame(bytes);
      this.#options.onActivity();
      if (frame.kind !== frameKind.message) {
        this.#options.onSignal(frame.kind, frame.payload);
        return;
      }
      if (!this.#verified)
        throw new TaggedError('peer-unauthenticated', 'The peer sent data before the handshake was done.');
      const message = this.#assembler.push(frame);
      if (message) this.#deliver(message);
    } catch (error) {
      // A listener that fails on what a peer sent ends that peer's connection, not this process.
      this.#options.onViolation(error instanceof TaggedError ? error : unexpected(error));
    }
  }

  #deliver(message: Uint8Array): void {
    if (this.#listeners.size === 0) {
      this.#heldBytes += message.length;
      const limit = heldLimits[this.name];
      if (this.#heldBytes > limit) throw tooLarge(this.#heldBytes, limit);
      this.#held.push(message);
      return;
    }
    for (const listener of this.#listeners) listener(message);
  }
}

function tooLarge(bytes: number, limit: number): TaggedError {
  return new TaggedError('peer-message-too-large', `A message of ${bytes} bytes is too large to send.`, {
    bytes,
    limit
  });
}

function unexpected(cause: unknown): TaggedError {
  return new TaggedError(
    'peer-misbehaved',
    `A message from the peer could not be handled: ${String(cause)}`,
    {},
    { cause }
  );
}

function closedError(cause: unknown): TaggedError {
  return new TaggedError('peer-closed', 'The connection to the peer ended.', {}, { cause });
}
