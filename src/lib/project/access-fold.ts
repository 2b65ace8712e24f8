/**
 * Who is a member with which role: folds access entries in the common order (entry.ts). Roles are judged only here, the
 * same on every replica, whatever the order of arrival.
 */
import { type PersonRecord, type Role } from '../identity/person.ts';
import { type DeviceId, type PersonId, type WriterId } from '../model/ids.ts';
import { type AccessBody } from './bodies.ts';
import { type Entry } from './entry.ts';

/** An entry whose body was understood. */
export interface AccessEntry {
  entry: Entry;
  body: AccessBody;
}

/** A role, and from where on it counts: entries of the named writers up to their cut are judged by the one before. */
interface RolePeriod {
  role: Role;
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
  /** Hashes of the entries that count. */
  readonly #counted = new Set<string>();

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
  roleFor(entry: Pick<Entry, 'device' | 'writer' | 'seq'>): Role | undefined {
    const person = this.#personOf.get(entry.device);
    const periods = person && this.#members.get(person)?.periods;
    if (!periods) return undefined;
    let role: Role | undefined;
    for (const period of periods) {
      const cut = period.cut.get(entry.writer);
      if (role !== undefined && cut !== undefined && entry.seq <= cut) break;
      role = period.role;
    }
    return role;
  }

  /** Takes one access entry in, if a rule allows it. @returns whether it counts */
  take({ entry, body }: AccessEntry): boolean {
    if (!this.#allows(entry, body)) return false;
    if (body.type === 'found') this.#addPerson(body.person, { role: 'admin', founder: true });
    else if (body.type === 'admit') this.#addPerson(body.person, { role: body.role, founder: false });
    else if (body.type === 'device') this.#addDevice(body.person, body.device);
    else {
      const cut = new Map(body.cut.map(({ writer, seq }) => [writer, seq]));
      this.#members.get(body.person)?.periods.push({ role: body.role, cut });
    }
    this.#counted.add(entry.hash);
    return true;
  }

  #allows(entry: Entry, body: AccessBody): boolean {
    if (body.type === 'found') return this.#members.size === 0 && founderSpeaksForItself(entry, body);
    const author = this.#personOf.get(entry.device);
    if (author === undefined) return false;
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

  /** A person and each of their devices may stand in a project once only. */
  #isNew({ person, devices }: PersonRecord): boolean {
    return !this.#members.has(person) && devices.every(({ device }) => !this.#personOf.has(device));
  }

  #leavesNoAdmin(person: PersonId, role: Role): boolean {
    return (
      role !== 'admin' && this.members.every((member) => member.role !== 'admin' || member.person === person)
    );
  }

  #addPerson(record: PersonRecord, { role, founder }: { role: Role; founder: boolean }): void {
    this.#members.set(record.person, { record, founder, periods: [{ role, cut: new Map() }] });
    for (const { device } of record.devices) this.#personOf.set(device, record.person);
  }

  #addDevice(person: PersonId, device: PersonRecord['devices'][number]): void {
    const member = this.#members.get(person);
    if (!member) return;
    member.record = { ...member.record, devices: [...member.record.devices, device] };
    this.#personOf.set(device.device, person);
  }
}

function founderSpeaksForItself(entry: Entry, body: Extract<AccessBody, { type: 'found' }>): boolean {
  return entry.seq === 0 && body.person.devices.some(({ device }) => device === entry.device);
}

/**
 * Folds access entries, given in the common order. An entry that a later-ordered change of role turns out to void (it
 * lies past that change's cut) is left out and the fold starts over, so the outcome does not depend on arrival.
 */
export function foldAccess(entries: readonly AccessEntry[]): Access {
  const void_ = new Set<string>();
  for (;;) {
    const access = new Access();
    const taken = entries.filter((item) => !void_.has(item.entry.hash) && access.take(item));
    const voided = taken.find(({ entry, body }) => needsAdmin(body) && access.roleFor(entry) !== 'admin');
    if (!voided) return access;
    void_.add(voided.entry.hash);
  }
}

function needsAdmin(body: AccessBody): boolean {
  return body.type === 'admit' || body.type === 'role';
}
