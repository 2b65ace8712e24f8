/** The browser's RTCPeerConnection as a transport. No STUN or TURN server is used unless the lab names its own. */
import { toHex } from '../identity/encoding.ts';
import { sha256 } from '../identity/hash.ts';
import { TaggedError } from '../model/errors.ts';
import { type ChannelName, channelNames } from './peer-channel.ts';
import {
  dataChannelIds,
  directRtc,
  type Fingerprints,
  fingerprintOfSdp,
  type IceCandidate,
  lowWatermark,
  type RawChannel,
  type RawChannelHandlers,
  type RtcFactory,
  type RtcOptions,
  type RtcSession
} from './transport.ts';

export function browserRtc(options: RtcOptions = directRtc): RtcFactory {
  return ({ patient = false } = {}) => new BrowserRtcSession(options, patient);
}

class BrowserRtcSession implements RtcSession {
  readonly carrier = 'webrtc';
  readonly opened: Promise<void>;
  readonly gathered: Promise<void>;
  readonly #pc: RTCPeerConnection;
  readonly #channels: Readonly<Record<ChannelName, BrowserChannel>>;
  readonly #earlyCandidates: IceCandidate[] = [];
  readonly #closeListeners: (() => void)[] = [];
  #closed = false;
  #fail: (reason: TaggedError) => void = () => undefined;

  constructor({ iceServers, relayOnly }: RtcOptions, patient: boolean) {
    this.#pc = new RTCPeerConnection({
      iceServers: [...iceServers],
      iceTransportPolicy: relayOnly ? 'relay' : 'all'
    });
    this.#channels = Object.fromEntries(
      channelNames.map((name) => [name, new BrowserChannel(this.#pc, name)])
    ) as Record<ChannelName, BrowserChannel>;
    this.opened = new Promise((resolve, reject) => {
      this.#fail = reject;
      void Promise.all(Object.values(this.#channels).map(({ opened }) => opened)).then(() => resolve());
    });
    this.opened.catch(() => undefined);
    for (const channel of Object.values(this.#channels)) channel.onEnd(() => this.close());
    let connected = false;
    this.#pc.onconnectionstatechange = () => {
      const state = this.#pc.connectionState;
      connected ||= state === 'connected';
      // The other side's first check starts the search again, unless this side has given up.
      if (state === 'closed' || (state === 'failed' && (connected || !patient))) this.close();
    };
    this.gathered = new Promise((resolve) => {
      this.#pc.onicegatheringstatechange = () => {
        if (this.#pc.iceGatheringState === 'complete') resolve();
      };
      this.onClose(resolve);
    });
  }

  channel(name: ChannelName): RawChannel {
    return this.#channels[name];
  }

  get localDescription(): string {
    return this.#pc.localDescription?.sdp ?? '';
  }

  async createOffer(): Promise<string> {
    await this.#pc.setLocalDescription(await this.#pc.createOffer());
    return this.#localSdp();
  }

  async acceptOffer(sdp: string): Promise<string> {
    await this.#pc.setRemoteDescription({ type: 'offer', sdp });
    await this.#pc.setLocalDescription(await this.#pc.createAnswer());
    this.#addEarlyCandidates();
    return this.#localSdp();
  }

  async acceptAnswer(sdp: string): Promise<void> {
    await this.#pc.setRemoteDescription({ type: 'answer', sdp });
    this.#addEarlyCandidates();
  }

  addCandidate(candidate: IceCandidate): void {
    if (this.#closed) return;
    if (!this.#pc.remoteDescription) this.#earlyCandidates.push(candidate);
    else
      // One candidate that this browser cannot use is no reason to give up the others.
      void this.#pc
        .addIceCandidate({ candidate: candidate.candidate, sdpMid: candidate.mid })
        .catch(() => undefined);
  }

  onCandidate(listener: (candidate: IceCandidate) => void): void {
    this.#pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) listener({ candidate: candidate.candidate, mid: candidate.sdpMid ?? '0' });
    };
  }

  async fingerprints(): Promise<Fingerprints> {
    const local = fingerprintOfSdp(this.#localSdp());
    const remote = await this.#observedFingerprint();
    if (!local || !remote)
      throw new TaggedError('fingerprint-unknown', 'The browser does not tell the DTLS certificates.');
    return { local, remote };
  }

  async remoteAddress(): Promise<string | undefined> {
    const stats = await this.#pc.getStats();
    for (const report of stats.values()) {
      if (report.type !== 'candidate-pair' || !report.nominated) continue;
      const remote: unknown = stats.get(report.remoteCandidateId)?.address;
      if (typeof remote === 'string' && remote !== '' && !remote.endsWith('.local')) return remote;
    }
    return undefined;
  }

  onClose(listener: () => void): void {
    if (this.#closed) listener();
    else this.#closeListeners.push(listener);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#pc.onconnectionstatechange = null;
    this.#pc.onicecandidate = null;
    this.#pc.close();
    this.#fail(new TaggedError('peer-closed', 'The connection to the peer ended.'));
    for (const listener of this.#closeListeners) listener();
  }

  /** Of the certificate that the other side used; a browser without that call has checked it against the description. */
  async #observedFingerprint(): Promise<string | undefined> {
    const transport = this.#pc.sctp?.transport;
    if (transport && 'getRemoteCertificates' in transport) {
      const [certificate] = transport.getRemoteCertificates();
      return certificate && toHex(await sha256(new Uint8Array(certificate)));
    }
    return fingerprintOfSdp(this.#pc.currentRemoteDescription?.sdp ?? '');
  }

  #addEarlyCandidates(): void {
    for (const candidate of this.#earlyCandidates.splice(0)) this.addCandidate(candidate);
  }

  #localSdp(): string {
    return this.localDescription;
  }
}

class BrowserChannel implements RawChannel {
  readonly opened: Promise<void>;
  readonly #channel: RTCDataChannel;

  constructor(pc: RTCPeerConnection, name: ChannelName) {
    const channel = pc.createDataChannel(name, { negotiated: true, id: dataChannelIds[name] });
    channel.binaryType = 'arraybuffer';
    channel.bufferedAmountLowThreshold = lowWatermark;
    this.opened = new Promise((resolve) => (channel.onopen = () => resolve()));
    this.#channel = channel;
  }

  get bufferedAmount(): number {
    return this.#channel.bufferedAmount;
  }

  send(frame: Uint8Array): void {
    this.#channel.send(frame as Uint8Array<ArrayBuffer>);
  }

  attach({ onFrame, onDrained }: RawChannelHandlers): void {
    this.#channel.onmessage = ({ data }) =>
      // Text is no frame: an empty one is refused above.
      onFrame(data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array());
    this.#channel.onbufferedamountlow = onDrained;
  }

  onEnd(listener: () => void): void {
    this.#channel.onclose = listener;
    this.#channel.onerror = listener;
  }
}
