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
const encodedDomain = encodeFields(signatureDomain);
const fieldCount = 13;
/** Honest clocks grow by one an entry; one pushed to the top by a member must not stop the others' writing. */
export const largestLamport = 2 ** 48;
/** An entry with an edit of a long text pasted at once still fits. */
export const largestEntry = 1 << 20;
export const mostAccessHeads = 64;

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

/** What is signed and hashed: a header and the hash of a body. */
export interface SignedHeader extends EntryHeader {
  /** SHA-256 of the body. */
  bodyHash: Uint8Array;
  signature: Uint8Array;
  /** SHA-256 of what is signed, hex; another signature of the same gives the same hash. */
  hash: string;
}

export interface Entry extends SignedHeader {
  body: Uint8Array;
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
  const signature = await sign(signedBytes(header, await sha256(body)));
  const bytes = encodeFields(...headerFields(header), body, signature);
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
    const { header, content: body, signature } = parseFields(bytes);
    const bodyHash = await sha256(body);
    // The encoding is canonical: what was received of the header is what was signed.
    const encoded = bytes.subarray(0, body.byteOffset - bytes.byteOffset - 4);
    const hash = toHex(await sha256(concatBytes(encodedDomain, encoded, encodeFields(bodyHash))));
    return { ...header, body, bodyHash, signature, hash };
  } catch (cause) {
    throw invalid('malformed', cause);
  }
}

/** Hash and signature of entries that were found good: what a peer hands in is looked at again when it is taken in. */
const verified = new Set<string>();
const mostVerified = 20_000;

/** Whether the entry's signature is its device's and its writer is that device's own. */
export async function verifyEntry(entry: SignedHeader): Promise<boolean> {
  const key = `${entry.hash} ${toHex(entry.signature)}`;
  if (verified.has(key)) return true;
  const writer = await deriveWriter(entry.project, entry.device, fromHex(entry.nonce));
  if (writer !== entry.writer) return false;
  const signed = signedBytes(entry, entry.bodyHash);
  if (!(await verifySignature(entry.device, signed, entry.signature))) return false;
  if (verified.size >= mostVerified) verified.clear();
  verified.add(key);
  return true;
}

/** The entry without its body, small enough to be shown to others as evidence (fork.ts). */
export function encodeSignedHeader(entry: SignedHeader): Uint8Array<ArrayBuffer> {
  return encodeFields(...headerFields(entry), entry.bodyHash, entry.signature);
}

/** @throws TaggedError `entry-invalid` */
export async function decodeSignedHeader(bytes: Uint8Array): Promise<SignedHeader> {
  try {
    const { header, content: bodyHash, signature } = parseFields(bytes);
    return { ...header, bodyHash, signature, hash: await hashOf(header, bodyHash) };
  } catch (cause) {
    throw invalid('malformed', cause);
  }
}

/** Whether an entry may come right after another of its writer. */
export function follows(entry: EntryHeader, previous: SignedHeader): boolean {
  return (
    entry.seq === previous.seq + 1 &&
    entry.prev === previous.hash &&
    (entry.lamport > previous.lamport || entry.lamport === largestLamport) &&
    entry.device === previous.device &&
    entry.nonce === previous.nonce &&
    entry.epoch >= previous.epoch
  );
}

function signedBytes(header: EntryHeader, bodyHash: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeFields(signatureDomain, ...headerFields(header), bodyHash);
}

async function hashOf(header: EntryHeader, bodyHash: Uint8Array): Promise<string> {
  return toHex(await sha256(signedBytes(header, bodyHash)));
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

function parseFields(bytes: Uint8Array): {
  header: EntryHeader;
  /** The body, or its hash. */
  content: Uint8Array;
  signature: Uint8Array;
} {
  const fields = decodeFields(bytes, fieldCount);
  const field = (index: number) => fields[index] ?? new Uint8Array();
  const number = (index: number) => fromUint64(field(index));
  if (number(0) !== entryVersion) throw new Error('unknown version');
  const kind = fromUtf8(field(10));
  if (!entryKinds.includes(kind)) throw new Error('unknown kind');
  if (field(4).length !== 16) throw new Error('nonce');
  if (field(7).length !== (number(5) === 0 ? 0 : 32)) throw new Error('prev');
  if (field(12).length !== 64) throw new Error('signature');
  if (number(9) > largestLamport) throw new Error('lamport');
  const header = {
    project: v.parse(ProjectId, toHex(field(1))),
    epoch: number(2),
    writer: v.parse(WriterId, number(3)),
    nonce: toHex(field(4)),
    seq: number(5),
    device: v.parse(DeviceId, toHex(field(6))),
    prev: toHex(field(7)),
    access: splitHashes(field(8)),
    lamport: number(9),
    kind: kind as EntryKind
  };
  return { header, content: field(11), signature: field(12) };
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
