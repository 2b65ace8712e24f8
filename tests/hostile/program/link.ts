/** One WebRTC connection on node-datachannel: frames on three channels, the handshake, and whatever else is sent. */
import { randomBytes } from 'node:crypto';
import nodeDataChannel, { type DataChannel, type PeerConnection } from 'node-datachannel';
import { fields } from './fields.ts';
import { type Device } from './keys.ts';

export type ChannelName = 'sync' | 'control' | 'bulk';
const channelNames: readonly ChannelName[] = ['sync', 'control', 'bulk'];
const frameLimit = 64 * 1024;
const kinds = { message: 0, ping: 1, pong: 2, handshake: 3 } as const;

interface Hello {
  type: 'hello';
  v: number;
  device: string;
  sealingKey: string;
  nonce: string;
  writer: number;
  credential: string;
}

export interface HandshakeAs {
  readonly device: Device;
  /** The session that it claims to be. */
  readonly writer: number;
  readonly room: string;
  readonly invitation?: { invite: string; publicKey: string; sign(bytes: Uint8Array): Buffer };
}

/** The frames of a message: magic, version, kind, 0, bytes left. */
export function frames(message: Uint8Array, kind: keyof typeof kinds = 'message'): Buffer[] {
  const found: Buffer[] = [];
  let at = 0;
  do {
    const header = Buffer.from([0xd3, 1, kinds[kind], 0, 0, 0, 0, 0]);
    header.writeUInt32BE(message.length - at, 4);
    const payload = message.subarray(at, at + frameLimit - header.length);
    found.push(Buffer.concat([header, payload]));
    at += payload.length;
  } while (at < message.length);
  return found;
}

export class Link {
  readonly pc: PeerConnection;
  readonly opened: Promise<void>;
  readonly closed: Promise<void>;
  /** Who it turned out to be. */
  remote: Hello | undefined;
  isOpen = true;
  /** Receives whole messages. */
  onMessage: (channel: ChannelName, message: Buffer) => void = () => undefined;
  /** Takes every frame as it is, in place of all else. */
  onRaw: ((channel: ChannelName, bytes: Buffer) => void) | undefined;
  readonly #channels: Record<ChannelName, DataChannel>;
  readonly #parts: Record<ChannelName, Buffer[]> = { sync: [], control: [], bulk: [] };
  readonly #inbox: unknown[] = [];
  readonly #early: { candidate: string; mid: string }[] = [];
  #answered = false;
  #taker: ((message: unknown) => void) | undefined;

  constructor() {
    this.pc = new nodeDataChannel.PeerConnection('hostile', { iceServers: [], disableAutoNegotiation: true });
    const entries = channelNames.map(
      (name, id) => [name, this.pc.createDataChannel(name, { negotiated: true, id })] as const
    );
    this.#channels = Object.fromEntries(entries) as Record<ChannelName, DataChannel>;
    this.opened = Promise.all(
      entries.map(([, channel]) => new Promise<void>((resolve) => channel.onOpen(resolve)))
    ).then(() => undefined);
    this.closed = new Promise((resolve) => {
      const end = () => {
        this.isOpen = false;
        this.#take({ type: 'closed' });
        resolve();
      };
      for (const [, channel] of entries) channel.onClosed(end);
      this.pc.onStateChange((state) => {
        if (state === 'closed' || state === 'failed') end();
      });
    });
    for (const [name, channel] of entries) channel.onMessage((data) => this.#receive(name, data));
  }

  /** A session description of this side, once it is made. */
  describe(type: 'offer' | 'answer'): Promise<string> {
    return new Promise((resolve) => {
      this.pc.onLocalDescription((sdp) => resolve(sdp));
      this.pc.setLocalDescription(type);
    });
  }

  /** Its answer to an offer. */
  answer(offer: string): Promise<string> {
    this.pc.setRemoteDescription(offer, 'offer');
    const answer = this.describe('answer');
    this.#remoteIsKnown();
    return answer;
  }

  acceptAnswer(sdp: string): void {
    this.pc.setRemoteDescription(sdp, 'answer');
    this.#remoteIsKnown();
  }

  #remoteIsKnown(): void {
    this.#answered = true;
    for (const { candidate, mid } of this.#early.splice(0)) this.pc.addRemoteCandidate(candidate, mid);
  }

  /** One that outran the other side's description waits for it. */
  addCandidate(candidate: string, mid: string): void {
    if (this.#answered) this.pc.addRemoteCandidate(candidate, mid);
    else this.#early.push({ candidate, mid });
  }

  /** Sends a message whole, without minding whether it is wanted. */
  send(channel: ChannelName, message: Uint8Array): void {
    for (const frame of frames(message)) this.sendRaw(channel, frame);
  }

  sendRaw(channel: ChannelName, bytes: Uint8Array): void {
    if (this.isOpen) this.#channels[channel].sendMessageBinary(bytes);
  }

  /** @throws with the reason, when the other side refuses */
  async handshake(as: HandshakeAs, side: 'offerer' | 'answerer'): Promise<void> {
    const { device, writer, room, invitation } = as;
    const own: Hello = {
      ...{ type: 'hello', v: 1, device: device.id, sealingKey: device.sealingKey },
      ...{ nonce: randomBytes(32).toString('hex'), writer },
      credential: invitation ? 'invitation' : 'member'
    };
    this.#say(own);
    const other = await this.#hear<Hello>('hello');
    this.remote = other;
    const hellos = side === 'offerer' ? [own, other] : [other, own];
    const transcript = this.#transcript({ side, room, hellos });
    const proof = { type: 'proof', signature: device.sign(transcript).toString('hex') };
    if (!invitation) this.#say(proof);
    else {
      const { invite, publicKey: key } = invitation;
      const signed = invitation.sign(fields('dendro/invitation/1', invite, transcript));
      this.#say({ ...proof, invitation: { invite, key, signature: signed.toString('hex') } });
    }
    await this.#hear('proof');
    this.#say({ type: 'ready' });
    await this.#hear('ready');
  }

  close(): void {
    this.isOpen = false;
    for (const channel of Object.values(this.#channels)) channel.close();
    this.pc.close();
  }

  #transcript({ side, room, hellos }: { side: string; room: string; hellos: Hello[] }): Buffer {
    const [offerer, answerer] = hellos;
    if (!offerer || !answerer) throw new Error('two hellos');
    const local =
      /a=fingerprint:sha-256 ([0-9A-F:]+)/i.exec(this.pc.localDescription()?.sdp ?? '')?.[1] ?? '';
    const prints = [local, this.pc.remoteFingerprint().value].map((it) =>
      it.replaceAll(':', '').toLowerCase()
    );
    if (side === 'answerer') prints.reverse();
    return fields(
      ...['dendro/peer/1', side, room, offerer.device, answerer.device, offerer.nonce, answerer.nonce],
      ...prints,
      ...hellos.flatMap(({ sealingKey, writer, credential }) => [sealingKey, writer, credential])
    );
  }

  #say(message: object): void {
    for (const frame of frames(Buffer.from(JSON.stringify(message)), 'handshake'))
      this.sendRaw('control', frame);
  }

  async #hear<T>(type: string): Promise<T> {
    const message = (this.#inbox.shift() ??
      (await new Promise<unknown>((resolve) => (this.#taker = resolve)))) as {
      type: string;
      reason?: string;
    };
    if (message.type !== type) throw new Error(message.reason ?? message.type);
    return message as T;
  }

  #take(message: unknown): void {
    if (this.#taker) this.#taker(message);
    else this.#inbox.push(message);
    this.#taker = undefined;
  }

  #receive(channel: ChannelName, data: string | Buffer | ArrayBuffer): void {
    const frame = Buffer.from(data as ArrayBuffer);
    if (this.onRaw) {
      this.onRaw(channel, frame);
      return;
    }
    const payload = frame.subarray(8);
    if (frame[2] === kinds.handshake) this.#take(JSON.parse(String(payload)));
    else if (frame[2] === kinds.ping)
      for (const pong of frames(Buffer.alloc(0), 'pong')) this.sendRaw('control', pong);
    else if (frame[2] === kinds.message) {
      this.#parts[channel].push(payload);
      if (frame.readUInt32BE(4) > payload.length) return;
      const message = Buffer.concat(this.#parts[channel].splice(0));
      this.onMessage(channel, message);
    }
  }
}
