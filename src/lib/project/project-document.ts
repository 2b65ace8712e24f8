/**
 * One project on this device: appends signed entries for what this session does, takes in what others wrote, and
 * offers the folded state and the view. Everything a member can do to a project is a verb here.
 */
import * as v from 'valibot';
import type * as Y from 'yjs';
import { type DeviceKeys } from '../identity/device-keys.ts';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { createInvitationKey, invitationKeyFrom, signJoining } from '../identity/invitation.ts';
import { type DeviceRecord, type InvitableRole, type PersonRecord, type Role } from '../identity/person.ts';
import { TaggedError } from '../model/errors.ts';
import {
  type ContentRoot,
  type DeviceId,
  FileId,
  InvitationId,
  JobId,
  type PersonId,
  ProjectId,
  type WriterId
} from '../model/ids.ts';
import { type JobDefinition, type JobEvent } from '../model/processor.ts';
import { type Access, foldAccess } from './access-fold.ts';
import { Admission } from './admission.ts';
import { type AccessBody, encodeBody, type FactBody, type FileFact } from './bodies.ts';
import { hashDefinition } from './canonical-json.ts';
import {
  appendToCarrier,
  applyToCarrier,
  entryAt,
  logLength,
  logLengths,
  ownUpdate,
  readLog
} from './carrier.ts';
import { deriveWriter, encodeEntry, type Entry, type EntryKind, mostAccessHeads } from './entry.ts';
import { foldFacts } from './fact-fold.ts';
import { forkEvidence } from './fork.ts';
import {
  type InvitationClaim,
  type InvitationProblem,
  invitationProblem,
  type NewInvitation,
  readJoin
} from './joining.ts';
import { EntryLog, projectIdOf } from './log.ts';
import { type ProjectPersistence, type StoredCarrier } from './persistence.ts';
import { emptyState, type JobState, type ProjectState } from './project-state.ts';
import { ViewEdits } from './view-edits.ts';
import { type ProjectView } from './view.ts';

export interface OpenOptions {
  id: ProjectId;
  keys: DeviceKeys;
  persistence: ProjectPersistence;
}

/** What `addFile` takes; the rest it fills in. */
export type NewFile = Omit<FileFact, 'type' | 'at' | 'file'> & { file?: FileId };

/** Who may do what is decided by the folds; asking first gives the user a reason instead of a void entry. */
export type Action = 'edit' | 'manage-members' | 'run-jobs';

export class ProjectDocument {
  readonly id: ProjectId;
  readonly writer: WriterId;
  readonly device: DeviceId;
  readonly #keys: DeviceKeys;
  readonly #nonce: Uint8Array;
  readonly #stored: StoredCarrier;
  readonly #log: EntryLog;
  readonly #edits: ViewEdits;
  readonly #admission: Admission;
  readonly #listeners = new Set<() => void>();
  #access: Access;
  #state: ProjectState;
  /** Appends and intakes run one after another, in the order asked for. */
  #work: Promise<unknown> = Promise.resolve();
  #intakeQueued = false;
  readonly #onCarrierUpdate = () => this.#queueIntake();

  private constructor(
    options: OpenOptions,
    session: { writer: WriterId; nonce: Uint8Array; stored: StoredCarrier }
  ) {
    this.id = options.id;
    this.#keys = options.keys;
    this.device = options.keys.device;
    this.writer = session.writer;
    this.#nonce = session.nonce;
    this.#stored = session.stored;
    this.#log = new EntryLog(options.id);
    this.#access = foldAccess([], this.#log.history);
    this.#state = emptyState(options.id);
    this.#edits = new ViewEdits(
      session.writer,
      (update) => this.#append('edit', () => update),
      () => this.#notify()
    );
    this.#admission = new Admission({
      project: this.id,
      lengthOf: (writer) => logLength(this.carrier, writer),
      entryAt: (writer, seq) => entryAt(this.carrier, writer, seq),
      isForked: (writer) => this.#log.isForked(writer),
      mayNotWrite: (device) => this.roleOfDevice(device) === 'viewer',
      onFork: (first, second) => this.#reportFork(first, second)
    });
    this.carrier.on('update', this.#onCarrierUpdate);
  }

  /** Opens a project as stored on this device; what is not stored yet comes by sync. */
  static async open(options: OpenOptions): Promise<ProjectDocument> {
    const nonce = randomBytes(16);
    const writer = await deriveWriter(options.id, options.keys.device, nonce);
    const stored = await options.persistence.open(options.id);
    const document = new ProjectDocument(options, { writer, nonce, stored });
    await document.#takeIn();
    return document;
  }

  /** Founds a project: its id is bound to the founder's key, so founding needs no authority. */
  static async found(
    options: Omit<OpenOptions, 'id'> & { person: PersonRecord; name: string }
  ): Promise<ProjectDocument> {
    const random = randomBytes(32);
    const id = v.parse(ProjectId, await projectIdOf(options.keys.device, random));
    const document = await ProjectDocument.open({ ...options, id });
    await document.#appendAccess({
      type: 'found',
      at: Date.now(),
      random: toHex(random),
      person: options.person
    });
    document.view.rename('project', options.name);
    await document.flush();
    return document;
  }

  /** What sync replicates; apply others' updates to it only after `admit`. */
  get carrier(): Y.Doc {
    return this.#stored.carrier;
  }

  get state(): ProjectState {
    return this.#state;
  }

  /** Names, notes and tags; edits become one signed entry within 200 ms. */
  get view(): ProjectView {
    return this.#edits.view;
  }

  get name(): string {
    return this.view.nameOf('project') ?? 'Unnamed project';
  }

  get person(): PersonId | undefined {
    return this.#access.personOf(this.device);
  }

  get role(): Role | undefined {
    return this.person && this.#access.roleOf(this.person);
  }

  /** The role of a device's person now; `undefined`: no member. */
  roleOfDevice(device: DeviceId): Role | undefined {
    const person = this.#access.personOf(device);
    return person && this.#access.roleOf(person);
  }

  /** When the device last wrote a fact or an access entry, by its own clock; ms since 1970. */
  lastActive(device: DeviceId): number | undefined {
    return this.#log.lastActive.get(device);
  }

  can(action: Action): boolean {
    return action === 'run-jobs'
      ? this.role === 'compute'
      : action === 'edit'
        ? this.#mayEdit
        : this.role === 'admin';
  }

  get #mayEdit(): boolean {
    return this.role === 'admin' || this.role === 'editor';
  }

  /** Called after each change of state or view. @returns stops listening */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * What of a peer's update may be applied to the carrier: all, a part (as an update), or nothing, when no honest peer
   * sends such a thing.
   */
  async admit(update: Uint8Array, from: { device: DeviceId }): Promise<boolean | Uint8Array> {
    const passed = await this.#admission.check(update, from.device);
    return passed === update || (passed ?? false);
  }

  /** Admits a person with their first devices. */
  async admitPerson(person: PersonRecord, role: Role): Promise<void> {
    this.#require('manage-members');
    await this.#appendAccess({ type: 'admit', at: Date.now(), person, role });
  }

  async addDevice(person: PersonId, device: DeviceRecord): Promise<void> {
    await this.#appendAccess({ type: 'device', at: Date.now(), person, device });
  }

  /** Changes a role; what the person wrote so far, as known here, is still judged by the old one. */
  async setRole(person: PersonId, role: Role): Promise<void> {
    this.#require('manage-members');
    await this.#edits.flush();
    await this.#append('access', () =>
      encodeBody({ type: 'role', at: Date.now(), person, role, cut: this.#cutOf(person) })
    );
    await this.flush();
    if (this.#access.roleOf(person) !== role)
      throw new TaggedError('role-refused', 'the role was not changed: a project keeps at least one admin');
  }

  /** Removes a person, or leaves: what they wrote so far stands, nothing of theirs counts from now on. */
  async removePerson(person: PersonId): Promise<void> {
    if (person !== this.person) this.#require('manage-members');
    await this.#edits.flush();
    await this.#append('access', () =>
      encodeBody({ type: 'remove', at: Date.now(), person, cut: this.#cutOf(person) })
    );
    await this.flush();
    if (this.#access.roleOf(person) !== undefined)
      throw new TaggedError('role-refused', 'nobody was removed: a project keeps at least one admin');
  }

  /** What the person wrote, as known here; who changes their own standing does it by the old one. */
  #cutOf(person: PersonId): { writer: WriterId; seq: number }[] {
    const cut = this.#log.writersOf((device) => this.#access.personOf(device) === person);
    if (person !== this.person) return cut;
    const others = cut.filter(({ writer }) => writer !== this.writer);
    return [...others, { writer: this.writer, seq: this.#log.lengthOf(this.writer) }];
  }

  /** Invites people to a role. @returns what the link needs besides where members meet */
  async invite(options: { role: InvitableRole; expires: number; uses: number }): Promise<NewInvitation> {
    this.#require('manage-members');
    const key = await createInvitationKey();
    const invite = v.parse(InvitationId, toHex(randomBytes(16)));
    const { publicKey, seed } = key;
    await this.#appendAccess({ type: 'invite', at: Date.now(), invite, key: publicKey, ...options });
    const { hash: entry = '', lamport = 0 } = this.#log.lastOf(this.writer) ?? {};
    return { invite, seed, entry, lamport };
  }

  /** From now on nobody joins by it; who joined before stays. */
  async revokeInvitation(invite: InvitationId): Promise<void> {
    this.#require('manage-members');
    await this.#appendAccess({ type: 'revoke', at: Date.now(), invite });
  }

  /**
   * Writes that this person joins by an invitation. It counts once a member has taken it in.
   * @throws TaggedError `already-a-member`
   */
  async join(invitation: NewInvitation, person: PersonRecord): Promise<void> {
    if (this.role !== undefined) throw new TaggedError('already-a-member', 'this person is a member already');
    const { invite, seed, entry, lamport } = invitation;
    const key = await invitationKeyFrom(seed);
    const joining = { project: this.id, invite, device: this.device, person };
    const signature = toHex(await signJoining(key, joining));
    const body = { type: 'join' as const, at: Date.now(), invite, key: key.publicKey, person, signature };
    await this.#append('access', () => encodeBody(body), { access: [entry], lamport: lamport + 1 });
    await this.flush();
  }

  /** What this session wrote, for a member who lets this device in. */
  get ownEntries(): Uint8Array {
    return ownUpdate(this.carrier, this.writer);
  }

  /** Why an invitation lets nobody in now, by this device's clock; `undefined`: it does. */
  invitationProblem(claim: InvitationClaim & { device?: DeviceId }): InvitationProblem | undefined {
    // Another member let this device in a moment ago: the use that is up is its own.
    if (claim.device && this.roleOfDevice(claim.device) !== undefined) return undefined;
    return invitationProblem(this.#state.invitations, claim);
  }

  /**
   * Takes in what somebody at the door wrote: that they join by an invitation, and nothing else.
   * @returns why they do not, if so
   */
  async letIn(
    update: Uint8Array,
    from: { device: DeviceId; writer: WriterId }
  ): Promise<InvitationProblem | undefined> {
    if (this.roleOfDevice(from.device) !== undefined) return undefined;
    const join = await readJoin(this.id, update, from.writer);
    const problem = join ? this.invitationProblem(join) : 'malformed';
    if (problem) return problem;
    if ((await this.admit(update, from)) !== true) return 'malformed';
    applyToCarrier(this.carrier, update);
    await this.flush();
    return this.roleOfDevice(from.device) === undefined ? 'used' : undefined;
  }

  async addFile(file: NewFile): Promise<FileId> {
    if (!file.generatedBy) this.#require('edit');
    const id = file.file ?? v.parse(FileId, toHex(randomBytes(16)));
    await this.#appendFact({ ...file, type: 'file', at: Date.now(), file: id });
    return id;
  }

  async addRoot(file: FileId, root: ContentRoot): Promise<void> {
    await this.#appendFact({ type: 'root', at: Date.now(), file, root });
  }

  /** Asks for a job; with a device it is assigned at once, else it waits for an assignment. */
  async submitJob(definition: JobDefinition, options: { device?: DeviceId } = {}): Promise<JobId> {
    this.#require('edit');
    const submitter = this.person;
    if (!submitter) throw new TaggedError('not-allowed', 'only members submit jobs');
    const job = v.parse(JobId, toHex(randomBytes(16)));
    const definitionHash = await hashDefinition(definition);
    await this.#appendFact({ type: 'job', at: Date.now(), job, definition, definitionHash, submitter });
    if (options.device) await this.assignJob(job, 1, options.device);
    return job;
  }

  /** Gives an attempt to a device; attempts are numbered from 1 without gaps. */
  async assignJob(job: JobId, attempt: number, device: DeviceId): Promise<void> {
    this.#require('edit');
    await this.#appendFact({ type: 'assign', at: Date.now(), job, attempt, device });
  }

  async cancelJob(job: JobId): Promise<void> {
    await this.#appendFact({ type: 'cancel', at: Date.now(), job });
  }

  /** Says what happened to a job; counts only from the device that runs it. */
  async appendJobEvent(event: JobEvent): Promise<void> {
    await this.#appendFact({ type: 'event', at: Date.now(), event });
  }

  async deleteFile(id: FileId): Promise<void> {
    this.#require('edit');
    await this.#appendFact({ type: 'delete', at: Date.now(), kind: 'file', id });
  }

  async deleteJob(id: JobId): Promise<void> {
    this.#require('edit');
    await this.#appendFact({ type: 'delete', at: Date.now(), kind: 'job', id });
  }

  job(id: JobId): JobState | undefined {
    return this.#state.jobs.find(({ job }) => job === id);
  }

  /** Resolves when everything done so far is an entry, folded and on disk. */
  async flush(): Promise<void> {
    await this.#edits.flush();
    await this.#enqueue(() => this.#takeIn());
    await this.#stored.flushed();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.carrier.off('update', this.#onCarrierUpdate);
      this.#listeners.clear();
      this.#edits.close();
      await this.#stored.close();
    }
  }

  #require(action: Action): void {
    if (this.can(action)) return;
    const admins = this.#state.members.filter(({ role }) => role === 'admin').map(({ name }) => name);
    throw new TaggedError(
      'not-allowed',
      `your role does not allow this: ask an admin (${admins.join(', ')})`,
      {
        action,
        admins: admins.join(', ')
      }
    );
  }

  async #appendAccess(body: AccessBody): Promise<void> {
    await this.#append('access', () => encodeBody(body));
    await this.flush();
  }

  async #appendFact(body: FactBody): Promise<void> {
    await this.#append('fact', () => encodeBody(body));
    await this.flush();
  }

  /** @param body made when it is its turn, with all before it folded */
  #append(
    kind: EntryKind,
    body: () => Uint8Array,
    known: { access: string[]; lamport: number } = { access: [], lamport: 0 }
  ): Promise<void> {
    return this.#enqueue(async () => {
      await this.#takeIn();
      const last = this.#log.lastOf(this.writer);
      const header = {
        project: this.id,
        epoch: 0,
        writer: this.writer,
        nonce: toHex(this.#nonce),
        seq: this.#log.lengthOf(this.writer),
        device: this.device,
        prev: last?.hash ?? '',
        access: [...new Set([...known.access, ...this.#log.history.heads])].slice(-mostAccessHeads),
        lamport: Math.max(known.lamport, this.#log.nextLamport),
        kind
      };
      const entry = await encodeEntry(header, body(), (bytes) => this.#keys.sign(bytes));
      appendToCarrier(this.carrier, this.writer, entry);
      await this.#takeIn();
    });
  }

  /** Tells everybody of a writer with two histories: others may hold the other one, and no sync would show it. */
  #reportFork(first: Entry, second: Entry): void {
    const body = encodeBody({ type: 'fork', at: Date.now(), ...forkEvidence(first, second) });
    const report = async () => {
      if (!this.#log.isForked(first.writer)) await this.#append('access', () => body);
    };
    report().catch((error: unknown) => console.error('fork report', error));
  }

  #queueIntake(): void {
    if (this.#intakeQueued) return;
    this.#intakeQueued = true;
    // A broken log must not stop the others: what can be read is folded, and the next update tries again.
    this.#enqueue(() => this.#takeIn()).catch((error: unknown) => console.error('project intake', error));
  }

  #enqueue<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#work.then(task);
    this.#work = done.catch(() => undefined);
    return done;
  }

  /** Reads what is new in the carrier and folds, if there is anything. */
  async #takeIn(): Promise<void> {
    this.#intakeQueued = false;
    let changed = false;
    for (const [writer, length] of logLengths(this.carrier)) {
      const from = this.#log.lengthOf(writer);
      if (length <= from) continue;
      await this.#log.take(writer, readLog(this.carrier, writer, from));
      changed = true;
    }
    if (changed) this.#fold();
  }

  #fold(): void {
    this.#access = foldAccess(this.#log.access, this.#log.history);
    this.#edits.apply(this.#log.edits, this.#access);
    const { files, jobs } = foldFacts(this.#log.facts, this.#access);
    const { members, formerMembers, invitations } = this.#access;
    this.#state = { id: this.id, members, formerMembers, invitations, files, jobs };
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
