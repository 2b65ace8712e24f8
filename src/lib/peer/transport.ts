/**
 * What a peer connection needs from below: three raw channels that move frames, and the DTLS fingerprints as this side
 * observed them. Implemented by the browser's RTCPeerConnection, node-datachannel, and a WebSocket on loopback.
 */
import { type CarrierKind } from './peer-connection.ts';
import { type ChannelName } from './peer-channel.ts';

export interface RawChannelHandlers {
  onFrame(frame: Uint8Array): void;
  /** The buffered bytes fell to `lowWatermark` or less. */
  onDrained(): void;
}

/** Above this many buffered bytes a channel waits… */
export const highWatermark = 4 * 1024 * 1024;
/** …until no more than this many are left. */
export const lowWatermark = 1024 * 1024;

/** An ordered, reliable stream of frames of at most 64 KiB. */
export interface RawChannel {
  readonly bufferedAmount: number;
  /** Takes the frame; throws when the transport is not open. */
  send(frame: Uint8Array): void;
  /** Called once, before anything can arrive. */
  attach(handlers: RawChannelHandlers): void;
}

export interface Fingerprints {
  /** SHA-256 of this side's DTLS certificate in lower-case hex; empty on loopback. */
  readonly local: string;
  /** SHA-256 of the certificate that the other side really used; empty on loopback. */
  readonly remote: string;
}

export interface PeerTransport {
  readonly carrier: CarrierKind;
  /** Settles when all three channels are open, or with the reason why they will not be. */
  readonly opened: Promise<void>;
  channel(name: ChannelName): RawChannel;
  fingerprints(): Promise<Fingerprints>;
  /** IP address of the other end once open, where it is known: failures are counted against it. */
  remoteAddress(): Promise<string | undefined>;
  /** Called once when the transport ends, whoever ended it; at once when it has ended. */
  onClose(listener: () => void): void;
  close(): void;
}

export interface IceCandidate {
  readonly candidate: string;
  readonly mid: string;
}

/** One attempt at a WebRTC connection; exactly one side makes the offer. */
export interface RtcSession extends PeerTransport {
  createOffer(): Promise<string>;
  acceptOffer(sdp: string): Promise<string>;
  acceptAnswer(sdp: string): Promise<void>;
  /** Candidates that come before the remote description are kept for it; a useless one is ignored. */
  addCandidate(candidate: IceCandidate): void;
  onCandidate(listener: (candidate: IceCandidate) => void): void;
  /** As it is now, with the candidates found so far; empty before there is one. */
  readonly localDescription: string;
  /** Settles when all candidates of this side stand in its description, or the session ended. */
  readonly gathered: Promise<void>;
}

export interface RtcOptions {
  readonly iceServers: readonly RTCIceServer[];
  /** No path but through a TURN server is offered or tried. */
  readonly relayOnly: boolean;
}

/** No server is asked: host candidates alone. */
export const directRtc: RtcOptions = { iceServers: [], relayOnly: false };

/** Makes the sessions of one device, by its own ICE settings. */
export type RtcFactory = (options?: {
  /** The other side answers in minutes, not seconds: a search for a path that came to nothing may begin again. */
  patient?: boolean;
}) => RtcSession;

/** The ids of the pre-negotiated data channels. */
export const dataChannelIds: Readonly<Record<ChannelName, number>> = { sync: 0, control: 1, bulk: 2 };

/**
 * The SHA-256 fingerprint in a session description, in lower-case hex.
 * @returns undefined when there is none, or more than one different
 */
export function fingerprintOfSdp(sdp: string): string | undefined {
  const found = new Set<string>();
  for (const [, value] of sdp.matchAll(/^a=fingerprint:sha-256 ([0-9A-F:]+)\r?$/gim))
    if (value) found.add(normalizeFingerprint(value));
  const [only] = found;
  return found.size === 1 ? only : undefined;
}

/** `AB:CD…` → `abcd…` */
export function normalizeFingerprint(value: string): string {
  return value.replaceAll(':', '').toLowerCase();
}
