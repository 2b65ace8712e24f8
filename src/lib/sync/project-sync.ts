/**
 * Keeps one project's carrier in step with every reachable member: finds them through signalling, connects, and lets
 * y-webrtc exchange what the admission check passes.
 */
import { type Doc } from 'yjs';
import { type DeviceId } from '../model/ids.ts';
import { type AccessLookup, type PeerIdentity, type RemotePeer } from '../peer/peer-identity.ts';
import { type PeerConnection } from '../peer/peer-connection.ts';
import { type SyncStatus } from './sync-status.ts';

/**
 * The project's admission check: whether a Yjs update from this peer may be applied to the carrier. A refusal counts
 * against the peer.
 */
export type Admit = (update: Uint8Array, from: RemotePeer) => boolean | Promise<boolean>;

export interface ProjectSyncOptions {
  /** The project's secret (32 bytes): room and signalling key are derived from it. */
  readonly secret: Uint8Array;
  readonly epoch: number;
  readonly carrier: Doc;
  readonly admit: Admit;
  readonly identity: PeerIdentity;
  /** Whether a device stands in the access state; must also name the introducer while that state is still empty. */
  readonly admits: AccessLookup;
  /** Signalling addresses (ws:// or wss://); empty: no WebRTC. */
  readonly signalling: readonly string[];
  /** STUN and TURN servers of the lab's own; none by default, and never a public one. */
  readonly iceServers?: readonly RTCIceServer[];
  /** The node's `/peer` address on this machine, used when WebRTC brings no connection to that device. */
  readonly loopback?: { readonly url: string; readonly device: DeviceId } | undefined;
}

/** The running connections of one project; see `ProjectSync`. */
export interface ProjectSyncApi {
  readonly status: SyncStatus;
  readonly connections: readonly PeerConnection[];
  connectionTo(device: DeviceId): PeerConnection | undefined;
  onStatus(listener: (status: SyncStatus) => void): () => void;
  /** Called for every present and later authenticated connection. */
  onConnection(listener: (connection: PeerConnection) => void): () => void;
  /** The access state changed: connections of devices that no longer stand in it are closed, refused ones retried. */
  accessChanged(): void;
  stop(): void;
}
