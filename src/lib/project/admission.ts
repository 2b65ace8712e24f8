/**
 * Admission: what a peer sends is applied to the carrier only if it appends well-formed, signed entries to their
 * writers' own logs. Roles are not judged here (honest peers relay void entries too) but for a viewer's own writing.
 */
import { type DeviceId, type ProjectId } from '../model/ids.ts';
import { type LogRun, readAppends, withoutWriters } from './carrier.ts';
import { decodeEntry, type Entry, follows, verifyEntry } from './entry.ts';
import { contradict } from './fork.ts';

export interface AdmissionContext {
  project: ProjectId;
  /** How many entries of all writers stand in our carrier. */
  entryCount: () => number;
  /** How many entries of a writer stand in our carrier. */
  lengthOf: (writer: number) => number;
  /** The entry that stands in our carrier at this place, if any. */
  entryAt: (writer: number, seq: number) => Uint8Array | undefined;
  isForked: (writer: number) => boolean;
  /** Whether an entry may come from its own device; others may relay it in any case. */
  mayHandIn: (entry: Entry) => Promise<boolean>;
  /** Called with two entries of which no honest writer signs both. */
  onFork: (first: Entry, second: Entry) => void;
}

/**
 * `drop`: an honest peer may hold it, but it cannot or need not be applied here. `refuse`: no honest peer has it, since
 * none would have admitted it.
 */
type Verdict = 'pass' | 'drop' | 'refuse';

/** Signatures are checked on other threads, so many at a time; few enough that a bad one is found soon. */
const verifiedAtOnce = 256;

/**
 * An honest clock is no larger than the number of entries in the project; this much more is room for those that a replica
 * lacks. With a clock at its end nothing could come after anything any more.
 */
const clockAhead = 100_000;

export class Admission {
  readonly #context: AdmissionContext;
  /** One update after another, so that each is checked against those before it. */
  #turn: Promise<unknown> = Promise.resolve();
  /** Entries let through that the carrier does not show yet. */
  readonly #passed = new Map<number, Map<number, Uint8Array>>();

  constructor(context: AdmissionContext) {
    this.#context = context;
  }

  /**
   * @param from the device at the other end, proved by the handshake
   * @returns the part of the update that may be applied; `undefined` when no honest peer sends such an update
   */
  check(update: Uint8Array, from: DeviceId): Promise<Uint8Array | undefined> {
    const checked = this.#turn.then(() => this.#check(update, from));
    this.#turn = checked.catch(() => undefined);
    return checked;
  }

  async #check(update: Uint8Array, from: DeviceId): Promise<Uint8Array | undefined> {
    const runs = readAppends(update);
    if (!runs) return undefined;
    this.#forgetApplied();
    const arriving = runs.reduce((sum, { entries }) => sum + entries.length, 0);
    const latest = this.#context.entryCount() + arriving + clockAhead;
    const dropped = new Set<number>();
    for (const run of runs) {
      const verdict = dropped.has(run.writer) ? 'drop' : await this.#judge(run, { from, latest });
      if (verdict === 'refuse') return undefined;
      if (verdict === 'drop') dropped.add(run.writer);
    }
    const passed = runs.filter(({ writer }) => !dropped.has(writer));
    for (const run of passed) this.#remember(run);
    return dropped.size === 0 ? update : withoutWriters(update, dropped);
  }

  async #judge(
    { writer, from, entries: bytes }: LogRun,
    { from: peer, latest }: { from: DeviceId; latest: number }
  ): Promise<Verdict> {
    if (this.#context.isForked(writer)) return 'drop';
    const held = this.#lengthOf(writer);
    // An update that outran the ones before it comes again with the next sync step.
    if (from > held) return 'drop';
    const known = bytes.slice(0, held - from);
    const fresh = await this.#chain({
      writer,
      from: from + known.length,
      entries: bytes.slice(known.length)
    });
    if (!fresh) return 'refuse';
    for (const [i, entry] of known.entries()) {
      const verdict = await this.#judgeKnown(writer, from + i, entry);
      if (verdict !== 'pass') return verdict;
    }
    const [next] = fresh;
    if (!next) return 'pass';
    if (fresh.some(({ lamport }) => lamport > latest)) return 'drop';
    if (next.device === peer)
      for (const entry of fresh) if (!(await this.#context.mayHandIn(entry))) return 'drop';
    if (next.seq === 0) return 'pass';
    const last = this.#entryAt(writer, next.seq - 1);
    const previous = last && (await decodeEntry(last));
    if (!previous) return 'drop';
    if (follows(next, previous)) return 'pass';
    return this.#contradiction(previous, next);
  }

  /** An entry for a place where one stands already: the same one, or a fork. */
  async #judgeKnown(writer: number, seq: number, bytes: Uint8Array): Promise<Verdict> {
    const ours = this.#entryAt(writer, seq);
    if (ours && sameBytes(bytes, ours)) return 'pass';
    const [second] = (await this.#chain({ writer, from: seq, entries: [bytes] })) ?? [];
    if (!ours || !second) return 'refuse';
    const first = await decodeEntry(ours);
    return first.hash === second.hash ? 'pass' : this.#contradiction(first, second);
  }

  #contradiction(first: Entry, second: Entry): Verdict {
    if (!contradict(first, second)) return 'refuse';
    this.#context.onFork(first, second);
    return 'drop';
  }

  /** The entries, if each is signed by its writer and follows the one before; every honest peer checks each. */
  async #chain({ writer, from, entries }: LogRun): Promise<Entry[] | undefined> {
    const chain: Entry[] = [];
    for (let at = 0; at < entries.length; at += verifiedAtOnce) {
      const batch = entries.slice(at, at + verifiedAtOnce);
      for (const entry of await Promise.all(batch.map((bytes) => this.#signed(bytes)))) {
        const previous = chain.at(-1);
        const fits = entry?.writer === writer && entry.seq === from + chain.length;
        if (!fits || (previous && !follows(entry, previous))) return undefined;
        chain.push(entry);
      }
    }
    return chain;
  }

  async #signed(bytes: Uint8Array): Promise<Entry | undefined> {
    const entry = await decodeEntry(bytes).catch(() => undefined);
    return entry?.project === this.#context.project && (await verifyEntry(entry)) ? entry : undefined;
  }

  #lengthOf(writer: number): number {
    let length = this.#context.lengthOf(writer);
    while (this.#passed.get(writer)?.has(length)) length++;
    return length;
  }

  #entryAt(writer: number, seq: number): Uint8Array | undefined {
    return this.#context.entryAt(writer, seq) ?? this.#passed.get(writer)?.get(seq);
  }

  #remember({ writer, from, entries }: LogRun): void {
    const applied = this.#context.lengthOf(writer);
    const passed = this.#passed.get(writer) ?? new Map<number, Uint8Array>();
    for (const [i, entry] of entries.entries()) if (from + i >= applied) passed.set(from + i, entry);
    if (passed.size > 0) this.#passed.set(writer, passed);
  }

  #forgetApplied(): void {
    for (const [writer, passed] of this.#passed) {
      const applied = this.#context.lengthOf(writer);
      for (const seq of passed.keys()) if (seq < applied) passed.delete(seq);
      if (passed.size === 0) this.#passed.delete(writer);
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
