/**
 * The same authenticated connection over one WebSocket, for a node on this machine when there is no network interface
 * that WebRTC could use. There is no DTLS, so the fingerprints are empty; both ends accept it on loopback only.
 */
import { TaggedError } from '../model/errors.ts';
import { frameLimit } from './frames.ts';
import { type ChannelName, channelNames } from './peer-channel.ts';
import {
  dataChannelIds,
  type Fingerprints,
  lowWatermark,
  type PeerTransport,
  type RawChannel,
  type RawChannelHandlers
} from './transport.ts';

/** What the browser's WebSocket and `ws` have in common. */
export interface MessageSocket {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string | Uint8Array<ArrayBuffer>): void;
  close(code?: number): void;
}

const open = 1;
/** A WebSocket does not tell when it has drained. */
const drainCheckMs = 5;
const loopbackHosts = new Set(['localhost', '127.0.0.1', '[::1]']);

/**
 * Dials the node's `/peer` address and names the room.
 * @throws {TaggedError} `loopback-only` when the address is not this machine's
 */
export function dialLoopback(url: string, room: string): PeerTransport {
  if (!loopbackHosts.has(new URL(url).hostname))
    throw new TaggedError('loopback-only', 'A WebSocket carries a peer connection on this machine only.');
  const socket: MessageSocket = new WebSocket(url);
  const opened = new Promise<void>((resolve, reject) => {
    socket.onopen = () => {
      socket.send(JSON.stringify({ v: 1, room }));
      resolve();
    };
    socket.onerror = () =>
      reject(new TaggedError('loopback-unreachable', `No node answers at ${url}.`, { url }));
  });
  return new SocketTransport(socket, opened);
}

export class SocketTransport implements PeerTransport {
  readonly carrier = 'loopback';
  readonly opened: Promise<void>;
  readonly #socket: MessageSocket;
  readonly #handlers = new Map<ChannelName, RawChannelHandlers>();
  readonly #closeListeners: (() => void)[] = [];
  #drainTimer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param opened for a socket that is not open yet */
  constructor(socket: MessageSocket, opened: Promise<void> = Promise.resolve()) {
    this.#socket = socket;
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }: { data: unknown }) => this.#receive(data);
    socket.onclose = () => this.close();
    this.opened = opened;
    opened.catch(() => this.close());
  }

  channel(name: ChannelName): RawChannel {
    const socket = this.#socket;
    return {
      get bufferedAmount() {
        return socket.bufferedAmount;
      },
      send: (frame) => this.#send(name, frame),
      attach: (handlers) => this.#handlers.set(name, handlers)
    };
  }

  fingerprints(): Promise<Fingerprints> {
    return Promise.resolve({ local: '', remote: '' });
  }

  remoteAddress(): Promise<string> {
    return Promise.resolve('127.0.0.1');
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#drainTimer);
    this.#socket.close();
    for (const listener of this.#closeListeners) listener();
  }

  #send(name: ChannelName, frame: Uint8Array): void {
    if (this.#closed || this.#socket.readyState !== open)
      throw new TaggedError('peer-closed', 'The connection to the peer ended.');
    const packet = new Uint8Array(1 + frame.length);
    packet[0] = dataChannelIds[name];
    packet.set(frame, 1);
    this.#socket.send(packet);
    if (this.#socket.bufferedAmount > lowWatermark) this.#watchDrain();
  }

  #watchDrain(): void {
    this.#drainTimer ??= setTimeout(() => {
      this.#drainTimer = undefined;
      if (this.#socket.bufferedAmount > lowWatermark) this.#watchDrain();
      else for (const { onDrained } of this.#handlers.values()) onDrained();
    }, drainCheckMs);
  }

  #receive(data: unknown): void {
    if (this.#closed) return;
    const packet = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
    const name = channelNames.find((channel) => dataChannelIds[channel] === packet[0]);
    if (!name || packet.length > frameLimit + 1) this.close();
    else this.#handlers.get(name)?.onFrame(packet.subarray(1));
  }
}
