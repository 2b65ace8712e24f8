/** Where members of a project, or a node and who pairs with it, meet on a signalling server. */
import { toBase64Url } from './encoding.ts';
import { hkdf } from './hash.ts';

export interface Room {
  /** What the signalling server sees; says nothing of the secret. */
  name: string;
  /** Encrypts signalling messages (y-webrtc's `password`). */
  password: string;
}

/** @param secret the project's secret, 32 bytes */
export function projectRoom(secret: Uint8Array, epoch: number): Promise<Room> {
  return room(secret, `epoch ${epoch}`);
}

/** @param secret the pairing link's secret, 16 bytes */
export function pairingRoom(secret: Uint8Array): Promise<Room> {
  return room(secret, 'pairing');
}

async function room(secret: Uint8Array, scope: string): Promise<Room> {
  const name = await hkdf(secret, `dendro/room/1 ${scope}`, 20);
  const password = await hkdf(secret, `dendro/signal/1 ${scope}`, 32);
  return { name: toBase64Url(name), password: toBase64Url(password) };
}
