/**
 * A device's keys: Ed25519 to sign with, X25519 to receive sealed messages. In the browser they are non-extractable
 * CryptoKeys kept in IndexedDB; the node keeps PKCS #8 in a file that only its user can read.
 */
import * as v from 'valibot';
import { TaggedError } from '../model/errors.ts';
import { DeviceId } from '../model/ids.ts';
import { concatBytes, encodeFields, decodeFields, fromHex, toHex, utf8 } from './encoding.ts';
import { hkdf, sha256 } from './hash.ts';

/** Raw X25519 public key, lower-case hex. */
export const SealingKey = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/), v.brand('SealingKey'));
export type SealingKey = v.InferOutput<typeof SealingKey>;

/** What is stored: four CryptoKeys (structured-clonable), never their bytes. */
export interface DeviceKeyPairs {
  signing: CryptoKeyPair;
  sealing: CryptoKeyPair;
}

export interface DeviceKeys {
  readonly device: DeviceId;
  readonly sealingKey: SealingKey;
  readonly pairs: DeviceKeyPairs;
  /** Ed25519, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
  /** Opens what `seal` made for this device. @throws TaggedError `unseal-failed` */
  unseal(sealed: Uint8Array): Promise<Uint8Array<ArrayBuffer>>;
}

/** New keys; extractable only where they must be written to a key file. */
export async function createDeviceKeys(options: { extractable?: boolean } = {}): Promise<DeviceKeys> {
  const extractable = options.extractable ?? false;
  const signing = await crypto.subtle.generateKey('Ed25519', extractable, ['sign', 'verify']);
  const sealing = await crypto.subtle.generateKey('X25519', extractable, ['deriveBits']);
  return deviceKeysFrom({ signing: signing as CryptoKeyPair, sealing: sealing as CryptoKeyPair });
}

export async function deviceKeysFrom(pairs: DeviceKeyPairs): Promise<DeviceKeys> {
  const device = v.parse(DeviceId, toHex(await exportRaw(pairs.signing.publicKey)));
  const sealingKey = v.parse(SealingKey, toHex(await exportRaw(pairs.sealing.publicKey)));
  return {
    device,
    sealingKey,
    pairs,
    async sign(bytes) {
      const signature = await crypto.subtle.sign('Ed25519', pairs.signing.privateKey, owned(bytes));
      return new Uint8Array(signature);
    },
    unseal: (sealed) => open(sealed, pairs.sealing.privateKey, sealingKey)
  };
}

/** Imported public keys, since a log is checked against few devices many times. */
const verifyingKeys = new Map<string, Promise<CryptoKey>>();
const mostVerifyingKeys = 1000;

/** Whether the signature of `bytes` is this device's. Never throws on a bad key or signature. */
export async function verifySignature(
  device: DeviceId,
  bytes: Uint8Array,
  signature: Uint8Array
): Promise<boolean> {
  if (signature.length !== 64) return false;
  try {
    return await crypto.subtle.verify('Ed25519', await verifyingKey(device), owned(signature), owned(bytes));
  } catch {
    verifyingKeys.delete(device);
    return false;
  }
}

function verifyingKey(device: DeviceId): Promise<CryptoKey> {
  const known = verifyingKeys.get(device);
  if (known) return known;
  if (verifyingKeys.size >= mostVerifyingKeys) verifyingKeys.clear();
  const key = crypto.subtle.importKey('raw', fromHex(device), 'Ed25519', false, ['verify']);
  verifyingKeys.set(device, key);
  return key;
}

/**
 * Encrypts for one device: an ephemeral X25519 key, HKDF, AES-256-GCM. Says nothing of who sent it.
 * @returns encodeFields(ephemeral public key, ciphertext with tag)
 */
export async function seal(recipient: SealingKey, bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const ephemeral = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
  const ephemeralKey = await exportRaw(ephemeral.publicKey);
  const recipientKey = await crypto.subtle.importKey('raw', fromHex(recipient), 'X25519', false, []);
  const key = await sealingCipher(
    { privateKey: ephemeral.privateKey, publicKey: recipientKey },
    ephemeralKey,
    recipient
  );
  // The key is used once, so a fixed nonce is safe.
  const ciphertext = await crypto.subtle.encrypt(
    { name: 'AES-GCM', iv: new Uint8Array(12) },
    key,
    owned(bytes)
  );
  return encodeFields(ephemeralKey, new Uint8Array(ciphertext));
}

async function open(
  sealed: Uint8Array,
  privateKey: CryptoKey,
  own: SealingKey
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const [ephemeralKey = new Uint8Array(), ciphertext = new Uint8Array()] = decodeFields(sealed, 2);
    const publicKey = await crypto.subtle.importKey('raw', owned(ephemeralKey), 'X25519', false, []);
    const key = await sealingCipher({ privateKey, publicKey }, ephemeralKey, own);
    const plain = await crypto.subtle.decrypt(
      { name: 'AES-GCM', iv: new Uint8Array(12) },
      key,
      owned(ciphertext)
    );
    return new Uint8Array(plain);
  } catch (cause) {
    throw new TaggedError(
      'unseal-failed',
      'a sealed message cannot be opened with this device’s key',
      {},
      { cause }
    );
  }
}

async function sealingCipher(
  keys: { privateKey: CryptoKey; publicKey: CryptoKey },
  ephemeralKey: Uint8Array,
  recipient: SealingKey
): Promise<CryptoKey> {
  const algorithm = { name: 'X25519', public: keys.publicKey };
  const shared = new Uint8Array(await crypto.subtle.deriveBits(algorithm, keys.privateKey, 256));
  const context = await sha256(concatBytes(utf8('dendro/seal/1'), ephemeralKey, fromHex(recipient)));
  const bytes = await hkdf(shared, `dendro/seal/1 ${toHex(context)}`);
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

async function exportRaw(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', key));
}

/** WebCrypto's types want bytes over a plain ArrayBuffer. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
