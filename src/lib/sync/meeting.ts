/** Presence in a room for a few words with whoever answers there: pairing with a node, or joining a project. */
import { type Room } from '../identity/rooms.ts';
import { fromErrorRecord, TaggedError, toErrorRecord } from '../model/errors.ts';
import { ConnectionSet } from '../peer/connection-set.ts';
import { FailureGate } from '../peer/failure-gate.ts';
import { type Credential, type PeerIdentity } from '../peer/peer-identity.ts';
import { openPeer, type OpenPeerOptions } from '../peer/peer-link.ts';
import { type MeshTrouble, RoomMesh } from '../peer/room-mesh.ts';
import { type PeerTransport, type RtcFactory } from '../peer/transport.ts';
import { type LoopbackAddress, LoopbackDialer } from './loopback-dialer.ts';

export interface MeetingOptions {
  readonly room: Room;
  readonly identity: PeerIdentity;
  readonly credential: Credential;
  readonly signalling: readonly string[];
  readonly rtc: RtcFactory;
  readonly gate?: FailureGate | undefined;
  /** The other side's `/peer` address, when it is on this machine. */
  readonly loopback?: LoopbackAddress | undefined;
  readonly onTrouble?: (trouble: MeshTrouble) => void;
  /** A connection whose offer and answer were carried by hand; this side offered. */
  readonly carried?: PeerTransport | undefined;
}

export interface Meeting {
  readonly connections: ConnectionSet;
  readonly linkOptions: Omit<OpenPeerOptions, 'transport' | 'side'>;
  /** Why there is no connection yet, as far as is known; undefined: nobody answers. */
  trouble(): TaggedError | undefined;
  close(): Promise<void>;
}

export async function openMeeting(options: MeetingOptions): Promise<Meeting> {
  const { room, identity, credential, signalling, rtc, loopback, onTrouble } = options;
  const connections = new ConnectionSet();
  const common = { identity, credential, gate: options.gate ?? new FailureGate() };
  const linkOptions = { ...common, room: room.name };
  let lastTrouble: MeshTrouble | undefined;
  const mesh = await RoomMesh.start({
    ...common,
    room,
    signalling,
    rtc,
    connections,
    onTrouble: (trouble) => {
      lastTrouble = trouble;
      onTrouble?.(trouble);
    },
    onChange: () => undefined
  });
  const { carried } = options;
  if (carried)
    openPeer({ ...linkOptions, transport: carried, side: 'offerer' }).then(
      (connection) => connections.add(connection),
      (error: unknown) => {
        const record = toErrorRecord(error);
        lastTrouble = {
          step: record.tag.startsWith('handshake') ? 'handshake-refused' : 'no-candidate-pair',
          error: record
        };
        onTrouble?.(lastTrouble);
      }
    );
  const dialer = loopback && new LoopbackDialer({ address: loopback, linkOptions, connections });
  return {
    connections,
    linkOptions,
    trouble() {
      if (lastTrouble) return fromErrorRecord(lastTrouble.error);
      if (signalling.length === 0 || mesh.signallingStates.includes('connected')) return undefined;
      return new TaggedError('signalling-unreachable', 'No signalling server answers.', {
        addresses: signalling.join(', ')
      });
    },
    async close() {
      dialer?.stop();
      await mesh.stop();
      connections.closeAll();
    }
  };
}
