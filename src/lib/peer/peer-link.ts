/**
 * Turns a transport into an authenticated connection: frames on all three channels, the handshake on `control`, then a
 * ping whenever the other side is silent.
 */
import { TaggedError, toErrorRecord } from '../model/errors.ts';
import { type FailureGate } from './failure-gate.ts';
import { FramedChannel } from './framed-channel.ts';
import { type FrameKind, frameKind } from './frames.ts';
import {
  type HandshakePort,
  isHostile,
  refuseForNow,
  runHandshake,
  type Side,
  unverifiedLimit
} from './handshake.ts';
import { type ChannelName, channelNames } from './peer-channel.ts';
import { PeerConnection } from './peer-connection.ts';
import { type Credential, type PeerIdentity } from './peer-identity.ts';
import { type PeerTransport } from './transport.ts';

const handshakeTimeoutMs = 5000;
const refusalDelayMs = 250;
const pingIntervalMs = 1000;
/**
 * Nothing heard and nothing sent on for this long, after asking: the connection is dead. A peer that lost it itself says
 * so through signalling long before; this is for a path that broke for both, and must not end a peer that is only busy.
 */
const silenceLimitMs = 10_000;

export interface OpenPeerOptions {
  readonly transport: PeerTransport;
  readonly side: Side;
  readonly room: string;
  readonly identity: PeerIdentity;
  readonly credential: Credential;
  readonly gate: FailureGate;
}

/**
 * Waits for the transport to open and runs the handshake. The transport is closed when that fails.
 * @throws {TaggedError} `handshake-refused`, `handshake-refused-by-peer`, `handshake-timeout`, `peer-closed`, or the
 * reason why the transport did not open
 */
export async function openPeer(options: OpenPeerOptions): Promise<PeerConnection> {
  const link = new PeerLink(options.transport);
  try {
    await options.transport.opened;
    return await link.authenticate(options);
  } catch (error) {
    if (isHostile(error)) options.gate.recordFailure(await failureKey(options));
    const reason = error instanceof TaggedError ? error : closedError();
    // The refusal must leave before the transport drops what it holds.
    if (reason.tag === 'handshake-refused') setTimeout(() => link.end(reason), refusalDelayMs);
    else link.end(reason);
    throw error;
  }
}

/** Failures count against the address where it is known, and against the pairing link always. */
async function failureKey({ transport, credential, room }: OpenPeerOptions): Promise<string> {
  if (credential.kind === 'pairing') return `link ${room}`;
  const address = await transport.remoteAddress();
  return address === undefined ? `room ${room}` : `address ${address}`;
}

class PeerLink {
  readonly #transport: PeerTransport;
  readonly #channels: Readonly<Record<ChannelName, FramedChannel>>;
  readonly #port = new Inbox((message) => this.#channels.control.sendSignal(frameKind.handshake, message));
  #connection: PeerConnection | undefined;
  #violation: TaggedError | undefined;
  #lastHeard = performance.now();
  #lastBuffered = 0;
  #lastBeat = 0;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #ended: TaggedError | undefined;

  constructor(transport: PeerTransport) {
    this.#transport = transport;
    this.#channels = Object.fromEntries(
      channelNames.map((name) => [name, this.#openChannel(name)])
    ) as Record<ChannelName, FramedChannel>;
    transport.onClose(() => this.end(this.#violation ?? closedError()));
  }

  async authenticate(options: OpenPeerOptions): Promise<PeerConnection> {
    if (!options.gate.admits(await failureKey(options))) throw refuseForNow(this.#port);
    if (this.#ended) throw this.#ended;
    const timeout = setTimeout(() => this.end(timeoutError()), handshakeTimeoutMs);
    try {
      const peer = await runHandshake({
        port: this.#port,
        side: options.side,
        room: options.room,
        identity: options.identity,
        credential: options.credential,
        fingerprints: await this.#transport.fingerprints(),
        onVerified: () => Object.values(this.#channels).forEach((channel) => channel.markVerified())
      });
      return this.#connect(peer);
    } catch (error) {
      // A transport that has ended meanwhile throws errors of its own.
      throw error instanceof TaggedError ? error : (this.#ended ?? error);
    } finally {
      clearTimeout(timeout);
    }
  }

  end(reason: TaggedError): void {
    if (this.#ended) return;
    this.#ended = reason;
    clearInterval(this.#heartbeat);
    this.#port.fail(reason);
    for (const channel of Object.values(this.#channels)) channel.end(reason);
    this.#transport.close();
    this.#connection?.close(reason.tag === 'peer-closed' ? undefined : toErrorRecord(reason));
  }

  #connect(peer: ConstructorParameters<typeof PeerConnection>[0]['peer']): PeerConnection {
    if (this.#ended) throw this.#ended;
    const connection = new PeerConnection({
      peer,
      carrier: this.#transport.carrier,
      channels: this.#channels,
      end: (reason) => this.end(reason)
    });
    this.#connection = connection;
    this.#lastHeard = this.#lastBeat = performance.now();
    this.#heartbeat = setInterval(() => this.#beat(), pingIntervalMs);
    return connection;
  }

  #openChannel(name: ChannelName): FramedChannel {
    return new FramedChannel({
      name,
      raw: this.#transport.channel(name),
      onActivity: () => (this.#lastHeard = performance.now()),
      onSignal: (kind, payload) => this.#onSignal(name, kind, payload),
      onViolation: (error) => {
        this.#violation = error;
        this.end(error);
      }
    });
  }

  #onSignal(name: ChannelName, kind: FrameKind, payload: Uint8Array): void {
    if (name !== 'control') throw new TaggedError('peer-frame-invalid', `A signal frame came on ${name}.`);
    if (kind === frameKind.handshake) this.#port.push(payload.slice());
    else if (kind === frameKind.ping && this.#connection) this.#channels.control.sendSignal(frameKind.pong);
  }

  #beat(): void {
    const buffered = Object.values(this.#channels).reduce((sum, channel) => sum + channel.bufferedAmount, 0);
    const now = performance.now();
    // Bytes that leave are a sign of life too: a pong waits behind what is being received. And after a pause of this
    // process itself (a throttled tab, a long task) what the peer sent meanwhile is still to be read.
    if (buffered < this.#lastBuffered || now - this.#lastBeat > 2 * pingIntervalMs) this.#lastHeard = now;
    this.#lastBuffered = buffered;
    this.#lastBeat = now;
    const silence = now - this.#lastHeard;
    if (silence > silenceLimitMs) {
      this.end(
        new TaggedError('peer-silent', 'The peer no longer answers.', { silentMs: Math.round(silence) })
      );
      return;
    }
    if (silence < pingIntervalMs / 2) return;
    try {
      this.#channels.control.sendSignal(frameKind.ping);
    } catch {
      this.end(closedError());
    }
  }
}

/** The handshake's messages in order, no more than `unverifiedLimit` bytes of them unread. */
class Inbox implements HandshakePort {
  readonly send: (message: Uint8Array) => void;
  readonly #messages: Uint8Array[] = [];
  #waiting: { resolve: (message: Uint8Array) => void; reject: (reason: unknown) => void } | undefined;
  #failed: TaggedError | undefined;
  #total = 0;

  constructor(send: (message: Uint8Array) => void) {
    this.send = send;
  }

  push(message: Uint8Array): void {
    this.#total += message.length;
    if (this.#total > unverifiedLimit)
      throw new TaggedError('peer-unauthenticated', 'The peer sent too much before it proved itself.');
    if (!this.#waiting) {
      this.#messages.push(message);
      return;
    }
    this.#waiting.resolve(message);
    this.#waiting = undefined;
  }

  receive(): Promise<Uint8Array> {
    const message = this.#messages.shift();
    if (message) return Promise.resolve(message);
    if (this.#failed) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  fail(reason: TaggedError): void {
    this.#failed = reason;
    this.#waiting?.reject(reason);
    this.#waiting = undefined;
  }
}

function closedError(): TaggedError {
  return new TaggedError('peer-closed', 'The connection to the peer ended.');
}

function timeoutError(): TaggedError {
  return new TaggedError('handshake-timeout', 'The other side did not finish the handshake in time.');
}
