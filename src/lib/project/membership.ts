/** Who takes part in one project, as an admin changes it: people, roles, invitations, and where members meet. */
import * as v from 'valibot';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { createInvitationKey, invitationKeyFrom, signJoining } from '../identity/invitation.ts';
import { type InvitableRole, type PersonRecord, type Role } from '../identity/person.ts';
import { TaggedError } from '../model/errors.ts';
import { type DeviceId, InvitationId, type PersonId, type ProjectId, type WriterId } from '../model/ids.ts';
import { type Invitation } from './access.ts';
import { type AccessBody } from './bodies.ts';
import { cutFrom, type LogEnd } from './cut.ts';
import { type NewInvitation } from './joining.ts';
import { type KnownEntries } from './project-record.ts';

export interface MemberProject {
  /** @throws TaggedError `not-allowed` */
  requireAdmin(): void;
  /** Appends what is said when its turn has come, and folds it. @returns what the log then ends with */
  append(body: () => AccessBody, known?: KnownEntries): Promise<{ hash: string; lamport: number }>;
  /** Makes entries of the edits that are still open. */
  flushEdits(): Promise<void>;
  personOf(device: DeviceId): PersonId | undefined;
  roleOf(person: PersonId): Role | undefined;
  /** The ends of the logs of such devices. */
  logEnds(wanted: (device: DeviceId) => boolean): LogEnd[];
  /** How far this session's own log goes. */
  ownEnd(): LogEnd;
  self(): { project: ProjectId; device: DeviceId; writer: WriterId; person: PersonId | undefined };
}

export class Membership {
  readonly #project: MemberProject;
  /** Used-up invitations that this session has closed. */
  readonly #closed = new Set<InvitationId>();

  constructor(project: MemberProject) {
    this.#project = project;
  }

  /** Admits a person with their first devices. */
  async admit(person: PersonRecord, role: Role): Promise<void> {
    await this.#say({ type: 'admit', at: Date.now(), person, role });
  }

  /** Changes a role; what the person wrote so far, as known here, is still judged by the old one. */
  async setRole(person: PersonId, role: Role): Promise<void> {
    this.#project.requireAdmin();
    await this.#project.flushEdits();
    await this.#project.append(() => ({
      type: 'role',
      at: Date.now(),
      person,
      role,
      cut: this.#cutOf(person)
    }));
    if (this.#project.roleOf(person) !== role)
      throw new TaggedError('role-refused', 'the role was not changed: a project keeps at least one admin');
  }

  /** Removes a person, or leaves: what they wrote so far stands, nothing of theirs counts from now on. */
  async remove(person: PersonId): Promise<void> {
    if (person !== this.#project.self().person) this.#project.requireAdmin();
    await this.#project.flushEdits();
    await this.#project.append(() => ({ type: 'remove', at: Date.now(), person, cut: this.#cutOf(person) }));
    if (this.#project.roleOf(person) !== undefined)
      throw new TaggedError('role-refused', 'nobody was removed: a project keeps at least one admin');
  }

  /** Names the signalling servers where members meet besides their nodes; none is an answer too. */
  async setSignalling(signalling: readonly string[]): Promise<void> {
    await this.#say({ type: 'meet', at: Date.now(), signalling: [...signalling] });
  }

  /** Invites people to a role. @returns what the link needs besides where members meet */
  async invite(options: { role: InvitableRole; expires: number; uses: number }): Promise<NewInvitation> {
    this.#project.requireAdmin();
    const { publicKey, seed } = await createInvitationKey();
    const invite = v.parse(InvitationId, toHex(randomBytes(16)));
    const said = await this.#say({ type: 'invite', at: Date.now(), invite, key: publicKey, ...options });
    return { invite, seed, entry: said.hash, lamport: said.lamport };
  }

  /** From now on nobody joins by it; who joined before stays. */
  async revokeInvitation(invite: InvitationId): Promise<void> {
    await this.#say({ type: 'revoke', at: Date.now(), invite });
  }

  /**
   * Who holds the link of a used-up invitation could sign a joining that comes before the others' in the common order,
   * and so take their place: revoked, it counts for those alone who are known to have joined.
   */
  closeUsedInvitations(invitations: readonly Invitation[]): void {
    for (const { invite, joined, uses, revoked } of invitations) {
      if (revoked || joined.length < uses || this.#closed.has(invite)) continue;
      this.#closed.add(invite);
      this.revokeInvitation(invite).catch(() => this.#closed.delete(invite));
    }
  }

  /**
   * Writes that this person joins by an invitation. It counts once a member has taken it in.
   * @throws TaggedError `already-a-member`
   */
  async join(invitation: NewInvitation, person: PersonRecord): Promise<void> {
    const { project, device, person: self } = this.#project.self();
    if (self && this.#project.roleOf(self) !== undefined)
      throw new TaggedError('already-a-member', 'this person is a member already');
    const { invite, seed, entry, lamport } = invitation;
    const key = await invitationKeyFrom(seed);
    const signature = toHex(await signJoining(key, { project, invite, device, person }));
    const body = { type: 'join' as const, at: Date.now(), invite, key: key.publicKey, person, signature };
    await this.#project.append(() => body, { access: [entry], lamport: lamport + 1 });
  }

  #say(body: AccessBody): Promise<{ hash: string; lamport: number }> {
    this.#project.requireAdmin();
    return this.#project.append(() => body);
  }

  /** What the person wrote, as known here; who changes their own standing does it by the old one. */
  #cutOf(person: PersonId): LogEnd[] {
    const { person: self, writer } = this.#project.self();
    const ends = this.#project.logEnds((device) => this.#project.personOf(device) === person);
    if (person !== self) return cutFrom(ends);
    return cutFrom([...ends.filter((end) => end.writer !== writer), this.#project.ownEnd()]);
  }
}
