/**
 * What the peer layer needs to know of this device and of the others: who signs here, and who may come in. The keys and
 * the access state themselves live above and are reached through these types alone.
 */
import { type InvitationKey } from '../identity/invitation.ts';
import { type DeviceId, type InvitationId, type WriterId } from '../model/ids.ts';

/** This session of this device, as it presents itself in a handshake. */
export interface PeerIdentity {
  readonly device: DeviceId;
  /** Raw X25519 public key (32 bytes) in lower-case hex: to whom secrets are sealed. */
  readonly sealingKey: string;
  /** This session's writer in the project whose room is entered. */
  readonly writer: WriterId;
  /** Ed25519 over exactly these bytes; 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** Who stands at the other end, as proved by the handshake. */
export interface RemotePeer {
  readonly device: DeviceId;
  readonly sealingKey: string;
  readonly writer: WriterId;
  /** Proved an invitation and is no member yet: nothing but the joining may be said to it. */
  readonly invitation?: InvitationId | undefined;
}

/** What somebody proved who holds an invitation's link. */
export interface InvitationProof {
  readonly invite: InvitationId;
  readonly key: DeviceId;
  /** Who holds it; may have been let in by another member a moment ago. */
  readonly device: DeviceId;
}

/** Why the invitation lets nobody in, as far as this side knows; `undefined`: it does. */
export type InvitationLookup = (
  proof: InvitationProof
) => 'unknown' | 'revoked' | 'expired' | 'used' | 'malformed' | undefined;

/**
 * Whether a device that proved its key may enter the room. Asked at each handshake and again whenever the access state
 * changes; roles are looked up by the layers above each time they matter.
 */
export type AccessLookup = (peer: RemotePeer) => boolean;

/** Why a connection may be made: both sides name the same kind, but who is invited meets members. */
export type Credential =
  | {
      readonly kind: 'member';
      readonly admits: AccessLookup;
      /** Whether one who is not admitted took part once: it is told that it was removed. */
      readonly wasMember?: AccessLookup | undefined;
      /** Without it nobody is let in by invitation here. */
      readonly invitations?: InvitationLookup | undefined;
    }
  | { readonly kind: 'invitation'; readonly invite: InvitationId; readonly key: InvitationKey }
  | {
      readonly kind: 'pairing';
      /** 16 random bytes from the pairing link. */
      readonly secret: Uint8Array;
      /** The node's device and DTLS fingerprint from the link (browser's side only). */
      readonly expects?: { readonly device: DeviceId; readonly fingerprint?: string | undefined };
    };
