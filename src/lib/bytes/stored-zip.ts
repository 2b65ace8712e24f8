/**
 * Reads the directory of a ZIP whose files are stored as they are (APPNOTE 6.3.10, with Zip64). What is compressed is
 * refused: so no file is larger than the bytes that are there, and each can be read in place.
 */
import { TaggedError } from '../model/errors.ts';
import { type ByteSource } from './byte-source.ts';

export interface StoredFile {
  name: string;
  /** Of its first byte in the source. */
  position: number;
  size: number;
}

const endBytes = 22;
const zip64LocatorBytes = 20;
const zip64EndBytes = 56;
const localHeaderBytes = 30;
const directoryHeaderBytes = 46;
const mostFiles = 20_000;
const longestName = 512;
const largestDirectory = mostFiles * (directoryHeaderBytes + longestName + 64);

/** @throws TaggedError `zip-damaged` (cut off, or its parts contradict each other), `zip-compressed` */
export async function readStoredZip(source: ByteSource): Promise<StoredFile[]> {
  const directory = await findDirectory(source);
  const { count, position, size } = directory;
  if (count > mostFiles || size > largestDirectory || position + size > source.size)
    throw damaged('its directory does not fit');
  const bytes = await source.read(position, size);
  const listed = readDirectory(bytes, count);
  const names = new Set(listed.map(({ name }) => name));
  if (names.size !== listed.length) throw damaged('it holds two files of one name');
  const files: StoredFile[] = [];
  for (const file of listed) files.push(await locate(source, file));
  const inOrder = files.toSorted((a, b) => a.position - b.position);
  for (const [i, file] of inOrder.entries()) {
    const end = inOrder[i + 1]?.position ?? position;
    if (file.position + file.size > end) throw damaged('its files lie over each other');
  }
  return files;
}

interface Directory {
  count: number;
  position: number;
  size: number;
}

/** The record at the very end: a comment after it would be a place to hide another one. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const end = await viewOf(source, source.size - endBytes, endBytes);
  if (end.getUint32(0, true) !== 0x06054b50 || end.getUint16(20, true) !== 0)
    throw damaged('its end is missing');
  const count = end.getUint16(10, true);
  const size = end.getUint32(12, true);
  const position = end.getUint32(16, true);
  if (count !== 0xffff && size !== 0xffffffff && position !== 0xffffffff) return { count, position, size };
  const locator = await viewOf(source, source.size - endBytes - zip64LocatorBytes, zip64LocatorBytes);
  if (locator.getUint32(0, true) !== 0x07064b50) throw damaged('its end is missing');
  const record = await viewOf(source, safe(locator.getBigUint64(8, true)), zip64EndBytes);
  if (record.getUint32(0, true) !== 0x06064b50) throw damaged('its end is missing');
  return {
    count: safe(record.getBigUint64(32, true)),
    size: safe(record.getBigUint64(40, true)),
    position: safe(record.getBigUint64(48, true))
  };
}

interface ListedFile {
  name: string;
  header: number;
  size: number;
}

function readDirectory(bytes: Uint8Array, count: number): ListedFile[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const files: ListedFile[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + directoryHeaderBytes > bytes.length || view.getUint32(at, true) !== 0x02014b50)
      throw damaged('its directory ends early');
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    if (method !== 0 || (flags & 1) !== 0)
      throw new TaggedError('zip-compressed', 'a file in it is compressed or encrypted');
    const nameEnd = at + directoryHeaderBytes + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length) throw damaged('its directory ends early');
    const name = nameOf(bytes.subarray(at + directoryHeaderBytes, nameEnd));
    const [size, packed, header] = largeNumbers(
      [24, 20, 42].map((field) => view.getUint32(at + field, true)),
      bytes.subarray(nameEnd, extraEnd)
    );
    if (size === undefined || header === undefined || size !== packed) throw damaged(`${name} has no size`);
    files.push({ name, header, size });
    at = next;
  }
  if (at !== bytes.length) throw damaged('its directory goes on after its end');
  return files;
}

/** Fields of 32 bits whose value stands in the Zip64 extra field, in this order, where it is too large. */
function largeNumbers(fields: number[], extra: Uint8Array): number[] {
  const view = new DataView(extra.buffer, extra.byteOffset, extra.byteLength);
  let at = 0;
  while (at + 4 <= extra.length && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  at += 4;
  return fields.map((field) => {
    if (field !== 0xffffffff) return field;
    if (at + 8 > extra.length) throw damaged('a size is missing');
    at += 8;
    return safe(view.getBigUint64(at - 8, true));
  });
}

async function locate(source: ByteSource, { name, header, size }: ListedFile): Promise<StoredFile> {
  const local = await viewOf(source, header, localHeaderBytes);
  if (local.getUint32(0, true) !== 0x04034b50 || local.getUint16(8, true) !== 0)
    throw damaged(`${name} is not where the directory says`);
  const nameLength = local.getUint16(26, true);
  const position = header + localHeaderBytes + nameLength + local.getUint16(28, true);
  if (position + size > source.size) throw damaged(`${name} is cut off`);
  const own = nameOf(await source.read(header + localHeaderBytes, nameLength));
  if (own !== name) throw damaged(`${name} is called ${own} in another place`);
  return { name, position, size };
}

function nameOf(bytes: Uint8Array): string {
  if (bytes.length === 0 || bytes.length > longestName) throw damaged('a file’s name is too long');
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw damaged('a file’s name is unreadable', cause);
  }
}

async function viewOf(source: ByteSource, position: number, length: number): Promise<DataView> {
  if (position < 0 || position + length > source.size) throw damaged('it is cut off');
  const bytes = await source.read(position, length);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw damaged('a size is out of range');
  return Number(value);
}

function damaged(how: string, cause?: unknown): TaggedError {
  return new TaggedError('zip-damaged', `the file is damaged: ${how}`, {}, { cause });
}
