/**
 * An authenticated connection to one session of one device: its channels open only after the handshake, so whoever
 * holds one knows who speaks. A side that falls silent is noticed by a ping, because a half-open connection tells nobody.
 */
import { type ErrorRecord, TaggedError } from '../model/errors.ts';
import { type DeviceId, type InvitationId, type WriterId } from '../model/ids.ts';
import { type ChannelName, type PeerChannel } from './peer-channel.ts';
import { type RemotePeer } from './peer-identity.ts';

/** How the bytes travel: a WebRTC data channel, or a WebSocket to a node on this machine. */
export type CarrierKind = 'webrtc' | 'loopback';

type CloseListener = (reason: ErrorRecord | undefined) => void;

export interface PeerConnectionOptions {
  readonly peer: RemotePeer;
  readonly carrier: CarrierKind;
  readonly channels: Readonly<Record<ChannelName, PeerChannel>>;
  /** Ends what is below, and rejects what waits to be sent. */
  readonly end: (reason: TaggedError) => void;
}

/** Made by `openPeer` (peer-link.ts) alone. */
export class PeerConnection {
  readonly device: DeviceId;
  readonly writer: WriterId;
  /** Raw X25519 public key in lower-case hex. */
  readonly sealingKey: string;
  /** Set where the other side is no member yet and wants to become one. */
  readonly invitation: InvitationId | undefined;
  readonly carrier: CarrierKind;
  readonly #options: PeerConnectionOptions;
  readonly #listeners = new Set<CloseListener>();
  #closed: { reason: ErrorRecord | undefined } | undefined;

  constructor(options: PeerConnectionOptions) {
    this.device = options.peer.device;
    this.writer = options.peer.writer;
    this.sealingKey = options.peer.sealingKey;
    this.invitation = options.peer.invitation;
    this.carrier = options.carrier;
    this.#options = options;
  }

  get closed(): boolean {
    return this.#closed !== undefined;
  }

  channel(name: ChannelName): PeerChannel {
    return this.#options.channels[name];
  }

  /** Called once, with the reason when it was not a plain close; at once when already closed. */
  onClose(listener: CloseListener): () => void {
    if (this.#closed) listener(this.#closed.reason);
    else this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(reason?: ErrorRecord): void {
    if (this.#closed) return;
    this.#closed = { reason };
    const detail = reason ? ` ${reason.message}` : '';
    this.#options.end(new TaggedError('peer-closed', `The connection to the peer ended.${detail}`));
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener(reason);
  }
}
