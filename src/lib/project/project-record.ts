/**
 * The signed record of one project on this device: appends this session's entries to the carrier and reads what others
 * wrote, one after another, in the order asked for.
 */
import type * as Y from 'yjs';
import { type DeviceKeys } from '../identity/device-keys.ts';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { type DeviceId, type ProjectId, type WriterId } from '../model/ids.ts';
import { Admission } from './admission.ts';
import { encodeBody } from './bodies.ts';
import {
  appendToCarrier,
  entryAt,
  entryCount,
  logLength,
  logLengths,
  ownUpdate,
  readLog
} from './carrier.ts';
import {
  decodeEntry,
  deriveWriter,
  encodeEntry,
  type Entry,
  type EntryKind,
  largestLamport,
  mostAccessHeads,
  type SignedHeader
} from './entry.ts';
import { forkEvidence } from './fork.ts';
import { Histories } from './histories.ts';
import { EntryLog } from './log.ts';
import { type ProjectPersistence, type StoredCarrier } from './persistence.ts';

export interface OpenOptions {
  id: ProjectId;
  keys: DeviceKeys;
  persistence: ProjectPersistence;
}

/** Signatures are checked on other threads: one log after another would mostly wait. */
const writersAtOnce = 64;

interface Session {
  writer: WriterId;
  nonce: Uint8Array;
  stored: StoredCarrier;
}

/** Who reads the record. */
export interface RecordReader {
  /** Called when entries were read that were not known. */
  onNew(): void;
  /** Whether an entry may come from its own device. */
  mayHandIn(entry: Entry): Promise<boolean>;
}

/** Access entries that are not in the record yet but are known to an entry's author. */
export interface KnownEntries {
  access: string[];
  lamport: number;
}

export class ProjectRecord {
  readonly project: ProjectId;
  readonly writer: WriterId;
  readonly log: EntryLog;
  readonly histories: Histories;
  readonly #keys: DeviceKeys;
  readonly #nonce: Uint8Array;
  readonly #stored: StoredCarrier;
  readonly #admission: Admission;
  readonly #reader: RecordReader;
  #work: Promise<unknown> = Promise.resolve();
  #intakeQueued = false;
  readonly #onCarrierUpdate = () => this.#queueIntake();

  constructor(options: OpenOptions, { writer, nonce, stored }: Session, reader: RecordReader) {
    this.project = options.id;
    this.writer = writer;
    this.#keys = options.keys;
    this.#nonce = nonce;
    this.#stored = stored;
    this.#reader = reader;
    this.log = new EntryLog(options.id);
    const onFork = (first: SignedHeader, second: SignedHeader) => this.#reportFork(first, second);
    this.histories = new Histories({
      ...{ project: options.id, log: this.log, onFork },
      carrier: () => this.carrier
    });
    this.#admission = new Admission({
      project: options.id,
      entryCount: () => entryCount(this.carrier),
      lengthOf: (writer) => logLength(this.carrier, writer),
      entryAt: (writer, seq) => entryAt(this.carrier, writer, seq),
      isForked: (writer) => this.log.isForked(writer),
      mayHandIn: (entry) => reader.mayHandIn(entry),
      onFork
    });
    this.carrier.on('update', this.#onCarrierUpdate);
  }

  /** What sync replicates. */
  get carrier(): Y.Doc {
    return this.#stored.carrier;
  }

  /** What this session wrote, as an update. */
  get ownEntries(): Uint8Array {
    return ownUpdate(this.carrier, this.writer);
  }

  /** What of a peer's update may be applied: all, a part (as an update), or nothing. */
  async admit(update: Uint8Array, from: DeviceId): Promise<boolean | Uint8Array> {
    const passed = await this.#admission.check(update, from);
    return passed === update || (passed ?? false);
  }

  /** Appends one entry of this session, as `appendAll` does. */
  append(kind: EntryKind, body: () => Uint8Array, known?: KnownEntries): Promise<Entry> {
    return this.appendAll(kind, () => [body()], known);
  }

  /**
   * Appends entries of this session in one step: whoever has the first has them all.
   * @param bodies made when it is their turn, with all before them read; at least one
   * @returns the last entry as it was taken in
   */
  appendAll(
    kind: EntryKind,
    bodies: () => readonly Uint8Array[],
    known: KnownEntries = { access: [], lamport: 0 }
  ): Promise<Entry> {
    return this.#enqueue(async () => {
      await this.#takeIn();
      const entries = await this.#encode(kind, bodies(), known);
      appendToCarrier(this.carrier, this.writer, ...entries);
      const length = this.log.lengthOf(this.writer) + entries.length;
      await this.#takeIn();
      const taken = this.log.lastOf(this.writer);
      if (taken?.seq !== length - 1) throw new Error('an entry of this session was not taken in');
      return taken;
    });
  }

  async #encode(
    kind: EntryKind,
    bodies: readonly Uint8Array[],
    known: KnownEntries
  ): Promise<Uint8Array<ArrayBuffer>[]> {
    const entries: Uint8Array<ArrayBuffer>[] = [];
    const access = [...new Set([...known.access, ...this.log.history.heads])].slice(-mostAccessHeads);
    let prev = this.log.lastOf(this.writer)?.hash ?? '';
    let lamport = Math.max(known.lamport, this.log.nextLamport);
    for (const body of bodies) {
      const seq = this.log.lengthOf(this.writer) + entries.length;
      const { project, writer } = this;
      const { device } = this.#keys;
      const nonce = toHex(this.#nonce);
      const header = { project, epoch: 0, writer, nonce, seq, device, prev, access, lamport, kind };
      const entry = await encodeEntry(header, body, (bytes) => this.#keys.sign(bytes));
      entries.push(entry);
      prev = (await decodeEntry(entry)).hash;
      lamport = Math.min(lamport + 1, largestLamport);
    }
    return entries;
  }

  /** Resolves when everything so far is read. */
  read(): Promise<void> {
    return this.#enqueue(() => this.#takeIn());
  }

  /** Resolves when everything so far is read and on disk. */
  async flush(): Promise<void> {
    await this.read();
    await this.#stored.flushed();
  }

  async close(): Promise<void> {
    this.carrier.off('update', this.#onCarrierUpdate);
    await this.#stored.close();
  }

  /** Tells everybody of a writer with two histories: others may hold the other one, and no sync would show it. */
  #reportFork(first: SignedHeader, second: SignedHeader): void {
    const body = encodeBody({ type: 'fork', at: Date.now(), ...forkEvidence(first, second) });
    const report = async () => {
      if (!this.log.isForked(first.writer)) await this.append('access', () => body);
    };
    report().catch((error: unknown) => console.error('fork report', error));
  }

  #queueIntake(): void {
    if (this.#intakeQueued) return;
    this.#intakeQueued = true;
    // A broken log must not stop the others: what can be read is folded, and the next update tries again.
    this.read().catch((error: unknown) => console.error('project intake', error));
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => undefined);
    return done;
  }

  /** Reads what is new in the carrier. */
  async #takeIn(): Promise<void> {
    this.#intakeQueued = false;
    const grown = [...logLengths(this.carrier)].filter(
      ([writer, length]) => length > this.log.lengthOf(writer)
    );
    for (let at = 0; at < grown.length; at += writersAtOnce)
      await Promise.all(
        grown
          .slice(at, at + writersAtOnce)
          .map(([writer]) => this.log.take(writer, readLog(this.carrier, writer, this.log.lengthOf(writer))))
      );
    if (grown.length > 0) this.#reader.onNew();
  }
}

/** What a new session of this device writes under, and the carrier as stored. */
export async function openSession({ id, keys, persistence }: OpenOptions): Promise<Session> {
  const nonce = randomBytes(16);
  const writer = await deriveWriter(id, keys.device, nonce);
  return { writer, nonce, stored: await persistence.open(id) };
}
