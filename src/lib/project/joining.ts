/** Coming into a project by an invitation: what its link tells, and what a member checks at the door. */
import { type DeviceId, type InvitationId, type ProjectId, type WriterId } from '../model/ids.ts';
import { type Invitation } from './access.ts';
import { type AccessBody, decodeAccessBody } from './bodies.ts';
import { readAppends } from './carrier.ts';
import { verifyRun } from './log.ts';

/** What a link tells of an invitation. */
export interface NewInvitation {
  invite: InvitationId;
  /** 32 bytes, secret. */
  seed: Uint8Array;
  /** Hash and lamport of the entry that invites: who joins builds on it, knowing nothing else of the project. */
  entry: string;
  lamport: number;
}

export interface InvitationClaim {
  invite: InvitationId;
  /** The public key of which the private seed was proved. */
  key: DeviceId;
}

/** `unknown`: this replica has not heard of it (yet). */
export type InvitationProblem = 'unknown' | 'revoked' | 'expired' | 'used' | 'malformed';

/** Clocks differ. */
const expiryGraceMs = 10 * 60 * 1000;

/** Why an invitation lets nobody in now, by this device's clock; `undefined`: it does. */
export function invitationProblem(
  invitations: readonly Invitation[],
  { invite, key }: InvitationClaim
): InvitationProblem | undefined {
  const invitation = invitations.find((known) => known.invite === invite);
  if (invitation?.key !== key) return 'unknown';
  // An admin's session revokes what is used up.
  if (invitation.joined.length >= invitation.uses) return 'used';
  if (invitation.revoked) return 'revoked';
  return Date.now() > invitation.expires + expiryGraceMs ? 'expired' : undefined;
}

/** The joining of which an update consists; `undefined` when it holds anything else. */
export async function readJoin(
  project: ProjectId,
  update: Uint8Array,
  writer: WriterId
): Promise<Extract<AccessBody, { type: 'join' }> | undefined> {
  const [run, ...others] = readAppends(update) ?? [];
  if (!run || others.length > 0 || run.writer !== writer || run.from !== 0 || run.entries.length !== 1)
    return undefined;
  const [entry] = await verifyRun({ project, writer, from: 0, previous: undefined }, run.entries);
  const body = entry?.kind === 'access' ? decodeAccessBody(entry.body) : undefined;
  return body?.type === 'join' ? body : undefined;
}
