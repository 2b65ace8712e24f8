/** Keys by node:crypto: of a device, which signs and is sealed to, and of an invitation, which its link holds. */
import { createPrivateKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Device {
  /** Raw Ed25519 public key, hex. */
  readonly id: string;
  /** Raw X25519 public key, hex. */
  readonly sealingKey: string;
  sign(bytes: Uint8Array): Buffer;
}

export interface Person {
  person: string;
  name: string;
  color: number;
  devices: { device: string; sealingKey: string; name: string }[];
}

export function newDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return {
    id: rawHex(publicKey),
    sealingKey: rawHex(generateKeyPairSync('x25519').publicKey),
    sign: (bytes) => sign(null, bytes, privateKey)
  };
}

export function personWith(device: Device, name: string): Person {
  const record = { device: device.id, sealingKey: device.sealingKey, name: `${name}'s machine` };
  return { person: randomBytes(16).toString('hex'), name, color: 0, devices: [record] };
}

/** The key pair of an invitation, from the seed in its link. */
export function invitationKey(seed: Uint8Array): { publicKey: string; sign(bytes: Uint8Array): Buffer } {
  const prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: 'der', type: 'pkcs8' });
  return { publicKey: rawHex(key), sign: (bytes) => sign(null, bytes, key) };
}

function rawHex(key: KeyObject): string {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('hex');
}
