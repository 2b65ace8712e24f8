/** Joining a project by an invitation link, and making such links: what is read from them and what is kept. */
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { fromBase64Url, toBase64Url } from '#lib/identity/encoding.ts';
import { invitationKeyFrom } from '#lib/identity/invitation.ts';
import { formatInvitationLink, type InvitationLink } from '#lib/identity/links.ts';
import { type InvitableRole, type PersonRecord } from '#lib/identity/person.ts';
import { projectRoom } from '#lib/identity/rooms.ts';
import { CarriedOffer } from '#lib/peer/carried-offer.ts';
import { type PeerTransport, type RtcFactory } from '#lib/peer/transport.ts';
import { type ProjectPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { joinProject } from '#lib/sync/joining.ts';
import { type KnownProject } from './project-keeper.svelte.ts';

export interface InviteOptions {
  role: InvitableRole;
  /** ms from now. */
  validMs: number;
  uses: number;
}

/** Writes the invitation into the project. @returns the whole link */
export async function makeInvitationLink(
  request: InviteOptions & {
    document: ProjectDocument;
    project: KnownProject;
    signalling: readonly string[];
    inviterName: string;
    origin: string;
  }
): Promise<string> {
  const { document, project, role, uses, inviterName } = request;
  const expires = Date.now() + request.validMs;
  const { invite, seed, entry, lamport } = await document.membership.invite({ role, expires, uses });
  return formatInvitationLink(request.origin, {
    v: 1,
    project: project.id,
    secret: toBase64Url(project.secret),
    invite,
    seed: toBase64Url(seed),
    entry,
    lamport,
    signalling: request.signalling.slice(0, 8),
    expires,
    role,
    projectName: document.name,
    inviterName
  });
}

/**
 * Joins as this person. @returns what is then known of the project
 * @throws TaggedError as `joinProject` does, `already-a-member`
 */
export async function joinByLink(options: {
  link: InvitationLink;
  keys: DeviceKeys;
  person: PersonRecord;
  persistence: ProjectPersistence;
  rtc: RtcFactory;
  signal: AbortSignal;
  /** A connection whose offer and answer were carried by hand. */
  carried?: PeerTransport | undefined;
}): Promise<KnownProject> {
  const { link, keys, person, persistence, rtc, signal, carried } = options;
  const invitation = {
    invite: link.invite,
    seed: fromBase64Url(link.seed),
    entry: link.entry,
    lamport: link.lamport
  };
  const secret = fromBase64Url(link.secret);
  const document = await ProjectDocument.open({ id: link.project, keys, persistence });
  try {
    await document.membership.join(invitation, person);
    const { device, sealingKey } = keys;
    await joinProject({
      identity: { device, sealingKey, writer: document.writer, sign: (bytes) => keys.sign(bytes) },
      secret,
      invite: link.invite,
      key: await invitationKeyFrom(invitation.seed),
      update: document.ownEntries,
      signalling: link.signalling,
      rtc,
      carried,
      signal
    });
  } finally {
    await document.close();
  }
  return knownByLink(link);
}

/** What an invitation tells of its project. */
export function knownByLink({
  project: id,
  projectName: name,
  signalling,
  secret
}: InvitationLink): KnownProject {
  return { id, name, secret: fromBase64Url(secret), signalling, introducers: [], byInvitation: true };
}

/**
 * An offer for a member to answer by hand: of two connections, the first joins and the second brings the project.
 * Nothing of the invitation's secret stands in it.
 */
export async function offerToJoin(link: InvitationLink, rtc: RtcFactory): Promise<CarriedOffer> {
  const { name: room } = await projectRoom(fromBase64Url(link.secret), 0);
  return CarriedOffer.make({ rtc, room, count: 2 });
}

/** Whether a link with these addresses leads anywhere from another machine. */
export function reachableElsewhere(signalling: readonly string[]): boolean {
  return signalling.some((url) => !/^wss?:\/\/(localhost|127\.|\[::1\])/.test(url));
}
