/**
 * y-webrtc over authenticated connections: it syncs the carrier and presence with every connection that it is given,
 * whatever carries it. Its own signalling is not used: it crashes on garbage, loses peers and meets in glare; who
 * connects to whom is decided in peer/room-mesh.ts.
 */
import * as v from 'valibot';
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness';
import { type Room, WebrtcConn, WebrtcProvider } from 'y-webrtc';
import { type Doc } from 'yjs';
import { TaggedError, toErrorRecord } from '../model/errors.ts';
import { type WriterId } from '../model/ids.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { peerOptionsOver, type SyncPort } from './connection-as-wrtc.ts';
import { type Histories } from '../project/histories.ts';
import { HeadsExchange } from './heads-exchange.ts';
import { Presence } from './presence.ts';
import { type Admit, SyncGate } from './sync-gate.ts';

export interface CarrierRoomOptions {
  readonly carrier: Doc;
  readonly own: WriterId;
  readonly admit: Admit;
  /** The histories that this side holds, to be compared with the peers'. */
  readonly histories?: Histories | undefined;
}

const mostConnections = 64;
/** Bytes of one peer that wait to be checked: the largest message and then some. */
const waitingLimit = 96 * 1024 * 1024;
const noPeer = {};
let roomCount = 0;

export class CarrierRoom {
  readonly awareness: Awareness;
  readonly #options: CarrierRoomOptions;
  readonly #provider: WebrtcProvider;
  readonly #room: Room;
  /** The id of each connection's presence. */
  readonly #presenceIds = new Map<PeerConnection, number>();
  #connectionCount = 0;

  private constructor(options: CarrierRoomOptions, provider: WebrtcProvider, room: Room) {
    this.#options = options;
    this.#provider = provider;
    this.#room = room;
    this.awareness = provider.awareness;
    this.awareness.setLocalState(null);
  }

  static async open(options: CarrierRoomOptions): Promise<CarrierRoom> {
    // A name of its own: y-webrtc also joins tabs by BroadcastChannel, past the admission check.
    const name = `dendro-${crypto.randomUUID()}-${roomCount++}`;
    // Presence goes by this id from the first moment, before anything is written.
    options.carrier.clientID = options.own;
    const provider = new WebrtcProvider(name, options.carrier, {
      signaling: [],
      awareness: new Awareness(options.carrier),
      maxConns: mostConnections,
      filterBcConns: false,
      peerOpts: noPeer
    });
    await provider.key;
    if (!provider.room) throw new Error('y-webrtc opened no room');
    provider.room.bcconnected = false;
    return new CarrierRoom(options, provider, provider.room);
  }

  /** Syncs with this connection until it closes. */
  add(connection: PeerConnection): void {
    const presenceId = this.#newPresenceId();
    const heads = this.#compareHistories(connection);
    const gate = new SyncGate({
      peer: connection,
      own: this.#options.own,
      presenceId,
      heads,
      admit: this.#options.admit,
      onMisbehaved: () =>
        connection.close({
          tag: 'peer-misbehaved',
          message: 'The peer sent too much that is not acceptable.'
        })
    });
    const id = `${connection.device}-${presenceId}`;
    const port = portOf(connection, gate);
    this.#provider.peerOpts = peerOptionsOver(port);
    const peer = new WebrtcConn(null, false, id, this.#room);
    this.#provider.peerOpts = noPeer;
    this.#room.webrtcConns.set(id, peer);
    this.#presenceIds.set(connection, presenceId);
    connection.onClose(() => {
      heads?.stop();
      peer.destroy();
      this.#room.webrtcConns.delete(id);
      this.#presenceIds.delete(connection);
      removeAwarenessStates(this.awareness, [presenceId], 'connection closed');
    });
  }

  #compareHistories(connection: PeerConnection): HeadsExchange | undefined {
    const { histories, carrier } = this.#options;
    const channel = connection.channel('sync');
    // A connection that ends tells so in onClose; the next one compares again.
    const send = (bytes: Uint8Array) => void channel.send(bytes).catch(() => undefined);
    return histories && new HeadsExchange({ histories, carrier, send });
  }

  /** Shows this to the others; null leaves. */
  setPresence(presence: Presence | null): void {
    this.awareness.setLocalState(presence);
  }

  /** What the session at the other end last showed. */
  presenceOf(connection: PeerConnection): Presence | undefined {
    const id = this.#presenceIds.get(connection);
    const state = id === undefined ? undefined : this.awareness.getStates().get(id);
    return v.is(Presence, state) ? state : undefined;
  }

  #newPresenceId(): number {
    this.#connectionCount += 1;
    if (this.#connectionCount === this.#options.own) this.#connectionCount += 1;
    return this.#connectionCount;
  }

  close(): void {
    this.#provider.disconnect();
    this.#provider.destroy();
    this.awareness.destroy();
  }
}

function portOf(connection: PeerConnection, gate: SyncGate): SyncPort {
  const channel = connection.channel('sync');
  const port: SyncPort = {
    get bufferedAmount() {
      return channel.bufferedAmount;
    },
    send(bytes) {
      const passed = gate.outgoing(bytes);
      // A connection that ends tells so in onClose; the next one syncs what was lost.
      if (passed) channel.send(passed).catch(() => undefined);
    },
    deliver: () => undefined,
    onClose: (listener) => connection.onClose(listener)
  };
  // In order: an update is of no use before the one that it follows.
  let incoming = Promise.resolve();
  let waiting = 0;
  channel.onMessage((bytes) => {
    waiting += bytes.length;
    if (waiting > waitingLimit)
      throw new TaggedError('peer-misbehaved', 'The peer sent more than could be checked.');
    incoming = incoming
      .then(async () => {
        const passed = await gate.incoming(bytes);
        if (passed && !connection.closed) port.deliver(passed);
      })
      .catch((error: unknown) => connection.close(toErrorRecord(error)))
      .finally(() => (waiting -= bytes.length));
  });
  return port;
}
