/**
 * An authenticated connection to one session of one device: its channels open only after the handshake, so whoever
 * holds one knows who speaks.
 */
import { type ErrorRecord } from '../model/errors.ts';
import { type DeviceId, type WriterId } from '../model/ids.ts';
import { type ChannelName, type PeerChannel } from './peer-channel.ts';

/** How the bytes travel: a WebRTC data channel, or a WebSocket to a node on this machine. */
export type CarrierKind = 'webrtc' | 'loopback';

export interface PeerConnection {
  readonly device: DeviceId;
  readonly writer: WriterId;
  /** Raw X25519 public key in lower-case hex. */
  readonly sealingKey: string;
  readonly carrier: CarrierKind;
  readonly closed: boolean;
  channel(name: ChannelName): PeerChannel;
  /** Called once, with the reason when it was not a plain close; at once when already closed. */
  onClose(listener: (reason: ErrorRecord | undefined) => void): () => void;
  close(reason?: ErrorRecord): void;
}
