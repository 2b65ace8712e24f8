/**
 * A hostile member: meets the members of a room like any program that speaks the protocol, proves its device, and then
 * sends whatever it is told to. It knows Dendro by its wire format alone and imports nothing of it.
 */
import { randomBytes } from 'node:crypto';
import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { readSyncMessage, writeSyncStep1, writeSyncStep2, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import { type HandshakeAs, Link } from './link.ts';
import { Room, roomOf, type Signal } from './room.ts';

const messageType = { sync: 0, awareness: 1 } as const;

export interface Meeting {
  readonly signalling: string;
  readonly secret: Uint8Array;
  readonly as: Omit<HandshakeAs, 'room'>;
  /** The id under which it stands in the room; the larger of two ids offers. */
  readonly id?: string;
  /** What it does on a new connection in place of the handshake. */
  readonly instead?: (link: Link) => void;
}

/** One connection to an honest member, with what that member has told so far. */
export class Victim {
  readonly link: Link;
  /** What the member has sent of the carrier. */
  readonly carrier = new Y.Doc({ gc: false });
  /** Messages on the control channel, as text. */
  readonly heard: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #answers = 0;

  constructor(link: Link) {
    this.link = link;
    link.onMessage = (channel, message) => {
      if (channel === 'control') this.heard.push(String(message));
      if (channel === 'sync') this.#readSync(message);
      for (const wake of this.#waiting.splice(0)) wake();
    };
    void link.closed.then(() => {
      for (const wake of this.#waiting.splice(0)) wake();
    });
  }

  sendUpdate(update: Uint8Array): void {
    this.link.send(
      'sync',
      syncMessage((encoder) => writeUpdate(encoder, update))
    );
  }

  /** Asks for what it lacks, by its own account. */
  sendStep1(stateVector: Uint8Array): void {
    const write = (encoder: encoding.Encoder) => {
      encoding.writeVarUint(encoder, 0);
      encoding.writeVarUint8Array(encoder, stateVector);
    };
    this.link.send('sync', syncMessage(write));
  }

  /** As if it answered the member's question for what it lacks. */
  sendStep2(carrier: Y.Doc): void {
    this.link.send(
      'sync',
      syncMessage((encoder) => writeSyncStep2(encoder, carrier))
    );
  }

  sendPresence(...states: { client: number; clock: number; state: unknown }[]): void {
    const update = encoding.createEncoder();
    encoding.writeVarUint(update, states.length);
    for (const { client, clock, state } of states) {
      encoding.writeVarUint(update, client);
      encoding.writeVarUint(update, clock);
      encoding.writeVarString(update, JSON.stringify(state));
    }
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, messageType.awareness);
    encoding.writeVarUint8Array(encoder, encoding.toUint8Array(update));
    this.link.send('sync', encoding.toUint8Array(encoder));
  }

  /** Resolves once the member has dealt with everything sent before, or has ended the connection. */
  async settled(): Promise<void> {
    const answers = this.#answers;
    this.link.send(
      'sync',
      syncMessage((encoder) => writeSyncStep1(encoder, new Y.Doc()))
    );
    await this.until(() => this.#answers > answers);
  }

  /** Resolves once something holds, or the connection has ended. */
  async until(holds: () => boolean): Promise<void> {
    while (this.link.isOpen && !holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #readSync(message: Uint8Array): void {
    const decoder = decoding.createDecoder(message);
    if (decoding.readVarUint(decoder) !== messageType.sync) return;
    const step = readSyncMessage(decoder, encoding.createEncoder(), this.carrier, 'member');
    if (step === 1) this.#answers++;
  }
}

export class HostilePeer {
  readonly id: string;
  readonly victims: Victim[] = [];
  room!: Room;
  readonly #meeting: Meeting;
  readonly #attempts = new Map<string, Link>();
  readonly #met = new Set<string>();
  readonly #waiting: (() => void)[] = [];
  /** Reasons for which it was refused. */
  readonly refusals: string[] = [];

  private constructor(meeting: Meeting) {
    this.#meeting = meeting;
    // Larger than anybody's, so that it always offers.
    this.id = meeting.id ?? `ffff${randomBytes(14).toString('hex')}`;
  }

  static async enter(meeting: Meeting): Promise<HostilePeer> {
    const peer = new HostilePeer(meeting);
    peer.room = await Room.enter(meeting.signalling, meeting.secret, (signal) => void peer.#hear(signal));
    peer.room.say({ type: 'announce', from: peer.id });
    return peer;
  }

  /** Resolves with the connection to this device's session. */
  async victim(device: string): Promise<Victim> {
    for (;;) {
      const found = this.victims.find(({ link }) => link.isOpen && link.remote?.device === device);
      if (found) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves with the first connection to anybody. */
  async anyVictim(): Promise<Victim> {
    for (;;) {
      const [first] = this.victims;
      if (first) return first;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves with the first reason for which somebody refused it. */
  async refused(): Promise<string> {
    for (;;) {
      const [reason] = this.refusals;
      if (reason !== undefined) return reason;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  leave(): void {
    this.room.leave();
    for (const link of this.#attempts.values()) link.close();
  }

  async #hear(signal: Signal): Promise<void> {
    if (signal.from === this.id || (signal.to !== undefined && signal.to !== this.id)) return;
    if (signal.type === 'announce' || signal.type === 'want') {
      if (!this.#met.has(signal.from)) await this.#offer(signal.from);
      return;
    }
    const link = this.#attempts.get(signal.attempt ?? '');
    if (signal.type === 'answer') link?.acceptAnswer(signal.sdp ?? '');
    if (signal.type === 'candidate') link?.addCandidate(signal.candidate ?? '', signal.mid ?? '');
  }

  async #offer(to: string): Promise<void> {
    this.#met.add(to);
    const link = new Link();
    const attempt = randomBytes(16).toString('hex');
    this.#attempts.set(attempt, link);
    link.pc.onLocalCandidate((candidate, mid) =>
      this.room.say({ type: 'candidate', from: this.id, to, attempt, candidate, mid })
    );
    const sdp = await link.describe('offer');
    this.room.say({ type: 'offer', from: this.id, to, attempt, sdp });
    await link.opened;
    const victim = new Victim(link);
    if (this.#meeting.instead) {
      this.victims.push(victim);
      this.#meeting.instead(link);
      for (const wake of this.#waiting.splice(0)) wake();
      return;
    }
    try {
      await link.handshake({ ...this.#meeting.as, room: roomOf(this.#meeting.secret).name }, 'offerer');
      this.victims.push(victim);
    } catch (error) {
      this.refusals.push(error instanceof Error ? error.message : String(error));
    }
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

function syncMessage(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, messageType.sync);
  write(encoder);
  return encoding.toUint8Array(encoder);
}
