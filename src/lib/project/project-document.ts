/**
 * One project on this device: appends signed entries for what this session does, takes in what others wrote, and
 * offers the folded state and the view. Everything a member can do to a project is a verb here.
 */
import * as v from 'valibot';
import type * as Y from 'yjs';
import { toHex } from '../identity/encoding.ts';
import { randomBytes } from '../identity/hash.ts';
import { type PersonRecord, type Role } from '../identity/person.ts';
import { TaggedError } from '../model/errors.ts';
import {
  type ContentRoot,
  type DeviceId,
  FileId,
  JobId,
  type PersonId,
  ProjectId,
  type WriterId
} from '../model/ids.ts';
import { type JobDefinition, type JobEvent } from '../model/processor.ts';
import { type Access } from './access.ts';
import { foldAccess } from './access-fold.ts';
import { type AccessBody, encodeBody, type FactBody, type FileFact } from './bodies.ts';
import { hashDefinition } from './canonical-json.ts';
import { applyToCarrier } from './carrier.ts';
import { ProjectComments } from './comments.ts';
import { cascade, type RecordItem } from './deletions.ts';
import { foldFacts } from './fact-fold.ts';
import { mayHandIn } from './handing-in.ts';
import { type Histories } from './histories.ts';
import { ProjectHistory } from './history.ts';
import { type InvitationClaim, type InvitationProblem, invitationProblem, readJoin } from './joining.ts';
import { type Entry } from './entry.ts';
import { projectIdOf } from './log.ts';
import { Membership } from './membership.ts';
import { WholeProject } from './project-deletion.ts';
import { type KnownEntries, type OpenOptions, openSession, ProjectRecord } from './project-record.ts';
import { emptyState, type FileState, type JobState, type ProjectState } from './project-state.ts';
import { ViewEdits } from './view-edits.ts';
import { type ProjectView } from './view.ts';

/** What `addFile` takes; the rest it fills in. */
export type NewFile = Omit<FileFact, 'type' | 'at' | 'file'> & { file?: FileId };

/** Who may do what is decided by the folds; asking first gives the user a reason instead of a void entry. */
export type Action = 'edit' | 'manage-members' | 'run-jobs';

export class ProjectDocument {
  readonly id: ProjectId;
  readonly device: DeviceId;
  readonly #record: ProjectRecord;
  readonly #edits: ViewEdits;
  readonly comments = new ProjectComments({
    append: (fact) => {
      this.#require('edit');
      return this.#appendFact(fact);
    },
    find: (id) => this.#state.comments.find(({ comment }) => comment === id),
    self: () => ({ person: this.person, role: this.role })
  });
  readonly membership = new Membership({
    requireAdmin: () => this.#require('manage-members'),
    append: (body, known) => this.#appendAccess(body, known),
    flushEdits: () => this.#edits.flush(),
    personOf: (device) => this.#access.personOf(device),
    roleOf: (person) => this.#access.roleOf(person),
    logEnds: (wanted) => this.#record.log.writersOf(wanted),
    ownEnd: () => ({ writer: this.writer, seq: this.#record.log.lengthOf(this.writer) }),
    self: () => ({ project: this.id, device: this.device, writer: this.writer, person: this.person })
  });
  /** Its deletion for everybody. */
  readonly whole = new WholeProject({
    append: (body) => this.#appendAccess(() => body),
    role: () => this.role,
    deletions: () => this.#state.projectDeletions
  });
  readonly #listeners = new Set<() => void>();
  #access: Access;
  #foldedVersion = -1;
  #state: ProjectState;

  private constructor(options: OpenOptions, session: Awaited<ReturnType<typeof openSession>>) {
    this.id = options.id;
    this.device = options.keys.device;
    this.#record = new ProjectRecord(options, session, {
      onNew: () => this.#fold(),
      mayHandIn: (entry) => mayHandIn(entry, { access: this.#access, log: this.#record.log })
    });
    this.#access = foldAccess([], this.#record.log.history);
    this.#state = emptyState(options.id);
    this.#edits = new ViewEdits(
      session.writer,
      (update) => this.#record.append('edit', () => update),
      () => this.#notify()
    );
  }

  /** Opens a project as stored on this device; what is not stored yet comes by sync. */
  static async open(options: OpenOptions): Promise<ProjectDocument> {
    const document = new ProjectDocument(options, await openSession(options));
    await document.#record.read();
    return document;
  }

  /** Founds a project: its id is bound to the founder's key, so founding needs no authority. */
  static async found(
    options: Omit<OpenOptions, 'id'> & { person: PersonRecord; name: string }
  ): Promise<ProjectDocument> {
    const random = randomBytes(32);
    const id = v.parse(ProjectId, await projectIdOf(options.keys.device, random));
    const document = await ProjectDocument.open({ ...options, id });
    await document.#appendAccess(() => ({
      type: 'found',
      at: Date.now(),
      random: toHex(random),
      person: options.person
    }));
    document.view.rename('project', options.name);
    await document.flush();
    return document;
  }

  /** What sync replicates; apply others' updates to it only after `admit`. */
  get carrier(): Y.Doc {
    return this.#record.carrier;
  }

  /** What sync shows others of the histories held here, and takes in from them. */
  get histories(): Histories {
    return this.#record.histories;
  }

  get writer(): WriterId {
    return this.#record.writer;
  }

  get state(): ProjectState {
    return this.#state;
  }

  /** Names, notes and tags; edits become one signed entry within 200 ms. */
  get view(): ProjectView {
    return this.#edits.view;
  }

  /** Who did what, as known now; made anew at each call. */
  history(): Promise<ProjectHistory> {
    const { access, facts, edits } = this.#record.log;
    return ProjectHistory.read({ access, facts, edits, folded: this.#access });
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

  /** Whether the device's person took part once and does no more. */
  wasMember(device: DeviceId): boolean {
    return this.#access.personOf(device) !== undefined && this.roleOfDevice(device) === undefined;
  }

  /** When the device last wrote a fact or an access entry, by its own clock; ms since 1970. */
  lastActive(device: DeviceId): number | undefined {
    return this.#record.log.lastActive.get(device);
  }

  can(action: Action): boolean {
    return action === 'run-jobs'
      ? this.role === 'compute'
      : action === 'edit'
        ? this.#mayEdit
        : this.role === 'admin';
  }

  get #mayEdit(): boolean {
    return (this.role === 'admin' || this.role === 'editor') && this.whole.deletion === undefined;
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
  admit(update: Uint8Array, from: { device: DeviceId }): Promise<boolean | Uint8Array> {
    return this.#record.admit(update, from.device);
  }

  /** What this session wrote, for a member who lets this device in. */
  get ownEntries(): Uint8Array {
    return this.#record.ownEntries;
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

  /**
   * Asks for a job; with a device it is assigned at once, else it waits for an assignment. Jobs whose place it takes are
   * deleted by it.
   * @throws TaggedError `input-replaced` when its input would go with them
   */
  async submitJob(
    definition: JobDefinition,
    { device, replaces = [] }: { device?: DeviceId; replaces?: JobId[] } = {}
  ): Promise<JobId> {
    this.#require('edit');
    const submitter = this.person;
    if (!submitter) throw new TaggedError('not-allowed', 'only members submit jobs');
    const { files } = cascade(
      this.#state,
      replaces.map((id) => ({ kind: 'job', id }))
    );
    if (definition.inputs.some(({ file }) => files.has(file)))
      throw new TaggedError('input-replaced', 'the job reads what was made by the job that it would replace');
    const job = v.parse(JobId, toHex(randomBytes(16)));
    const definitionHash = await hashDefinition(definition);
    const at = Date.now();
    await this.#appendFact(
      {
        ...{ type: 'job', at, job, definition, definitionHash, submitter },
        ...(replaces.length > 0 && { replaces })
      },
      // In one step with it, or another tab would take the job for one that waits for a node.
      ...(device ? [{ type: 'assign' as const, at, job, attempt: 1, device }] : [])
    );
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

  /** Deletes a file or a job with all that goes with it (deletions.ts). @returns what `restore` takes it back by */
  async delete(item: RecordItem): Promise<string> {
    this.#require('edit');
    return this.#appendFact({ type: 'delete', at: Date.now(), ...item });
  }

  /** Takes deletions back: what went with them is there again, with everything that came to it meanwhile. */
  async restore(deletions: string[]): Promise<void> {
    this.#require('edit');
    await this.#appendFact({ type: 'restore', at: Date.now(), deletions });
  }

  /** @throws TaggedError `file-unknown` */
  file(id: FileId): FileState {
    const file = this.#state.files.find((known) => known.file === id);
    if (!file) throw new TaggedError('file-unknown', 'this project has no such file');
    return file;
  }

  job(id: JobId): JobState | undefined {
    return this.#state.jobs.find(({ job }) => job === id);
  }

  /** Resolves when everything done so far is an entry, folded and on disk. */
  async flush(): Promise<void> {
    await this.#edits.flush();
    await this.#record.flush();
    if (this.#edits.settle()) this.#notify();
  }

  async close(): Promise<void> {
    try {
      await this.flush();
    } finally {
      this.#listeners.clear();
      this.#edits.close();
      await this.#record.close();
    }
  }

  #require(action: Action): void {
    if (this.can(action)) return;
    if (this.whole.deletion && action === 'edit')
      throw new TaggedError('project-deleted', 'the project was deleted for everybody');
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

  async #appendAccess(body: () => AccessBody, known?: KnownEntries): Promise<Entry> {
    const entry = await this.#record.append('access', () => encodeBody(body()), known);
    await this.flush();
    return entry;
  }

  /** @returns the last entry's hash */
  async #appendFact(...bodies: FactBody[]): Promise<string> {
    const { hash } = await this.#record.appendAll('fact', () => bodies.map(encodeBody));
    await this.flush();
    return hash;
  }

  #fold(): void {
    const { log } = this.#record;
    if (log.accessVersion !== this.#foldedVersion) {
      this.#access = foldAccess(log.access, log.history);
      this.#foldedVersion = log.accessVersion;
    }
    this.#edits.apply(this.#record.log.edits, this.#access);
    const { members, formerMembers, invitations, signalling, projectDeletions } = this.#access;
    const facts = foldFacts(this.#record.log.facts, this.#access);
    this.#state = {
      id: this.id,
      members,
      formerMembers,
      invitations,
      signalling,
      projectDeletions,
      ...facts
    };
    if (this.can('manage-members')) this.membership.closeUsedInvitations(invitations);
    this.#notify();
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}
