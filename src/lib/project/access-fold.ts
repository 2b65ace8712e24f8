/**
 * Who is a member with which role: folds access entries in the common order (entry.ts). Roles are judged only here, the
 * same on every replica, whatever the order of arrival.
 */
import { type PersonRecord, type Role } from '../identity/person.ts';
import { type DeviceId, type PersonId, type WriterId } from '../model/ids.ts';
import { type AccessHistory } from './access-history.ts';
import { type AccessBody } from './bodies.ts';
import { type Entry } from './entry.ts';

/** What is folded; forks are judged where entries are read (log.ts). */
type MemberBody = Exclude<AccessBody, { type: 'fork' }>;

/** An entry whose body was understood. */
export interface AccessEntry {
  entry: Entry;
  body: MemberBody;
}

/** A role, and from where on it counts: entries of the named writers up to their cut are judged by the one before. */
interface RolePeriod {
  role: Role;
  /** The entry that began it. */
  by: Entry;
  cut: ReadonlyMap<WriterId, number>;
}

export interface Member extends PersonRecord {
  role: Role;
  founder: boolean;
}

/** The folded access state. */
export class Access {
  readonly #members = new Map<PersonId, { record: PersonRecord; founder: boolean; periods: RolePeriod[] }>();
  readonly #personOf = new Map<DeviceId, PersonId>();
  /** The entry by which a device stands in the project. */
  readonly #admittedBy = new Map<DeviceId, string>();
  readonly #history: AccessHistory;
  /** Hashes of the entries that count. */
  readonly #counted = new Set<string>();

  constructor(history: AccessHistory) {
    this.#history = history;
  }

  get members(): Member[] {
    return [...this.#members.values()].map(({ record, founder, periods }) => ({
      ...record,
      founder,
      role: periods.at(-1)?.role ?? 'viewer'
    }));
  }

  personOf(device: DeviceId): PersonId | undefined {
    return this.#personOf.get(device);
  }

  /** The person's role now. */
  roleOf(person: PersonId): Role | undefined {
    return this.#members.get(person)?.periods.at(-1)?.role;
  }

  counts(hash: string): boolean {
    return this.#counted.has(hash);
  }

  /** The role by which one entry is judged; `undefined`: its device is no member's. */
  roleFor(entry: Entry): Role | undefined {
    const person = this.#personOf.get(entry.device);
    const periods = person && this.#members.get(person)?.periods;
    if (!periods) return undefined;
    let role: Role | undefined;
    for (const period of periods) {
      if (role !== undefined && this.#isBefore(entry, period)) break;
      role = period.role;
    }
    return role;
  }

  /** Nobody makes void what they built on, whatever their cut says. */
  #isBefore(entry: Entry, { cut, by }: RolePeriod): boolean {
    const last = cut.get(entry.writer);
    return (
      (last !== undefined && entry.seq <= last) ||
      (entry.kind === 'access' && this.#history.knew(by, entry.hash))
    );
  }

  /** Takes one access entry in, if a rule allows it. @returns whether it counts */
  take({ entry, body }: AccessEntry): boolean {
    if (!this.#allows(entry, body)) return false;
    if (body.type === 'found') this.#addPerson(body.person, { role: 'admin', founder: true, by: entry });
    else if (body.type === 'admit')
      this.#addPerson(body.person, { role: body.role, founder: false, by: entry });
    else if (body.type === 'device') this.#addDevice(body.person, body.device, entry);
    else {
      const cut = new Map(body.cut.map(({ writer, seq }) => [writer, seq]));
      this.#members.get(body.person)?.periods.push({ role: body.role, cut, by: entry });
    }
    this.#counted.add(entry.hash);
    return true;
  }

  #allows(entry: Entry, body: MemberBody): boolean {
    if (body.type === 'found') return this.#members.size === 0 && founderSpeaksForItself(entry, body);
    const author = this.#personOf.get(entry.device);
    if (author === undefined || !this.#knowsOwnAdmission(entry)) return false;
    const byAdmin = this.roleFor(entry) === 'admin';
    if (body.type === 'admit') return byAdmin && this.#isNew(body.person);
    if (body.type === 'device')
      return (
        (byAdmin || author === body.person) &&
        this.#members.has(body.person) &&
        !this.#personOf.has(body.device.device)
      );
    return byAdmin && this.#members.has(body.person) && !this.#leavesNoAdmin(body.person, body.role);
  }

  /** Else an author could claim to know nothing of the entry that gave them their say, and make it void. */
  #knowsOwnAdmission(entry: Entry): boolean {
    const admission = this.#admittedBy.get(entry.device);
    return admission !== undefined && this.#history.knew(entry, admission);
  }

  /** A person and each of their devices may stand in a project once only. */
  #isNew({ person, devices }: PersonRecord): boolean {
    return !this.#members.has(person) && devices.every(({ device }) => !this.#personOf.has(device));
  }

  #leavesNoAdmin(person: PersonId, role: Role): boolean {
    return (
      role !== 'admin' && this.members.every((member) => member.role !== 'admin' || member.person === person)
    );
  }

  #addPerson(record: PersonRecord, { role, founder, by }: { role: Role; founder: boolean; by: Entry }): void {
    this.#members.set(record.person, { record, founder, periods: [{ role, cut: new Map(), by }] });
    for (const { device } of record.devices) {
      this.#personOf.set(device, record.person);
      this.#admittedBy.set(device, by.hash);
    }
  }

  #addDevice(person: PersonId, device: PersonRecord['devices'][number], by: Entry): void {
    const member = this.#members.get(person);
    if (!member) return;
    member.record = { ...member.record, devices: [...member.record.devices, device] };
    this.#personOf.set(device.device, person);
    this.#admittedBy.set(device.device, by.hash);
  }
}

function founderSpeaksForItself(entry: Entry, body: Extract<AccessBody, { type: 'found' }>): boolean {
  return entry.seq === 0 && body.person.devices.some(({ device }) => device === entry.device);
}

/**
 * Folds access entries, given in the common order. An entry that a later-ordered change of role turns out to void (it
 * lies past that change's cut) is left out and the fold starts over, so the outcome does not depend on arrival.
 */
export function foldAccess(entries: readonly AccessEntry[], history: AccessHistory): Access {
  const void_ = new Set<string>();
  for (;;) {
    const access = new Access(history);
    const taken = entries.filter((item) => !void_.has(item.entry.hash) && access.take(item));
    const voided = taken.find(
      ({ entry, body }) =>
        needsAdmin(body, access.personOf(entry.device)) && access.roleFor(entry) !== 'admin'
    );
    const next = voided ?? demotionOfSenior(entries, access, history);
    if (!next) return access;
    void_.add(next.entry.hash);
  }
}

type RoleChange = AccessEntry & { body: Extract<MemberBody, { type: 'role' }> };

/**
 * Of two admins who demote each other, neither knowing of the other's act, the one who came first stays: else a demoted
 * admin could date an entry back and take the project over.
 * @returns the junior's act, which counted so far
 */
function demotionOfSenior(
  entries: readonly AccessEntry[],
  access: Access,
  history: AccessHistory
): AccessEntry | undefined {
  const changes = entries.filter((item): item is RoleChange => item.body.type === 'role');
  const refused = changes.filter(({ entry }) => !access.counts(entry.hash));
  if (refused.length === 0) return undefined;
  const rank = new Map(access.members.map(({ person }, index) => [person, index]));
  const isSenior = (person: PersonId, other: PersonId) =>
    (rank.get(person) ?? Infinity) < (rank.get(other) ?? Infinity);
  return changes.find(({ entry, body }) => {
    const junior = access.personOf(entry.device);
    return (
      junior !== undefined &&
      access.counts(entry.hash) &&
      body.role !== 'admin' &&
      isSenior(body.person, junior) &&
      refused.some(
        (act) =>
          access.personOf(act.entry.device) === body.person &&
          act.body.person === junior &&
          act.body.role !== 'admin' &&
          !history.knew(act.entry, entry.hash)
      )
    );
  });
}

function needsAdmin(body: MemberBody, author: PersonId | undefined): boolean {
  return body.type === 'admit' || body.type === 'role' || (body.type === 'device' && body.person !== author);
}
