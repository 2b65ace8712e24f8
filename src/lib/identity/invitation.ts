/**
 * Invitation keys: an Ed25519 key pair whose private seed stands in the link. Whoever holds the link proves it in the
 * handshake and signs their joining with it; the public key stands in the project.
 */
import * as v from 'valibot';
import { DeviceId, type InvitationId, type ProjectId } from '../model/ids.ts';
import { verifySignature } from './device-keys.ts';
import { concatBytes, encodeFields, fromBase64Url, fromHex, toHex } from './encoding.ts';
import { randomBytes } from './hash.ts';
import { type PersonRecord } from './person.ts';

export interface InvitationKey {
  /** Raw Ed25519 public key, lower-case hex; has the form of a device's. */
  readonly publicKey: DeviceId;
  /** 32 bytes: the secret of the link. */
  readonly seed: Uint8Array;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** RFC 8410: what stands before the 32 bytes of the seed in PKCS #8. */
const pkcs8Prefix = fromHex('302e020100300506032b657004220420');

export function createInvitationKey(): Promise<InvitationKey> {
  return invitationKeyFrom(randomBytes(32));
}

/** @param seed 32 bytes @throws when the seed has another length */
export async function invitationKeyFrom(seed: Uint8Array): Promise<InvitationKey> {
  const pkcs8 = concatBytes(pkcs8Prefix, seed);
  const key = await crypto.subtle.importKey('pkcs8', pkcs8, 'Ed25519', true, ['sign']);
  const { x = '' } = await crypto.subtle.exportKey('jwk', key);
  return {
    publicKey: v.parse(DeviceId, toHex(fromBase64Url(x))),
    seed,
    async sign(bytes) {
      return new Uint8Array(await crypto.subtle.sign('Ed25519', key, bytes as Uint8Array<ArrayBuffer>));
    }
  };
}

export interface Joining {
  readonly project: ProjectId;
  readonly invite: InvitationId;
  /** The device that joins and signs the entry. */
  readonly device: DeviceId;
  readonly person: PersonRecord;
}

/** Signed by the invitation's key: this person, with this device, joins this project. */
export function signJoining(key: InvitationKey, joining: Joining): Promise<Uint8Array> {
  return key.sign(joiningBytes(joining));
}

export function verifyJoining(
  publicKey: DeviceId,
  joining: Joining,
  signature: Uint8Array
): Promise<boolean> {
  return verifySignature(publicKey, joiningBytes(joining), signature);
}

function joiningBytes({ project, invite, device, person }: Joining): Uint8Array {
  const devices = person.devices.flatMap((record) => [record.device, record.sealingKey, record.name]);
  return encodeFields(
    'dendro/join/1',
    project,
    invite,
    device,
    person.person,
    person.name,
    person.color,
    ...devices
  );
}
