/**
 * Who is a member with which role, after some access entries: takes one after another, in the common order, where a rule
 * allows it, and says by which role an entry is judged. Which entries are given to it is the fold's say (access-fold.ts).
 */
import { type InvitableRole, mostDevices, type PersonRecord, type Role } from '../identity/person.ts';
import { type DeviceId, type InvitationId, type PersonId, type WriterId } from '../model/ids.ts';
import { type AccessHistory } from './access-history.ts';
import { type AccessBody } from './bodies.ts';
import { type Entry } from './entry.ts';
import { mayDeleteProject, type ProjectDeletion } from './project-deletion.ts';

/** What is folded; forks are judged where entries are read (log.ts). */
export type MemberBody = Exclude<AccessBody, { type: 'fork' }>;
export type BodyOf<T extends MemberBody['type']> = Extract<MemberBody, { type: T }>;

/** An entry whose body was understood. */
export interface AccessEntry {
  entry: Entry;
  body: MemberBody;
}

/** A role, and from where on it counts; without a role the person is removed. */
interface RolePeriod {
  role: Role | undefined;
  /** The entry that began it. */
  by: Entry;
  /** Entries of the named writers up to their cut are judged by the period before. */
  cut: ReadonlyMap<WriterId, number>;
  /** Begun by admission: only what was written in knowledge of it belongs to it. */
  admission: boolean;
}

export interface Member extends PersonRecord {
  role: Role;
  founder: boolean;
}

export interface Invitation {
  invite: InvitationId;
  /** The public key that its link proves. */
  key: DeviceId;
  role: InvitableRole;
  /** ms since 1970. */
  expires: number;
  uses: number;
  invitedBy: PersonId;
  /** ms since 1970, by the inviter's clock. */
  invitedAt: number;
  joined: readonly PersonId[];
  revoked: boolean;
}

interface Standing {
  record: PersonRecord;
  founder: boolean;
  periods: RolePeriod[];
}

interface OpenInvitation extends Invitation {
  joined: PersonId[];
}

/** The folded access state. */
export class Access {
  readonly #people = new Map<PersonId, Standing>();
  readonly #personOf = new Map<DeviceId, PersonId>();
  /** The entry by which a device stands in the project. */
  readonly #admittedBy = new Map<DeviceId, string>();
  readonly #invitations = new Map<InvitationId, OpenInvitation>();
  readonly #history: AccessHistory;
  #signalling: readonly string[] = [];
  /** Those that stand, by the hashes of their entries. */
  readonly #deletions = new Map<string, ProjectDeletion>();
  /** Hashes of the entries that count. */
  readonly #counted = new Set<string>();

  constructor(history: AccessHistory) {
    this.#history = history;
  }

  /** Who takes part now, in the order of their first admission. */
  get members(): Member[] {
    return [...this.#people.values()].flatMap(({ record, founder, periods }) => {
      const role = periods.at(-1)?.role;
      return role === undefined ? [] : [{ ...record, founder, role }];
    });
  }

  /** Who took part once: their work stays, and their names are shown with it. */
  get formerMembers(): PersonRecord[] {
    return [...this.#people.values()].flatMap(({ record, periods }) =>
      periods.at(-1)?.role === undefined ? [record] : []
    );
  }

  /** Where members meet besides their nodes. */
  get signalling(): readonly string[] {
    return this.#signalling;
  }

  /** Deletions of the whole project that nobody took back, in the order in which they count. */
  get projectDeletions(): readonly ProjectDeletion[] {
    return [...this.#deletions.values()];
  }

  get invitations(): Invitation[] {
    return [...this.#invitations.values()];
  }

  invitation(id: InvitationId): Invitation | undefined {
    return this.#invitations.get(id);
  }

  /** Whose device it is, or was when they were a member. */
  personOf(device: DeviceId): PersonId | undefined {
    return this.#personOf.get(device);
  }

  /** The person's role now. */
  roleOf(person: PersonId): Role | undefined {
    return this.#people.get(person)?.periods.at(-1)?.role;
  }

  counts(hash: string): boolean {
    return this.#counted.has(hash);
  }

  /** In which order people came. */
  rankOf(person: PersonId): number {
    const rank = [...this.#people.keys()].indexOf(person);
    return rank < 0 ? Infinity : rank;
  }

  /** The role by which one entry is judged; `undefined`: its device is no member's, or the member was removed. */
  roleFor(entry: Entry): Role | undefined {
    return this.#periodOf(entry)?.role;
  }

  /** How early the person came whose word gave an entry the role by which it is judged. */
  rankOfJudge(entry: Entry): number {
    const judge = this.#periodOf(entry)?.by.device;
    const person = judge && this.#personOf.get(judge);
    return person === undefined ? Infinity : this.rankOf(person);
  }

  #periodOf(entry: Entry): RolePeriod | undefined {
    const person = this.#personOf.get(entry.device);
    const periods = (person && this.#people.get(person)?.periods) ?? [];
    let current: RolePeriod | undefined;
    for (const period of periods) {
      if (current && !this.#belongsTo(entry, period)) break;
      current = period;
    }
    return current;
  }

  #belongsTo(entry: Entry, { cut, by, admission }: RolePeriod): boolean {
    if (admission)
      return (entry.writer === by.writer && entry.seq >= by.seq) || this.#history.buildsOn(entry, by.hash);
    const last = cut.get(entry.writer);
    if (last !== undefined && entry.seq <= last) return false;
    // Nobody makes void what they built on, whatever their cut says.
    return !(entry.kind === 'access' && this.#history.knew(by, entry.hash));
  }

  /** Takes one access entry in, if a rule allows it. @returns whether it counts */
  take({ entry, body }: AccessEntry): boolean {
    if (!this.#allows(entry, body)) return false;
    this.#apply(entry, body);
    this.#counted.add(entry.hash);
    return true;
  }

  #apply(entry: Entry, body: MemberBody): void {
    if (body.type === 'found') this.#addPerson(body.person, { role: 'admin', founder: true, by: entry });
    else if (body.type === 'admit')
      this.#addPerson(body.person, { role: body.role, founder: false, by: entry });
    else if (body.type === 'device') this.#addDevice(body.person, body.device, entry);
    else if (body.type === 'invite') this.#addInvitation(entry, body);
    else if (body.type === 'join') this.#addJoined(entry, body);
    else if (body.type === 'meet') this.#signalling = body.signalling;
    else if (body.type === 'delete-project') this.#addDeletion(entry, body);
    else if (body.type === 'restore-project')
      for (const deletion of body.deletions) this.#deletions.delete(deletion);
    else if (body.type === 'revoke') {
      const invitation = this.#invitations.get(body.invite);
      if (invitation) invitation.revoked = true;
    } else {
      const cut = new Map(body.cut.map(({ writer, seq }) => [writer, seq]));
      const role = roleAfter(body);
      this.#people.get(body.person)?.periods.push({ role, cut, by: entry, admission: false });
    }
  }

  #allows(entry: Entry, body: MemberBody): boolean {
    if (body.type === 'found') return this.#people.size === 0 && founderSpeaksForItself(entry, body);
    if (body.type === 'join') return this.#mayJoin(entry, body);
    const author = this.#personOf.get(entry.device);
    const role = this.roleFor(entry);
    if (author === undefined || role === undefined || !this.#knowsOwnAdmission(entry)) return false;
    if (needsAdmin(body, author) && role !== 'admin') return false;
    switch (body.type) {
      case 'admit':
        return this.#isNew(body.person);
      case 'device':
        return this.roleOf(body.person) !== undefined && this.#mayHaveDevice(body);
      case 'invite':
        return !this.#invitations.has(body.invite);
      case 'revoke':
        return this.#invitations.has(body.invite);
      case 'meet':
        return true;
      case 'delete-project':
      case 'restore-project':
        return mayDeleteProject(role);
      default:
        // Of a change of role and a removal that did not know of each other, the removal wins.
        return this.roleOf(body.person) !== undefined && !this.#leavesNoAdmin(body.person, roleAfter(body));
    }
  }

  /** The first `uses` joins count; whoever comes later is told. Expiry is no matter of the fold: clocks differ. */
  #mayJoin(entry: Entry, { invite, key, person }: BodyOf<'join'>): boolean {
    const invitation = this.#invitations.get(invite);
    return (
      invitation?.key === key &&
      invitation.joined.length < invitation.uses &&
      person.devices.some(({ device }) => device === entry.device) &&
      this.#isNew(person) &&
      this.#mayComeBackAs(person.person, entry.device)
    );
  }

  /** Who was a member comes back with a device of theirs: an id alone is known to many. An admin may admit otherwise. */
  #mayComeBackAs(person: PersonId, device: DeviceId): boolean {
    return !this.#people.has(person) || this.#personOf.get(device) === person;
  }

  /** Else an author could claim to know nothing of the entry that gave them their say, and make it void. */
  #knowsOwnAdmission(entry: Entry): boolean {
    const admission = this.#admittedBy.get(entry.device);
    return admission !== undefined && (admission === entry.hash || this.#history.buildsOn(entry, admission));
  }

  /** A person and each of their devices may stand in a project once only; who was removed may come back. */
  #isNew({ person, devices }: PersonRecord): boolean {
    return (
      this.roleOf(person) === undefined &&
      devices.every(({ device }) => [undefined, person].includes(this.#personOf.get(device)))
    );
  }

  #mayHaveDevice({ person, device: { device } }: BodyOf<'device'>): boolean {
    const devices = this.#people.get(person)?.record.devices ?? [];
    return !this.#personOf.has(device) && devices.length < mostDevices;
  }

  #leavesNoAdmin(person: PersonId, role: Role | undefined): boolean {
    return (
      role !== 'admin' && this.members.every((member) => member.role !== 'admin' || member.person === person)
    );
  }

  #addPerson(record: PersonRecord, { role, founder, by }: { role: Role; founder: boolean; by: Entry }): void {
    const former = this.#people.get(record.person);
    const fresh = record.devices.map(({ device }) => device);
    const kept = former?.record.devices.filter(({ device }) => !fresh.includes(device)) ?? [];
    this.#people.set(record.person, {
      record: { ...record, devices: [...kept, ...record.devices] },
      founder: former?.founder ?? founder,
      periods: [...(former?.periods ?? []), { role, cut: new Map(), by, admission: true }]
    });
    for (const { device } of [...kept, ...record.devices]) {
      this.#personOf.set(device, record.person);
      this.#admittedBy.set(device, by.hash);
    }
  }

  #addDevice(person: PersonId, device: PersonRecord['devices'][number], by: Entry): void {
    const standing = this.#people.get(person);
    if (!standing) return;
    standing.record = { ...standing.record, devices: [...standing.record.devices, device] };
    this.#personOf.set(device.device, person);
    this.#admittedBy.set(device.device, by.hash);
  }

  #addInvitation(entry: Entry, { invite, key, role, expires, uses, at }: BodyOf<'invite'>): void {
    const invitedBy = this.#personOf.get(entry.device);
    if (!invitedBy) return;
    this.#invitations.set(invite, {
      ...{ invite, key, role, expires, uses, invitedBy },
      ...{ invitedAt: at, joined: [], revoked: false }
    });
  }

  #addDeletion({ hash, device }: Entry, { at }: BodyOf<'delete-project'>): void {
    const by = this.#personOf.get(device);
    if (by) this.#deletions.set(hash, { entry: hash, by, byDevice: device, at });
  }

  #addJoined(entry: Entry, { invite, person }: BodyOf<'join'>): void {
    const invitation = this.#invitations.get(invite);
    if (!invitation) return;
    invitation.joined.push(person.person);
    this.#addPerson(person, { role: invitation.role, founder: false, by: entry });
  }
}

function founderSpeaksForItself(entry: Entry, body: BodyOf<'found'>): boolean {
  return entry.seq === 0 && body.person.devices.some(({ device }) => device === entry.device);
}

export function roleAfter(body: BodyOf<'role' | 'remove'>): Role | undefined {
  return body.type === 'role' ? body.role : undefined;
}

/** Everybody may leave and add devices of their own; all else is an admin's. */
export function needsAdmin(body: MemberBody, author: PersonId | undefined): boolean {
  if (body.type === 'device' || body.type === 'remove') return body.person !== author;
  return body.type !== 'found' && body.type !== 'join';
}
