/**
 * Keeps one project's carrier in step with every reachable member: finds them through signalling, connects, and lets
 * y-webrtc exchange what the admission check passes.
 */
import { type Doc } from 'yjs';
import { projectRoom, type Room } from '../identity/rooms.ts';
import { type ErrorRecord } from '../model/errors.ts';
import { type DeviceId } from '../model/ids.ts';
import { answerCarried } from '../peer/carried-offer.ts';
import { ConnectionSet } from '../peer/connection-set.ts';
import { FailureGate } from '../peer/failure-gate.ts';
import { type LoopbackRooms } from '../peer/loopback-rooms.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { type AccessLookup, type Credential, type PeerIdentity } from '../peer/peer-identity.ts';
import { openPeer } from '../peer/peer-link.ts';
import { type MeshTrouble, RoomMesh } from '../peer/room-mesh.ts';
import { type PeerTransport, type RtcFactory } from '../peer/transport.ts';
import { type Histories } from '../project/histories.ts';
import { CarrierRoom } from './carrier-room.ts';
import { answerAtDoor, type Doorkeeper } from './joining.ts';
import { type LoopbackAddress, LoopbackDialer } from './loopback-dialer.ts';
import { type Presence } from './presence.ts';
import { type Admit } from './sync-gate.ts';
import { type SyncStatus } from './sync-status.ts';

export interface ProjectSyncOptions {
  /** The project's secret (32 bytes): room and signalling key are derived from it. */
  readonly secret: Uint8Array;
  readonly epoch: number;
  readonly carrier: Doc;
  readonly admit: Admit;
  /** The histories that the project holds; without them a fork that was told to each alone stays unknown. */
  readonly histories?: Histories | undefined;
  readonly identity: PeerIdentity;
  /** Whether a device stands in the access state; must also name the introducer while that state is still empty. */
  readonly admits: AccessLookup;
  /** Whether a device took part once, and no more. */
  readonly wasMember?: AccessLookup | undefined;
  /** Lets people in by invitation; without it nobody is. */
  readonly door?: Doorkeeper | undefined;
  /** Signalling addresses (ws:// or wss://) at first; see `meetAt`. */
  readonly signalling: readonly string[];
  /** `browserRtc`, or the node's, with the ICE settings of this device. */
  readonly rtc: RtcFactory;
  /** The node's `/peer` address on this machine, used while WebRTC brings no connection to that device. */
  readonly loopback?: LoopbackAddress | undefined;
  /** The node's side of the same. */
  readonly loopbackRooms?: LoopbackRooms | undefined;
  /** Shared by the projects of a node. */
  readonly gate?: FailureGate;
}

type StatusListener = (status: SyncStatus) => void;

/** How long an answer may be on its way back by hand. */
const carriedMs = 10 * 60_000;

export class ProjectSync {
  readonly #options: ProjectSyncOptions;
  readonly #room: Room;
  readonly #credential: Credential;
  readonly #gate: FailureGate;
  readonly #carrierRoom: CarrierRoom;
  readonly #connections = new ConnectionSet(() => this.#update());
  readonly #listeners = new Set<StatusListener>();
  #mesh: RoomMesh | undefined;
  #dialer: LoopbackDialer | undefined;
  #unregister: (() => void) | undefined;
  #trouble: MeshTrouble | undefined;
  #status: SyncStatus = { state: 'connecting' };
  #stopped = false;

  private constructor(options: ProjectSyncOptions, room: Room, carrierRoom: CarrierRoom) {
    this.#options = options;
    this.#room = room;
    const { admits, wasMember, door } = options;
    this.#credential = { kind: 'member', admits, wasMember, invitations: door?.problemWith };
    this.#gate = options.gate ?? new FailureGate();
    this.#carrierRoom = carrierRoom;
    this.#connections.onConnection((connection) => {
      if (connection.invitation === undefined) carrierRoom.add(connection);
      else if (door) answerAtDoor(connection, door);
    });
  }

  /** Opens the room and begins to look for peers; resolves before any is found. */
  static async start(options: ProjectSyncOptions): Promise<ProjectSync> {
    const room = await projectRoom(options.secret, options.epoch);
    const { carrier, admit, histories, identity } = options;
    const carrierRoom = await CarrierRoom.open({ carrier, admit, histories, own: identity.writer });
    const sync = new ProjectSync(options, room, carrierRoom);
    await sync.#begin();
    return sync;
  }

  get status(): SyncStatus {
    return this.#status;
  }

  get connections(): readonly PeerConnection[] {
    return this.#connections.all.filter(({ invitation }) => invitation === undefined);
  }

  connectionTo(device: DeviceId): PeerConnection | undefined {
    return this.connections.find((connection) => connection.device === device);
  }

  /** Called with the present status and each later one. */
  onStatus(listener: StatusListener): () => void {
    this.#listeners.add(listener);
    listener(this.#status);
    return () => this.#listeners.delete(listener);
  }

  /** Called for every present and later authenticated connection. */
  onConnection(listener: (connection: PeerConnection) => void): () => void {
    return this.#connections.onConnection((connection) => {
      if (connection.invitation === undefined) listener(connection);
    });
  }

  /** Shows the others what this person looks at; null leaves. */
  setPresence(presence: Presence | null): void {
    this.#carrierRoom.setPresence(presence);
  }

  /** What the sessions that are connected here look at; who they are is the connection's to say. */
  get presence(): readonly { readonly device: DeviceId; readonly presence: Presence }[] {
    return this.connections.flatMap((connection) => {
      const presence = this.#carrierRoom.presenceOf(connection);
      return presence ? [{ device: connection.device, presence }] : [];
    });
  }

  onPresence(listener: () => void): () => void {
    this.#carrierRoom.awareness.on('change', listener);
    return () => this.#carrierRoom.awareness.off('change', listener);
  }

  /** The access state changed: connections of devices that no longer stand in it are closed, refused ones retried. */
  accessChanged(): void {
    for (const connection of this.connections)
      if (!this.#options.admits(connection))
        connection.close({ tag: 'peer-not-a-member', message: 'The device is no longer a member.' });
    this.#mesh?.retryRefused();
  }

  /** Members are met at these addresses from now on; connections that stand are left alone. */
  meetAt(signalling: readonly string[]): void {
    this.#mesh?.meetAt(signalling);
    this.#update();
  }

  /** Name of the project's room, as offers that are carried by hand give it. */
  get room(): string {
    return this.#room.name;
  }

  /**
   * Opens a connection whose offer and answer were carried by hand.
   * @throws TaggedError as `openPeer` does
   */
  async take(transport: PeerTransport, side: 'offerer' | 'answerer'): Promise<PeerConnection> {
    const { identity } = this.#options;
    const connection = await openPeer({
      ...{ transport, side, identity },
      ...{ room: this.#room.name, credential: this.#credential, gate: this.#gate }
    });
    if (this.#stopped) connection.close();
    else this.#connections.add(connection);
    return connection;
  }

  /**
   * Answers an offer that was carried here. Of two connections the second is a newcomer's, once the first has let
   * them in. @returns the answer, to be carried back
   * @throws TaggedError `carried-invalid`, `carried-mixed-up`, `carried-other`
   */
  async answer(text: string): Promise<string> {
    const { rtc } = this.#options;
    const answer = await answerCarried({ rtc, text, room: this.#room.name });
    const [first, second] = answer.sessions;
    const forLater = second && setTimeout(() => second.close(), carriedMs);
    const early = first && setTimeout(() => first.close(), carriedMs);
    if (first)
      void this.take(first, 'answerer')
        .then((connection) =>
          connection.onClose(() => second && this.take(second, 'answerer').catch(() => undefined))
        )
        // Refused, and the other side told why; or nobody came.
        .catch(() => second?.close())
        .finally(() => clearTimeout(early));
    void second?.opened.then(
      () => clearTimeout(forLater),
      () => clearTimeout(forLater)
    );
    return answer.text;
  }

  async stop(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#dialer?.stop();
    this.#unregister?.();
    await this.#mesh?.stop();
    this.#connections.closeAll();
    this.#carrierRoom.close();
    this.#update();
  }

  async #begin(): Promise<void> {
    const { identity, signalling, rtc, loopback, loopbackRooms } = this.#options;
    const linkOptions = {
      room: this.#room.name,
      identity,
      credential: this.#credential,
      gate: this.#gate
    };
    this.#unregister = loopbackRooms?.register(this.#room.name, (transport) => void this.#accept(transport));
    if (loopback)
      this.#dialer = new LoopbackDialer({ address: loopback, linkOptions, connections: this.#connections });
    this.#mesh = await RoomMesh.start({
      ...linkOptions,
      room: this.#room,
      signalling,
      rtc,
      connections: this.#connections,
      onTrouble: (trouble) => this.#onTrouble(trouble),
      onChange: () => this.#update()
    });
    this.#update();
  }

  /** The node's side of a loopback connection. */
  async #accept(transport: PeerTransport): Promise<void> {
    try {
      const connection = await openPeer({
        transport,
        side: 'answerer',
        room: this.#room.name,
        identity: this.#options.identity,
        credential: this.#credential,
        gate: this.#gate
      });
      if (this.#stopped) connection.close();
      else this.#connections.add(connection);
    } catch {
      // Refused, and the other side told why; the failure gate has counted it.
    }
  }

  #onTrouble(trouble: MeshTrouble): void {
    this.#trouble = trouble;
    this.#update();
  }

  #update(): void {
    const status = this.#currentStatus();
    if (JSON.stringify(status) === JSON.stringify(this.#status)) return;
    this.#status = status;
    for (const listener of this.#listeners) listener(status);
  }

  #currentStatus(): SyncStatus {
    if (this.#stopped) return { state: 'stopped' };
    const devices = new Set(this.connections.map(({ device }) => device)).size;
    if (devices > 0) {
      this.#trouble = undefined;
      return { state: 'connected', devices };
    }
    const states = this.#mesh?.signallingStates ?? [];
    if (states.length > 0 && states.every((state) => state === 'unreachable'))
      return {
        state: 'failing',
        step: 'signalling-unreachable',
        error: unreachable(this.#mesh?.addresses ?? [])
      };
    const { peer, step, error } = this.#trouble ?? {};
    if (step && error && (peer === undefined || this.#mesh?.knows(peer)))
      return { state: 'failing', step, error };
    if (states.length === 0 && !this.#options.loopback)
      return { state: 'failing', step: 'no-meeting-place', error: noMeetingPlace };
    if (!states.includes('connected')) return { state: 'connecting' };
    return this.#mesh?.peerCount ? { state: 'connecting' } : { state: 'alone' };
  }
}

const noMeetingPlace: ErrorRecord = {
  tag: 'no-meeting-place',
  message: 'The project names no place where its members find each other.'
};

function unreachable(signalling: readonly string[]): ErrorRecord {
  return {
    tag: 'signalling-unreachable',
    message: `No signalling server answers at ${signalling.join(', ')}.`,
    details: { addresses: signalling.join(', ') }
  };
}
