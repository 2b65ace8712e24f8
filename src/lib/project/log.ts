/**
 * Entries as they stand in the carrier, checked and understood: reads what is new, verifies chain and signature, and
 * keeps everything in the common order for the folds.
 */
import { fromHex, toHex } from '../identity/encoding.ts';
import { concatBytes, utf8 } from '../identity/encoding.ts';
import { sha256 } from '../identity/hash.ts';
import { verifyJoining } from '../identity/invitation.ts';
import { type ProjectId, type WriterId } from '../model/ids.ts';
import { type AccessEntry } from './access.ts';
import { AccessHistory } from './access-history.ts';
import { type AccessBody, decodeAccessBody, decodeFactBody } from './bodies.ts';
import { hashDefinition } from './canonical-json.ts';
import { compareEntries, decodeEntry, type Entry, follows, largestLamport, verifyEntry } from './entry.ts';
import { type FactEntry } from './fact-fold.ts';
import { provenFork } from './fork.ts';
import { readEditRun } from './view.ts';

/** What one writer's log is known to hold. */
interface WriterLog {
  /** Entries read so far, valid or not. */
  read: number;
  last?: Entry;
  /** Of each entry of its unbroken part. */
  hashes: string[];
  /** The next place in the view that its edits may fill. */
  viewClock: number;
  /** Set once an entry does not fit: nothing after it counts. */
  broken: boolean;
}

export class EntryLog {
  readonly #project: ProjectId;
  readonly #writers = new Map<number, WriterLog>();
  readonly #access: AccessEntry[] = [];
  readonly #facts: FactEntry[] = [];
  readonly #edits: Entry[] = [];
  readonly #forked = new Set<number>();
  #accessVersion = 0;
  #lamport = 0;
  /** The latest clock of each device's facts and access entries, ms since 1970: shown, never folded by. */
  readonly lastActive = new Map<Entry['device'], number>();
  readonly history = new AccessHistory();

  constructor(project: ProjectId) {
    this.#project = project;
  }

  /** Another one whenever `access` or `history` are. */
  get accessVersion(): number {
    return this.#accessVersion;
  }

  /** What counts if its author's role allows it, in the common order. */
  get access(): readonly AccessEntry[] {
    return this.#unforked(this.#access, ({ entry }) => entry);
  }

  get facts(): readonly FactEntry[] {
    return this.#unforked(this.#facts, ({ entry }) => entry);
  }

  /** Each speaks as its own writer only. */
  get edits(): readonly Entry[] {
    return this.#unforked(this.#edits, (entry) => entry);
  }

  get nextLamport(): number {
    return Math.min(this.#lamport + 1, largestLamport);
  }

  /** Whether somebody has shown that this writer signed two histories. */
  isForked(writer: number): boolean {
    return this.#forked.has(writer);
  }

  #unforked<Item>(items: readonly Item[], entryOf: (item: Item) => Entry): readonly Item[] {
    return this.#forked.size === 0 ? items : items.filter((item) => !this.isForked(entryOf(item).writer));
  }

  /** How many entries of a writer were read. */
  lengthOf(writer: number): number {
    return this.#writers.get(writer)?.read ?? 0;
  }

  lastOf(writer: number): Entry | undefined {
    return this.#writers.get(writer)?.last;
  }

  /** The last good entry of each writer. */
  get lasts(): Entry[] {
    return [...this.#writers.values()].flatMap(({ last }) => last ?? []);
  }

  hashAt(writer: number, seq: number): string | undefined {
    return this.#writers.get(writer)?.hashes[seq];
  }

  /** Last seq of each of a device's writers. */
  writersOf(isDevice: (device: Entry['device']) => boolean): { writer: WriterId; seq: number }[] {
    return this.lasts.flatMap(({ device, writer, seq }) => (isDevice(device) ? [{ writer, seq }] : []));
  }

  /** Takes in a writer's next entries, as they stand in the carrier. */
  async take(writer: number, bytes: readonly Uint8Array[]): Promise<void> {
    const log = this.#writers.get(writer) ?? { read: 0, hashes: [], viewClock: 0, broken: false };
    this.#writers.set(writer, log);
    const from = log.read;
    log.read += bytes.length;
    if (log.broken) return;
    const run = await verifyRun({ project: this.#project, writer, from, previous: log.last }, bytes);
    if (run.length < bytes.length) log.broken = true;
    for (const entry of run) {
      log.hashes.push(entry.hash);
      await this.#add(entry, log);
    }
    const last = run.at(-1);
    if (last) log.last = last;
  }

  async #add(entry: Entry, log: WriterLog): Promise<void> {
    this.#lamport = Math.max(this.#lamport, entry.lamport);
    if (entry.kind === 'access') {
      await this.#addAccess(entry);
      this.#accessVersion += 1;
    } else if (entry.kind === 'fact') await this.#addFact(entry);
    else this.#addEdit(entry, log);
  }

  /**
   * An edit goes on where its writer's last one ended. With two contents for one place, or a place left for later, what a
   * replica shows would depend on which arrived first.
   */
  #addEdit(entry: Entry, log: WriterLog): void {
    const run = readEditRun(entry.writer, entry.body);
    if (!run || (run.to > run.from && run.from !== log.viewClock)) return;
    if (run.to > run.from) log.viewClock = run.to;
    insertInOrder(this.#edits, entry, (item) => item);
  }

  async #addFact(entry: Entry): Promise<void> {
    const body = decodeFactBody(entry.body);
    if (!body) return;
    this.#noteActivity(entry, body.at);
    // A job is known by what it computes: under another definition's hash it would pass for that one.
    if (body.type === 'job' && (await hashDefinition(body.definition)) !== body.definitionHash) return;
    insertInOrder(this.#facts, { entry, body }, (item) => item.entry);
  }

  #noteActivity({ device }: Entry, at: number): void {
    this.lastActive.set(device, Math.max(at, this.lastActive.get(device) ?? 0));
  }

  async #addAccess(entry: Entry): Promise<void> {
    this.history.add(entry);
    const body = decodeAccessBody(entry.body);
    if (!body) return;
    this.#noteActivity(entry, body.at);
    if (body.type === 'found' && (await projectIdOf(entry.device, fromHex(body.random))) !== entry.project)
      return;
    if (body.type === 'fork') {
      const writer = await provenFork(this.#project, body);
      if (writer !== undefined) this.#forked.add(writer);
      return;
    }
    if (body.type === 'join' && !(await isVouchedFor(entry, body))) return;
    insertInOrder(this.#access, { entry, body }, (item) => item.entry);
  }
}

/** Whether the invitation's key signed that this device joins with this person. */
function isVouchedFor(
  { project, device }: Entry,
  { invite, key, person, signature }: Extract<AccessBody, { type: 'join' }>
): Promise<boolean> {
  return verifyJoining(key, { project, invite, device, person }, fromHex(signature));
}

/** SHA-256("dendro/project/1" ‖ founder's signing key ‖ 32 random bytes), hex. */
export async function projectIdOf(founder: string, random: Uint8Array): Promise<string> {
  return toHex(await sha256(concatBytes(utf8('dendro/project/1'), fromHex(founder), random)));
}

/**
 * The leading part of a run that is one writer's unbroken, signed chain. One signature is checked, the last; only when
 * it fails are the others, to find how far the chain is good.
 */
export async function verifyRun(
  place: { project: ProjectId; writer: number; from: number; previous: Entry | undefined },
  bytes: readonly Uint8Array[]
): Promise<Entry[]> {
  const decoded = await Promise.all(bytes.map((entry) => decodeEntry(entry).catch(() => undefined)));
  const chain: Entry[] = [];
  let previous = place.previous;
  for (const entry of decoded) {
    const fits =
      entry?.project === place.project &&
      entry.writer === place.writer &&
      entry.seq === place.from + chain.length &&
      (previous === undefined ? entry.seq === 0 : follows(entry, previous));
    if (!fits) break;
    chain.push(entry);
    previous = entry;
  }
  while (chain.length > 0) {
    const last = chain.at(-1);
    if (last && (await verifyEntry(last))) return chain;
    chain.pop();
  }
  return chain;
}

/** New entries mostly come last, so the place is looked for from the end. */
function insertInOrder<Item>(items: Item[], item: Item, entryOf: (item: Item) => Entry): void {
  let at = items.length;
  while (at > 0) {
    const before = items[at - 1];
    if (before === undefined || compareEntries(entryOf(before), entryOf(item)) <= 0) break;
    at--;
  }
  items.splice(at, 0, item);
}
