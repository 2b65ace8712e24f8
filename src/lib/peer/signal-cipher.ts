/**
 * Seals signalling messages with the room's key, so that a signalling server sees neither addresses nor certificates.
 * The key is shared by the room: it proves membership of the room and nothing about who writes.
 */
import * as v from 'valibot';
import { concatBytes, fromBase64Url, fromUtf8, toBase64Url, utf8 } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { signallingMessageLimit } from './signalling-protocol.ts';

const nonceLength = 12;
const peerId = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
const sdp = v.pipe(v.string(), v.maxLength(16 * 1024));

/**
 * Of two peers the one with the larger id makes all offers, so offers never cross. Ids are of one session in one room
 * and say nothing about devices.
 */
export const Signal = v.variant('type', [
  /** I am here. */
  v.object({ type: v.literal('announce'), from: peerId }),
  /** I have no connection to you: offer one. `seen` is the last attempt that I know of. */
  v.object({ type: v.literal('want'), from: peerId, to: peerId, seen: v.optional(peerId) }),
  v.object({ type: v.literal('offer'), from: peerId, to: peerId, attempt: peerId, sdp }),
  v.object({ type: v.literal('answer'), from: peerId, to: peerId, attempt: peerId, sdp }),
  v.object({
    type: v.literal('candidate'),
    from: peerId,
    to: peerId,
    attempt: peerId,
    candidate: v.pipe(v.string(), v.maxLength(1024)),
    mid: v.pipe(v.string(), v.maxLength(16))
  }),
  /** I leave. */
  v.object({ type: v.literal('bye'), from: peerId })
]);
export type Signal = v.InferOutput<typeof Signal>;

export class SignalCipher {
  readonly #key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** @param password 32 bytes in base64url (identity/rooms.ts) */
  static async of(password: string): Promise<SignalCipher> {
    const key = fromBase64Url(password);
    return new SignalCipher(
      await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt'])
    );
  }

  async seal(signal: Signal): Promise<string> {
    const iv = randomBytes(nonceLength);
    const plain = utf8(JSON.stringify(signal));
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, this.#key, plain);
    return toBase64Url(concatBytes(iv, new Uint8Array(sealed)));
  }

  /** @returns undefined for whatever `seal` did not make with this key */
  async open(data: unknown): Promise<Signal | undefined> {
    if (typeof data !== 'string' || data.length > signallingMessageLimit) return undefined;
    try {
      const bytes = fromBase64Url(data);
      const iv = bytes.subarray(0, nonceLength);
      const plain = await crypto.subtle.decrypt(
        { name: 'AES-GCM', iv },
        this.#key,
        bytes.subarray(nonceLength)
      );
      return v.parse(Signal, JSON.parse(fromUtf8(new Uint8Array(plain))));
    } catch {
      return undefined;
    }
  }
}
