/**
 * The carrier: one append-only Y.Doc with an array `log:<writer>` of entries for each writer, and nothing else. This is
 * what y-webrtc syncs and what is stored.
 */
import * as Y from 'yjs';
import { type WriterId } from '../model/ids.ts';
import { largestEntry } from './entry.ts';

const largestUpdate = 64 << 20;

export function createCarrier(): Y.Doc {
  return new Y.Doc({ gc: false });
}

function logName(writer: number): string {
  return `log:${writer}`;
}

/** Appends an entry to this session's log; the carrier's client id must be its writer. */
export function appendToCarrier(carrier: Y.Doc, writer: WriterId, ...entries: Uint8Array[]): void {
  if (carrier.clientID !== writer) carrier.clientID = writer;
  carrier.getArray<Uint8Array>(logName(writer)).push(entries);
}

/**
 * Entries of one writer from a position on; what is no entry is empty. Read from the store: to make the Y.Array of a log
 * takes a transaction, which looks at every writer.
 */
export function readLog(carrier: Y.Doc, writer: number, from: number): Uint8Array[] {
  const count = Math.max(0, logLength(carrier, writer) - from);
  return Array.from({ length: count }, (_, i) => entryAt(carrier, writer, from + i) ?? new Uint8Array());
}

/** How many entries of a writer stand in the carrier. */
export function logLength(carrier: Y.Doc, writer: number): number {
  return Y.getState(carrier.store, writer);
}

/** How many entries stand in the carrier. */
export function entryCount(carrier: Y.Doc): number {
  let count = 0;
  for (const structs of carrier.store.clients.values()) count += structs.length;
  return count;
}

/** The entry at one place of a writer's log. */
export function entryAt(carrier: Y.Doc, writer: number, seq: number): Uint8Array | undefined {
  if (seq < 0 || seq >= logLength(carrier, writer)) return undefined;
  const item = Y.getItem(carrier.store, Y.createID(writer, seq));
  return item.content instanceof Y.ContentBinary ? item.content.content : undefined;
}

/** Everything that one writer appended, as an update. */
export function ownUpdate(carrier: Y.Doc, writer: WriterId): Uint8Array {
  const others = [...logLengths(carrier).keys()].filter((client) => client !== writer);
  return withoutWriters(Y.encodeStateAsUpdate(carrier), new Set(others));
}

/** Applies what admission has passed. */
export function applyToCarrier(carrier: Y.Doc, update: Uint8Array): void {
  Y.applyUpdate(carrier, update, 'peer');
}

/** The update less what it appends to these writers' logs. */
export function withoutWriters(update: Uint8Array, writers: ReadonlySet<number>): Uint8Array {
  const beyond = new Map([...writers].map((writer) => [writer, Number.MAX_SAFE_INTEGER]));
  return Y.diffUpdate(update, Y.encodeStateVector(beyond));
}

/** Writers that have a log, with its length. */
export function logLengths(carrier: Y.Doc): Map<number, number> {
  const lengths = new Map<number, number>();
  for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(carrier))) lengths.set(client, clock);
  return lengths;
}

/** One writer's entries in an update, from a position in its log on, without gaps. */
export interface LogRun {
  writer: number;
  from: number;
  entries: Uint8Array[];
}

/**
 * What an update would append, if it does nothing else.
 * @returns `undefined` when the update deletes, inserts elsewhere, or holds anything but entries
 */
export function readAppends(update: Uint8Array): LogRun[] | undefined {
  if (update.length > largestUpdate) return undefined;
  let decoded: ReturnType<typeof Y.decodeUpdate>;
  try {
    decoded = Y.decodeUpdate(update);
  } catch {
    return undefined;
  }
  if (decoded.ds.clients.size > 0) return undefined;
  const runs: LogRun[] = [];
  for (const struct of decoded.structs) {
    if (struct instanceof Y.Skip) continue;
    if (!(struct instanceof Y.Item)) return undefined;
    const entry = appendedEntry(struct);
    if (!entry) return undefined;
    const { client, clock } = struct.id;
    const run = runs.at(-1);
    if (run?.writer === client && run.from + run.entries.length === clock) run.entries.push(entry);
    else runs.push({ writer: client, from: clock, entries: [entry] });
  }
  return runs;
}

/** The entry of an item that stands at the end of its own writer's log. */
function appendedEntry(item: Y.Item): Uint8Array | undefined {
  const { client, clock } = item.id;
  if (!(item.content instanceof Y.ContentBinary) || item.length !== 1 || item.rightOrigin !== null)
    return undefined;
  if (item.parentSub !== null) return undefined;
  const inPlace =
    clock === 0
      ? item.origin === null && (item.parent as unknown) === logName(client)
      : item.origin?.client === client && item.origin.clock === clock - 1;
  const { content } = item.content;
  return inPlace && content.length <= largestEntry ? content : undefined;
}
