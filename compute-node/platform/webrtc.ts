/**
 * node-datachannel (libdatachannel) as a transport. It resolves the `.local` candidates that browsers send, keeps one
 * DTLS certificate in the data folder, and holds every connection strongly: libdatachannel stalls silently on channels
 * that were garbage collected.
 */
import nodeDataChannel, {
  type DataChannel,
  type PeerConnection as NativeConnection,
  type RtcConfig
} from 'node-datachannel';
import { TaggedError } from '#lib/model/errors.ts';
import { type ChannelName, channelNames } from '#lib/peer/peer-channel.ts';
import {
  dataChannelIds,
  type Fingerprints,
  fingerprintOfSdp,
  type IceCandidate,
  lowWatermark,
  normalizeFingerprint,
  type RawChannel,
  type RawChannelHandlers,
  type RtcFactory,
  type RtcSession
} from '#lib/peer/transport.ts';
import { type DtlsCertificate } from './dtls-certificate.ts';
import { resolveMulticastName } from './multicast-names.ts';

const sessions = new Set<NodeRtcSession>();

/** @param certificate the node's own; without it each connection makes one, and a pairing link cannot name it */
export function nodeRtc(certificate?: DtlsCertificate, iceServers: readonly RTCIceServer[] = []): RtcFactory {
  return () => new NodeRtcSession(iceServers, certificate);
}

/** Ends every connection, then libdatachannel's threads; without it the process stays alive. */
export function closeWebRtc(): void {
  for (const session of sessions) session.close();
  try {
    nodeDataChannel.cleanup();
  } catch {
    // It reports a possible deadlock when a connection is half open; the process ends all the same.
  }
}

/**
 * ms that an answering side leaves the checks to the other. libdatachannel starts DTLS as soon as ICE has connected, which
 * on a busy machine may be before the answer was taken in, and then refuses the other's certificate as unknown (pull
 * request 1612 there): so nothing is to reach an offering side before it has the answer. For the same reason it tells its
 * own addresses only then.
 */
const leaveToOtherMs = 300;

class NodeRtcSession implements RtcSession {
  readonly carrier = 'webrtc';
  readonly opened: Promise<void>;
  readonly gathered: Promise<void>;
  readonly #pc: NativeConnection;
  readonly #channels: Readonly<Record<ChannelName, NodeChannel>>;
  /** The other's addresses, until they are to be used. */
  readonly #earlyCandidates: IceCandidate[] = [];
  /** Own addresses, until they are to be told. */
  readonly #untoldCandidates: IceCandidate[] = [];
  readonly #closeListeners: (() => void)[] = [];
  #hasRemoteDescription = false;
  #usesCandidates = false;
  #onCandidate: ((candidate: IceCandidate) => void) | undefined;
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #fail: (reason: TaggedError) => void = () => undefined;
  #onDescription: ((sdp: string) => void) | undefined;

  constructor(iceServers: readonly RTCIceServer[], certificate: DtlsCertificate | undefined) {
    const config: RtcConfig = {
      iceServers: iceServers.flatMap(nativeIceServers),
      disableAutoNegotiation: true,
      ...(certificate && {
        certificatePemFile: certificate.certificateFile,
        keyPemFile: certificate.keyFile
      })
    };
    this.#pc = new nodeDataChannel.PeerConnection('dendro', config);
    this.#channels = Object.fromEntries(
      channelNames.map((name) => [name, new NodeChannel(this.#pc, name)])
    ) as Record<ChannelName, NodeChannel>;
    this.opened = new Promise((resolve, reject) => {
      this.#fail = reject;
      void Promise.all(Object.values(this.#channels).map(({ opened }) => opened)).then(() => resolve());
    });
    this.opened.catch(() => undefined);
    for (const channel of Object.values(this.#channels)) channel.onEnd(() => this.close());
    this.#pc.onLocalDescription((sdp) => this.#onDescription?.(sdp));
    this.#pc.onLocalCandidate((candidate, mid) => {
      this.#untoldCandidates.push({ candidate, mid });
      this.#tellCandidates();
    });
    this.gathered = new Promise((resolve) => {
      this.#pc.onGatheringStateChange((state) => {
        if (state === 'complete') resolve();
      });
      this.onClose(resolve);
    });
    this.#pc.onStateChange((state) => {
      if (state === 'failed' || state === 'closed') this.close();
    });
    sessions.add(this);
  }

  channel(name: ChannelName): RawChannel {
    return this.#channels[name];
  }

  get localDescription(): string {
    return this.#closed ? '' : (this.#pc.localDescription()?.sdp ?? '');
  }

  createOffer(): Promise<string> {
    return this.#describe(() => this.#pc.setLocalDescription('offer'));
  }

  async acceptOffer(sdp: string): Promise<string> {
    const answer = await this.#describe(() => {
      this.#pc.setRemoteDescription(sdp, 'offer');
      this.#pc.setLocalDescription('answer');
    });
    this.#hasRemoteDescription = true;
    this.#tellCandidates();
    this.#leaving = setTimeout(() => this.#useCandidates(), leaveToOtherMs);
    return answer;
  }

  async acceptAnswer(sdp: string): Promise<void> {
    this.#pc.setRemoteDescription(sdp, 'answer');
    this.#hasRemoteDescription = true;
    this.#useCandidates();
    this.#tellCandidates();
  }

  addCandidate(candidate: IceCandidate): void {
    if (this.#usesCandidates) void this.#addResolved(candidate);
    else this.#earlyCandidates.push(candidate);
  }

  onCandidate(listener: (candidate: IceCandidate) => void): void {
    this.#onCandidate = listener;
    this.#tellCandidates();
  }

  async fingerprints(): Promise<Fingerprints> {
    const local = fingerprintOfSdp(this.#closed ? '' : (this.#pc.localDescription()?.sdp ?? ''));
    const observed = this.#closed ? undefined : this.#pc.remoteFingerprint();
    if (!local || observed?.algorithm !== 'sha-256')
      throw new TaggedError('fingerprint-unknown', 'The DTLS certificates of the connection are not known.');
    return { local, remote: normalizeFingerprint(observed.value) };
  }

  remoteAddress(): Promise<string | undefined> {
    return Promise.resolve(this.#closed ? undefined : this.#pc.getSelectedCandidatePair()?.remote.address);
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#leaving);
    sessions.delete(this);
    for (const channel of Object.values(this.#channels)) channel.close();
    this.#pc.close();
    this.#fail(new TaggedError('peer-closed', 'The connection to the peer ended.'));
    for (const listener of this.#closeListeners) listener();
  }

  /** The description comes by callback, once libdatachannel's thread has made it. */
  #describe(start: () => void): Promise<string> {
    return new Promise((resolve, reject) => {
      this.onClose(() => reject(new TaggedError('peer-closed', 'The connection to the peer ended.')));
      this.#onDescription = resolve;
      start();
    });
  }

  #tellCandidates(): void {
    if (!this.#hasRemoteDescription || !this.#onCandidate) return;
    for (const candidate of this.#untoldCandidates.splice(0)) this.#onCandidate(candidate);
  }

  #useCandidates(): void {
    this.#usesCandidates = true;
    for (const candidate of this.#earlyCandidates.splice(0)) void this.#addResolved(candidate);
  }

  async #addResolved({ candidate, mid }: IceCandidate): Promise<void> {
    const fields = candidate.split(' ');
    const name = fields[4];
    if (name?.endsWith('.local')) {
      const address = await resolveMulticastName(name);
      if (!address) return;
      fields[4] = address;
    }
    if (this.#closed) return;
    try {
      this.#pc.addRemoteCandidate(fields.join(' '), mid);
    } catch {
      // One candidate that cannot be used is no reason to give up the others.
    }
  }
}

class NodeChannel implements RawChannel {
  readonly opened: Promise<void>;
  readonly #channel: DataChannel;

  constructor(pc: NativeConnection, name: ChannelName) {
    const channel = pc.createDataChannel(name, { negotiated: true, id: dataChannelIds[name] });
    channel.setBufferedAmountLowThreshold(lowWatermark);
    this.opened = new Promise((resolve) => channel.onOpen(resolve));
    this.#channel = channel;
  }

  get bufferedAmount(): number {
    return this.#channel.isOpen() ? this.#channel.bufferedAmount() : 0;
  }

  send(frame: Uint8Array): void {
    this.#channel.sendMessageBinary(frame);
  }

  attach({ onFrame, onDrained }: RawChannelHandlers): void {
    // Text is no frame: an empty one is refused above.
    this.#channel.onMessage((data) =>
      onFrame(typeof data === 'string' ? new Uint8Array() : new Uint8Array(data))
    );
    this.#channel.onBufferedAmountLow(onDrained);
  }

  onEnd(listener: () => void): void {
    this.#channel.onClosed(listener);
    this.#channel.onError(listener);
  }

  close(): void {
    this.#channel.close();
  }
}

/** `turn:host:port?transport=udp` with its credentials as an object: a `:` in the user name breaks the URL form. */
function nativeIceServers({ urls, username, credential }: RTCIceServer): RtcConfig['iceServers'] {
  return [urls].flat().map((url) => {
    const match = /^(turns?):(\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/.exec(url);
    if (!match) return url;
    const [, scheme, hostname = '', port, protocol] = match;
    const relayType = scheme === 'turns' ? 'TurnTls' : protocol === 'tcp' ? 'TurnTcp' : 'TurnUdp';
    return {
      hostname: hostname.replaceAll(/[[\]]/g, ''),
      port: Number(port ?? (scheme === 'turns' ? 5349 : 3478)),
      ...(username && { username }),
      ...(credential && { password: credential }),
      relayType
    };
  });
}
