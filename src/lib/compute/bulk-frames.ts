/**
 * Binary messages of the `bulk` channel. A chunk is announced with its hash, follows in parts, and is acknowledged
 * once it is verified and stored. Header: magic "DB", version, type, transfer (16 bytes), chunk index.
 */
import { TaggedError } from '#lib/model/errors.ts';
import { type TransferId } from './protocol.ts';

/** Largest part: four make a chunk, and every carrier takes a message of this size. */
export const partBytes = 256 * 1024;
const magic = 0x4244; // "DB", little-endian
const version = 1;
const headerBytes = 24;

export type BulkFrame =
  | {
      type: 'announce';
      transfer: TransferId;
      index: number;
      hash: Uint8Array;
      encoding: number;
      length: number;
    }
  | { type: 'part'; transfer: TransferId; index: number; offset: number; bytes: Uint8Array }
  | { type: 'stored'; transfer: TransferId; index: number }
  | { type: 'refused'; transfer: TransferId; index: number };

const typeCodes = { announce: 1, part: 2, stored: 3, refused: 4 } as const;
const bodyBytes = { announce: 37, part: 4, stored: 0, refused: 0 } as const;

export function encodeBulkFrame(frame: BulkFrame): Uint8Array<ArrayBuffer> {
  const payload = frame.type === 'part' ? frame.bytes.byteLength : 0;
  const message = new Uint8Array(headerBytes + bodyBytes[frame.type] + payload);
  const view = new DataView(message.buffer);
  view.setUint16(0, magic, true);
  view.setUint8(2, version);
  view.setUint8(3, typeCodes[frame.type]);
  for (let at = 0; at < 16; at++) message[4 + at] = parseInt(frame.transfer.slice(2 * at, 2 * at + 2), 16);
  view.setUint32(20, frame.index, true);
  if (frame.type === 'announce') {
    message.set(frame.hash, headerBytes);
    view.setUint8(headerBytes + 32, frame.encoding);
    view.setUint32(headerBytes + 33, frame.length, true);
  } else if (frame.type === 'part') {
    view.setUint32(headerBytes, frame.offset, true);
    message.set(frame.bytes, headerBytes + 4);
  }
  return message;
}

/**
 * The part's bytes are a view of the message.
 * @throws TaggedError `bad-frame`.
 */
export function decodeBulkFrame(message: Uint8Array): BulkFrame {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const known =
    message.byteLength >= headerBytes && view.getUint16(0, true) === magic && view.getUint8(2) === version;
  if (!known) throw badFrame();
  const code = view.getUint8(3);
  const type = (Object.keys(typeCodes) as BulkFrame['type'][]).find((name) => typeCodes[name] === code);
  if (!type || !fits(type, message.byteLength)) throw badFrame();
  const transfer = hexOf(message.subarray(4, 20)) as TransferId;
  const index = view.getUint32(20, true);
  if (type === 'part') {
    const offset = view.getUint32(headerBytes, true);
    return { type, transfer, index, offset, bytes: message.subarray(headerBytes + 4) };
  }
  if (type !== 'announce') return { type, transfer, index };
  return {
    type,
    transfer,
    index,
    hash: message.slice(headerBytes, headerBytes + 32),
    encoding: view.getUint8(headerBytes + 32),
    length: view.getUint32(headerBytes + 33, true)
  };
}

function fits(type: BulkFrame['type'], length: number): boolean {
  const least = headerBytes + bodyBytes[type];
  return type === 'part' ? length >= least && length <= least + partBytes : length === least;
}

function badFrame(): TaggedError {
  return new TaggedError('bad-frame', 'That is not a message of the bulk channel.');
}

export function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
