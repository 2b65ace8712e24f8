/**
 * Finds the peers of a room through signalling and keeps an authenticated WebRTC connection to each: announces again,
 * gives up attempts that hang, and starts anew with backoff.
 */
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { type Room } from '../identity/rooms.ts';
import { type ErrorRecord, TaggedError, toErrorRecord } from '../model/errors.ts';
import { type ConnectionSet } from './connection-set.ts';
import { type FailureGate } from './failure-gate.ts';
import { MeshPeer, type MeshPeerHost } from './mesh-peer.ts';
import { type Credential, type PeerIdentity } from './peer-identity.ts';
import { type Signal, SignalCipher } from './signal-cipher.ts';
import { SignallingClient, type SignallingState } from './signalling-client.ts';
import { type RtcFactory } from './transport.ts';

export interface RoomMeshOptions {
  readonly room: Room;
  readonly identity: PeerIdentity;
  readonly credential: Credential;
  /** ws:// or wss:// addresses; the same room may be announced on several. */
  readonly signalling: readonly string[];
  readonly rtc: RtcFactory;
  readonly gate: FailureGate;
  readonly connections: ConnectionSet;
  readonly onTrouble: (trouble: MeshTrouble) => void;
  /** A signalling server or a peer came or went. */
  readonly onChange: () => void;
}

/** Why an attempt at a peer that answers did not become a connection. */
export interface MeshTrouble {
  /** Its session in the room, where one is to blame. */
  readonly peer?: string;
  readonly step: 'no-candidate-pair' | 'handshake-refused';
  readonly error: ErrorRecord;
}

const mostPeers = 20;
/** Messages that wait to be opened; what comes beyond is lost, and announced again by who means it. */
const mostWaiting = 1000;
const announceFirstMs = 1000;
const announceLongestMs = 15_000;

export class RoomMesh {
  readonly #options: RoomMeshOptions;
  readonly #id = toHex(randomBytes(16));
  readonly #cipher: SignalCipher;
  readonly #clients = new Map<string, SignallingClient>();
  readonly #peers = new Map<string, MeshPeer>();
  #incoming: Promise<void> = Promise.resolve();
  #waiting = 0;
  #announceTimer: ReturnType<typeof setTimeout> | undefined;
  #announceDelayMs = announceFirstMs;
  #stopped = false;

  private constructor(options: RoomMeshOptions, cipher: SignalCipher) {
    this.#options = options;
    this.#cipher = cipher;
    this.meetAt(options.signalling);
  }

  static async start(options: RoomMeshOptions): Promise<RoomMesh> {
    return new RoomMesh(options, await SignalCipher.of(options.room.password));
  }

  /** Meets at these addresses from now on; connections that stand are left alone. */
  meetAt(signalling: readonly string[]): void {
    if (this.#stopped) return;
    for (const [url, client] of this.#clients) {
      if (signalling.includes(url)) continue;
      client.stop();
      this.#clients.delete(url);
    }
    for (const url of signalling) if (!this.#clients.has(url)) this.#clients.set(url, this.#clientFor(url));
  }

  get signallingStates(): readonly SignallingState[] {
    return [...this.#clients.values()].map(({ state }) => state);
  }

  get addresses(): readonly string[] {
    return [...this.#clients.keys()];
  }

  /** Peers that are here, connected or not. */
  get peerCount(): number {
    return this.#peers.size;
  }

  /** Whether a session is still here. */
  knows(peer: string): boolean {
    return this.#peers.has(peer);
  }

  /** Announces now, and often again for a while. */
  announceSoon(): void {
    this.#announceDelayMs = announceFirstMs;
    this.#announce();
  }

  /** Those refused before may be members now. */
  retryRefused(): void {
    for (const peer of this.#peers.values()) peer.retryNow();
    this.announceSoon();
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#announceTimer);
    await this.#send({ type: 'bye', from: this.#id });
    this.#stopped = true;
    for (const peer of this.#peers.values()) peer.stop();
    this.#peers.clear();
    for (const client of this.#clients.values()) client.stop();
  }

  #clientFor(url: string): SignallingClient {
    return new SignallingClient({
      url,
      topic: this.#options.room.name,
      handlers: {
        onMessage: (data) => this.#receive(data),
        onReady: () => this.announceSoon(),
        onState: () => this.#options.onChange()
      }
    });
  }

  #announce(): void {
    clearTimeout(this.#announceTimer);
    if (this.#stopped) return;
    void this.#send({ type: 'announce', from: this.#id });
    // An announcement may be lost, or come before the other side listens: nothing but repetition mends that.
    this.#announceTimer = setTimeout(
      () => this.#announce(),
      this.#announceDelayMs * (0.75 + Math.random() / 2)
    );
    this.#announceDelayMs = Math.min(this.#announceDelayMs * 2, announceLongestMs);
  }

  async #send(signal: Signal): Promise<void> {
    const sealed = await this.#cipher.seal(signal);
    if (this.#stopped) return;
    for (const client of this.#clients.values()) client.publish(sealed);
  }

  /** In order of arrival, though opening a seal is asynchronous: a candidate follows its offer. */
  #receive(data: unknown): void {
    if (this.#waiting >= mostWaiting) return;
    this.#waiting += 1;
    this.#incoming = this.#incoming
      .then(async () => {
        const signal = await this.#cipher.open(data);
        if (signal && !this.#stopped) this.#handle(signal);
      })
      .finally(() => (this.#waiting -= 1))
      .catch((error: unknown) => {
        // Such as no more WebRTC connections to be had; the next signal is handled all the same.
        this.#options.onTrouble({ step: 'no-candidate-pair', error: toErrorRecord(asTagged(error)) });
      });
  }

  #handle(signal: Signal): void {
    if (signal.from === this.#id) return;
    if ('to' in signal && signal.to !== this.#id) return;
    if (signal.type === 'bye') {
      this.#peers.get(signal.from)?.leave();
      return;
    }
    const known = this.#peers.get(signal.from);
    const peer = known ?? this.#meet(signal.from);
    peer?.receive(signal);
  }

  #meet(id: string): MeshPeer | undefined {
    if (this.#peers.size >= mostPeers) return undefined;
    const peer = new MeshPeer(this.#hostFor(id));
    this.#peers.set(id, peer);
    this.#options.onChange();
    return peer;
  }

  #forget(id: string): void {
    this.#peers.get(id)?.stop();
    if (this.#peers.delete(id)) this.#options.onChange();
  }

  #hostFor(id: string): MeshPeerHost {
    const { room, identity, credential, rtc, gate, connections, onTrouble } = this.#options;
    return {
      ownId: this.#id,
      peerId: id,
      offers: this.#id > id,
      newSession: rtc,
      linkOptions: { room: room.name, identity, credential, gate },
      send: (signal) => void this.#send(signal),
      onConnection: (connection) => connections.add(connection),
      onTrouble: (step, error) => onTrouble({ peer: id, step, error: toErrorRecord(asTagged(error)) }),
      onGone: () => this.#forget(id)
    };
  }
}

function asTagged(error: unknown): TaggedError {
  if (error instanceof TaggedError) return error;
  return new TaggedError('peer-failed', String(error), {}, { cause: error });
}
