/**
 * Who is a member with which role: folds access entries in the common order (entry.ts). Roles are judged only here, the
 * same on every replica, whatever the order of arrival.
 */
import { type InvitableRole, type PersonRecord, type Role } from '../identity/person.ts';
import { type DeviceId, type InvitationId, type PersonId, type WriterId } from '../model/ids.ts';
import { type AccessHistory } from './access-history.ts';
import { type AccessBody } from './bodies.ts';
import { type Entry } from './entry.ts';

/** What is folded; forks are judged where entries are read (log.ts). */
type MemberBody = Exclude<AccessBody, { type: 'fork' }>;
type BodyOf<T extends MemberBody['type']> = Extract<MemberBody, { type: T }>;

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
    const person = this.#personOf.get(entry.device);
    const periods = (person && this.#people.get(person)?.periods) ?? [];
    let current: RolePeriod | undefined;
    for (const period of periods) {
      if (current && !this.#belongsTo(entry, period)) break;
      current = period;
    }
    return current?.role;
  }

  #belongsTo(entry: Entry, { cut, by, admission }: RolePeriod): boolean {
    if (admission)
      return (entry.writer === by.writer && entry.seq >= by.seq) || this.#history.knew(entry, by.hash);
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
        return this.roleOf(body.person) !== undefined && !this.#personOf.has(body.device.device);
      case 'invite':
        return !this.#invitations.has(body.invite);
      case 'revoke':
        return this.#invitations.has(body.invite);
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
      this.#isNew(person)
    );
  }

  /** Else an author could claim to know nothing of the entry that gave them their say, and make it void. */
  #knowsOwnAdmission(entry: Entry): boolean {
    const admission = this.#admittedBy.get(entry.device);
    return admission !== undefined && (admission === entry.hash || this.#history.knew(entry, admission));
  }

  /** A person and each of their devices may stand in a project once only; who was removed may come back. */
  #isNew({ person, devices }: PersonRecord): boolean {
    return (
      this.roleOf(person) === undefined &&
      devices.every(({ device }) => [undefined, person].includes(this.#personOf.get(device)))
    );
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

/**
 * Folds access entries, given in the common order. An entry that a later-ordered one turns out to void (it lies past a
 * change's cut, or joins by an invitation that was revoked before it was known) is left out and the fold starts over, so
 * the outcome does not depend on arrival.
 */
export function foldAccess(entries: readonly AccessEntry[], history: AccessHistory): Access {
  const void_ = new Set<string>();
  for (;;) {
    const access = new Access(history);
    const taken = entries.filter((item) => !void_.has(item.entry.hash) && access.take(item));
    const next =
      taken.find((item) => isVoidAfterAll(item, access)) ??
      joinUnknownToRevocation(taken, history) ??
      demotionOfSenior(entries, access, history);
    if (!next) return access;
    void_.add(next.entry.hash);
  }
}

function isVoidAfterAll({ entry, body }: AccessEntry, access: Access): boolean {
  if (body.type === 'found' || body.type === 'join') return false;
  const role = access.roleFor(entry);
  const own = 'person' in body && body.person === access.personOf(entry.device);
  // Who leaves is judged by the period that their own entry ends.
  if (body.type === 'remove' && own) return false;
  return needsAdmin(body, access.personOf(entry.device)) ? role !== 'admin' : role === undefined;
}

/** A revoked invitation counts only for the joins that the revoking admin knew of. */
function joinUnknownToRevocation(
  taken: readonly AccessEntry[],
  history: AccessHistory
): AccessEntry | undefined {
  const revocations = taken.filter(({ body }) => body.type === 'revoke');
  return taken.find(
    ({ entry, body }) =>
      body.type === 'join' &&
      revocations.some(
        (revocation) =>
          revocation.body.type === 'revoke' &&
          revocation.body.invite === body.invite &&
          !history.knew(revocation.entry, entry.hash)
      )
  );
}

type Demotion = AccessEntry & { body: BodyOf<'role' | 'remove'> };

/**
 * Of two admins who demote or remove each other, neither knowing of the other's act, the one who came first stays: else
 * a demoted admin could date an entry back and take the project over.
 * @returns the junior's act, which counted so far
 */
function demotionOfSenior(
  entries: readonly AccessEntry[],
  access: Access,
  history: AccessHistory
): AccessEntry | undefined {
  const demotions = entries.filter(
    (item): item is Demotion =>
      (item.body.type === 'role' || item.body.type === 'remove') && roleAfter(item.body) !== 'admin'
  );
  const refused = demotions.filter(({ entry }) => !access.counts(entry.hash));
  if (refused.length === 0) return undefined;
  return demotions.find(({ entry, body }) => {
    const junior = access.personOf(entry.device);
    return (
      junior !== undefined &&
      access.counts(entry.hash) &&
      access.rankOf(body.person) < access.rankOf(junior) &&
      refused.some(
        (act) =>
          access.personOf(act.entry.device) === body.person &&
          act.body.person === junior &&
          !history.knew(act.entry, entry.hash)
      )
    );
  });
}

function roleAfter(body: BodyOf<'role' | 'remove'>): Role | undefined {
  return body.type === 'role' ? body.role : undefined;
}

/** Everybody may leave and add devices of their own; all else is an admin's. */
function needsAdmin(body: MemberBody, author: PersonId | undefined): boolean {
  if (body.type === 'device' || body.type === 'remove') return body.person !== author;
  return body.type !== 'found' && body.type !== 'join';
}
