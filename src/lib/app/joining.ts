/** Joining a project by an invitation link, and making such links: what is read from them and what is kept. */
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { fromBase64Url, toBase64Url } from '#lib/identity/encoding.ts';
import { invitationKeyFrom } from '#lib/identity/invitation.ts';
import { formatInvitationLink, type InvitationLink } from '#lib/identity/links.ts';
import { type InvitableRole, type PersonRecord } from '#lib/identity/person.ts';
import { browserRtc } from '#lib/peer/browser-rtc.ts';
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
  const { invite, seed, entry, lamport } = await document.invite({ role, expires, uses });
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
  signal: AbortSignal;
}): Promise<KnownProject> {
  const { link, keys, person, persistence, signal } = options;
  const invitation = {
    invite: link.invite,
    seed: fromBase64Url(link.seed),
    entry: link.entry,
    lamport: link.lamport
  };
  const secret = fromBase64Url(link.secret);
  const document = await ProjectDocument.open({ id: link.project, keys, persistence });
  try {
    await document.join(invitation, person);
    const { device, sealingKey } = keys;
    await joinProject({
      identity: { device, sealingKey, writer: document.writer, sign: (bytes) => keys.sign(bytes) },
      secret,
      invite: link.invite,
      key: await invitationKeyFrom(invitation.seed),
      update: document.ownEntries,
      signalling: link.signalling,
      rtc: browserRtc,
      signal
    });
  } finally {
    await document.close();
  }
  const { project: id, projectName: name, signalling } = link;
  return { id, name, secret, signalling, introducers: [], byInvitation: true };
}

/** Whether a link with these addresses leads anywhere from another machine. */
export function reachableElsewhere(signalling: readonly string[]): boolean {
  return signalling.some((url) => !/^wss?:\/\/(localhost|127\.|\[::1\])/.test(url));
}
