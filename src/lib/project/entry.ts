/**
 * Entries: the signed, hash-chained records of which a project consists. One writer's entries form a chain, so checking
 * the signature of the last one vouches for all before it.
 */
import * as v from 'valibot';
import {
  concatBytes,
  decodeFields,
  encodeFields,
  fromHex,
  fromUint64,
  fromUtf8,
  toHex,
  uint64
} from '../identity/encoding.ts';
import { verifySignature } from '../identity/device-keys.ts';
import { sha256 } from '../identity/hash.ts';
import { TaggedError } from '../model/errors.ts';
import { DeviceId, ProjectId, WriterId } from '../model/ids.ts';

export const entryVersion = 1;
const signatureDomain = 'dendro/entry/1';
const fieldCount = 13;
/** An entry with an edit of a long text pasted at once still fits. */
export const largestEntry = 1 << 20;
const mostAccessHeads = 64;

export type EntryKind = 'access' | 'fact' | 'edit';
const entryKinds: readonly string[] = ['access', 'fact', 'edit'] satisfies EntryKind[];

export interface EntryHeader {
  project: ProjectId;
  epoch: number;
  writer: WriterId;
  /** 16 random bytes that make the writer, hex. */
  nonce: string;
  /** Position in the writer's log, from 0; equals the Yjs clock. */
  seq: number;
  device: DeviceId;
  /** Hash of the writer's previous entry, hex; empty for the first. */
  prev: string;
  /** Hashes of the access entries that its author knew as the latest, hex. */
  access: string[];
  /** One more than the largest its author knew: orders entries by cause. */
  lamport: number;
  kind: EntryKind;
}

export interface Entry extends EntryHeader {
  body: Uint8Array;
  signature: Uint8Array;
  /** SHA-256 of the entry's bytes, hex. */
  hash: string;
}

/** The first 53 bits of SHA-256(project ‖ device ‖ nonce): nobody can write under another device's writer. */
export async function deriveWriter(
  project: ProjectId,
  device: DeviceId,
  nonce: Uint8Array
): Promise<WriterId> {
  const digest = await sha256(concatBytes(fromHex(project), fromHex(device), nonce));
  let value = 0;
  for (const byte of digest.subarray(0, 6)) value = value * 256 + byte;
  return v.parse(WriterId, value * 32 + ((digest[6] ?? 0) >> 3));
}

/** Signs and encodes an entry. */
export async function encodeEntry(
  header: EntryHeader,
  body: Uint8Array,
  sign: (bytes: Uint8Array) => Promise<Uint8Array>
): Promise<Uint8Array<ArrayBuffer>> {
  const fields = [...headerFields(header), body];
  const signature = await sign(encodeFields(signatureDomain, ...fields));
  const bytes = encodeFields(...fields, signature);
  if (bytes.length > largestEntry)
    throw new TaggedError(
      'entry-too-large',
      `an entry of ${bytes.length} bytes is over the limit of ${largestEntry}`
    );
  return bytes;
}

/**
 * Reads an entry's fields and its hash; says nothing about its signature.
 * @throws TaggedError `entry-invalid` when the bytes are no well-formed entry
 */
export async function decodeEntry(bytes: Uint8Array): Promise<Entry> {
  if (bytes.length > largestEntry) throw invalid('too large');
  try {
    return { ...parseFields(decodeFields(bytes, fieldCount)), hash: toHex(await sha256(bytes)) };
  } catch (cause) {
    throw invalid('malformed', cause);
  }
}

/** Whether the entry's signature is its device's and its writer is that device's own. */
export async function verifyEntry(entry: Entry): Promise<boolean> {
  const writer = await deriveWriter(entry.project, entry.device, fromHex(entry.nonce));
  if (writer !== entry.writer) return false;
  const signed = encodeFields(signatureDomain, ...headerFields(entry), entry.body);
  return verifySignature(entry.device, signed, entry.signature);
}

function headerFields(header: EntryHeader): Uint8Array[] {
  return [
    uint64(entryVersion),
    fromHex(header.project),
    uint64(header.epoch),
    uint64(header.writer),
    fromHex(header.nonce),
    uint64(header.seq),
    fromHex(header.device),
    fromHex(header.prev),
    concatBytes(...header.access.map(fromHex)),
    uint64(header.lamport),
    new TextEncoder().encode(header.kind)
  ];
}

function parseFields(fields: Uint8Array[]): Omit<Entry, 'hash'> {
  const field = (index: number) => fields[index] ?? new Uint8Array();
  const number = (index: number) => fromUint64(field(index));
  if (number(0) !== entryVersion) throw new Error('unknown version');
  const kind = fromUtf8(field(10));
  if (!entryKinds.includes(kind)) throw new Error('unknown kind');
  if (field(4).length !== 16) throw new Error('nonce');
  if (field(7).length !== (number(5) === 0 ? 0 : 32)) throw new Error('prev');
  if (field(12).length !== 64) throw new Error('signature');
  return {
    project: v.parse(ProjectId, toHex(field(1))),
    epoch: number(2),
    writer: v.parse(WriterId, number(3)),
    nonce: toHex(field(4)),
    seq: number(5),
    device: v.parse(DeviceId, toHex(field(6))),
    prev: toHex(field(7)),
    access: splitHashes(field(8)),
    lamport: number(9),
    kind: kind as EntryKind,
    body: field(11),
    signature: field(12)
  };
}

function splitHashes(bytes: Uint8Array): string[] {
  if (bytes.length % 32 !== 0 || bytes.length > 32 * mostAccessHeads) throw new Error('access heads');
  const hashes: string[] = [];
  for (let at = 0; at < bytes.length; at += 32) hashes.push(toHex(bytes.subarray(at, at + 32)));
  return hashes;
}

function invalid(why: string, cause?: unknown): TaggedError {
  return new TaggedError('entry-invalid', `an entry of the project is not valid: ${why}`, {}, { cause });
}

/** The order in which every replica folds entries, whatever the order of arrival. */
export function compareEntries(a: EntryHeader, b: EntryHeader): number {
  if (a.lamport !== b.lamport) return a.lamport - b.lamport;
  if (a.device !== b.device) return a.device < b.device ? -1 : 1;
  return a.writer - b.writer || a.seq - b.seq;
}
