/**
 * y-webrtc over authenticated connections: it syncs the carrier and presence with every connection that it is given,
 * whatever carries it. Its own signalling is not used: it crashes on garbage, loses peers and meets in glare; who
 * connects to whom is decided in peer/room-mesh.ts.
 */
import * as v from 'valibot';
import { Awareness, removeAwarenessStates } from 'y-protocols/awareness';
import { type Room, WebrtcConn, WebrtcProvider } from 'y-webrtc';
import { type Doc } from 'yjs';
import { toErrorRecord } from '../model/errors.ts';
import { type WriterId } from '../model/ids.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { peerOptionsOver, type SyncPort } from './connection-as-wrtc.ts';
import { Presence } from './presence.ts';
import { type Admit, SyncGate } from './sync-gate.ts';

export interface CarrierRoomOptions {
  readonly carrier: Doc;
  readonly own: WriterId;
  readonly admit: Admit;
}

const mostConnections = 64;
const noPeer = {};
let roomCount = 0;

export class CarrierRoom {
  readonly awareness: Awareness;
  readonly #options: CarrierRoomOptions;
  readonly #provider: WebrtcProvider;
  readonly #room: Room;
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
    const gate = new SyncGate({
      peer: connection,
      own: this.#options.own,
      admit: this.#options.admit,
      onMisbehaved: () =>
        connection.close({
          tag: 'peer-misbehaved',
          message: 'The peer sent too much that is not acceptable.'
        })
    });
    const id = `${connection.device}-${this.#connectionCount++}`;
    const port = portOf(connection, gate);
    this.#provider.peerOpts = peerOptionsOver(port);
    const peer = new WebrtcConn(null, false, id, this.#room);
    this.#provider.peerOpts = noPeer;
    this.#room.webrtcConns.set(id, peer);
    connection.onClose(() => {
      peer.destroy();
      this.#room.webrtcConns.delete(id);
      removeAwarenessStates(this.awareness, [connection.writer], 'connection closed');
    });
  }

  /** Shows this to the others; null leaves. */
  setPresence(presence: Presence | null): void {
    this.awareness.setLocalState(presence);
  }

  /** What each other writer last showed. */
  get presence(): ReadonlyMap<number, Presence> {
    const found = new Map<number, Presence>();
    for (const [writer, state] of this.awareness.getStates())
      if (writer !== this.#options.own && v.is(Presence, state)) found.set(writer, state);
    return found;
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
  channel.onMessage((bytes) => {
    incoming = incoming
      .then(async () => {
        const passed = await gate.incoming(bytes);
        if (passed && !connection.closed) port.deliver(passed);
      })
      .catch((error: unknown) => connection.close(toErrorRecord(error)));
  });
  return port;
}
