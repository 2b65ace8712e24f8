/** Joining by an invitation's link, as anybody who holds one can. */
import * as Y from 'yjs';
import { fields } from './fields.ts';
import { type Device, invitationKey, type Person } from './keys.ts';
import { HostileLog } from './log.ts';

/** What stands in a link. */
export interface LinkContent {
  invite: string;
  seed: Uint8Array;
  entry: string;
  lamport: number;
}

/** A log in which a person joins; `signedFor` is whom the invitation's key is made to vouch for. */
export function joiningLog(
  link: LinkContent,
  joining: { project: string; device: Device; person: Person; signedFor?: Person; nonce?: string }
): HostileLog {
  const { project, device, person, signedFor = person } = joining;
  const key = invitationKey(link.seed);
  const devices = signedFor.devices.flatMap((record) => [record.device, record.sealingKey, record.name]);
  const { person: id, name, color } = signedFor;
  const signed = fields('dendro/join/1', project, link.invite, device.id, id, name, color, ...devices);
  const log = new HostileLog(device, project, joining.nonce);
  log.access = [link.entry];
  log.lamport = link.lamport + 1;
  const signature = key.sign(signed).toString('hex');
  const { invite } = link;
  log.write('access', { type: 'join', at: Date.now(), invite, key: key.publicKey, person, signature });
  return log;
}

export function joinRequest({ carrier }: HostileLog): Buffer {
  const update = Buffer.from(Y.encodeStateAsUpdate(carrier)).toString('base64url');
  return Buffer.from(JSON.stringify({ type: 'join', update }));
}
