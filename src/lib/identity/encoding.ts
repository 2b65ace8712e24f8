/** Bytes as text and back, and the one canonical encoding of what is hashed or signed. */
import { TaggedError } from '../model/errors.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/** @throws TypeError when the bytes are no UTF-8 */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

const hexOfByte = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function toHex(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += hexOfByte[bytes[i] as number] as string;
  return text;
}

/** @throws TaggedError `encoding-invalid` when the text is no lower-case hex of whole bytes */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  if (text.length % 2 !== 0 || !/^[0-9a-f]*$/.test(text)) throw invalid('hex');
  const bytes = new Uint8Array(text.length / 2);
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = 16 * hexDigit(text.charCodeAt(2 * i)) + hexDigit(text.charCodeAt(2 * i + 1));
  return bytes;
}

/** @param code of a character among 0–9 and a–f */
function hexDigit(code: number): number {
  return code < 58 ? code - 48 : code - 87;
}

export function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/** @throws TaggedError `encoding-invalid` when the text is no base64url without padding */
export function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw invalid('base64url');
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  // One text for one value: the unused low bits of the last character must be zero.
  if (toBase64Url(bytes) !== text) throw invalid('base64url');
  return bytes;
}

export function concatBytes(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/**
 * Fields, each behind its length (4 bytes, big-endian), so that no two lists of fields give the same bytes. Text is
 * UTF-8; a whole number is 8 bytes, big-endian.
 */
export function encodeFields(...fields: (Uint8Array | string | number)[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const field of fields) {
    const bytes = typeof field === 'string' ? utf8(field) : typeof field === 'number' ? uint64(field) : field;
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    parts.push(length, bytes);
  }
  return concatBytes(...parts);
}

/**
 * The fields of `encodeFields`, as views into the bytes.
 * @throws TaggedError `encoding-invalid` when lengths do not fit, or the count is not `count`
 */
export function decodeFields(bytes: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    if (fields.length === count || at + 4 > bytes.length) throw invalid('field list');
    const end = at + 4 + view.getUint32(at);
    if (end > bytes.length) throw invalid('field list');
    fields.push(bytes.subarray(at + 4, end));
    at = end;
  }
  if (fields.length !== count) throw invalid('field list');
  return fields;
}

/** 8 bytes, big-endian. @throws RangeError unless the value is a safe whole number ≥ 0 */
export function uint64(value: number): Uint8Array<ArrayBuffer> {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no safe whole number`);
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}

/** @throws TaggedError `encoding-invalid` unless 8 bytes hold a safe whole number */
export function fromUint64(bytes: Uint8Array): number {
  if (bytes.length !== 8) throw invalid('number');
  const value = Number(new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0));
  if (!Number.isSafeInteger(value)) throw invalid('number');
  return value;
}

function invalid(what: string): TaggedError {
  return new TaggedError('encoding-invalid', `not valid ${what}`);
}
