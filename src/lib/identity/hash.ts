/** Hashes and keys derived from secrets, the same in the browser and in Node. */
import { digest } from 'lib0/hash/sha256';
import { utf8 } from './encoding.ts';

/** Up to here hashing takes less time than handing it to WebCrypto's threads does. */
const smallBytes = 4096;

/** 32 bytes. */
export async function sha256(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  if (bytes.byteLength <= smallBytes) return new Uint8Array(digest(bytes));
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
}

/** HKDF-SHA-256 (RFC 5869) without salt; `purpose` separates the uses of one secret. */
export async function hkdf(
  secret: Uint8Array,
  purpose: string,
  length = 32
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', secret as Uint8Array<ArrayBuffer>, 'HKDF', false, [
    'deriveBits'
  ]);
  const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: utf8(purpose) };
  return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, length * 8));
}

/** HMAC-SHA-256, 32 bytes. */
export async function hmac(secret: Uint8Array, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const key = await importHmacKey(secret, 'sign');
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, bytes as Uint8Array<ArrayBuffer>));
}

/** Compares in constant time. */
export async function verifyHmac(secret: Uint8Array, bytes: Uint8Array, mac: Uint8Array): Promise<boolean> {
  const key = await importHmacKey(secret, 'verify');
  return crypto.subtle.verify('HMAC', key, mac as Uint8Array<ArrayBuffer>, bytes as Uint8Array<ArrayBuffer>);
}

export function randomBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

function importHmacKey(secret: Uint8Array, use: 'sign' | 'verify'): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', secret as Uint8Array<ArrayBuffer>, algorithm, false, [use]);
}
