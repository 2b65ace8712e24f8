/**
 * One open project as its pages see it: the folded record joined with what this device has, what streams from nodes,
 * and everything that a person can do in it.
 */
import { blobSource } from '#lib/bytes/byte-source.ts';
import { spotHash } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type Role } from '#lib/identity/person.ts';
import { type DeviceId, type FileId, type InvitationId, type JobId, type PersonId } from '#lib/model/ids.ts';
import { type RecordingSelection } from '#lib/model/processor.ts';
import { type Probe } from '#lib/model/recording.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { emptyState, type FileState, type JobState, type ProjectState } from '#lib/project/project-state.ts';
import { type Companion, companions } from './companions.ts';
import { appContext } from './context.ts';
import { type PickedFile } from './file-intake.svelte.ts';
import { type FileShelf } from './file-shelf.svelte.ts';
import { type JobForm, type JobFormStart } from './job-form.svelte.ts';
import { defineJob, jobOffers, type JobOffer } from './job-offers.ts';
import { firstOf, type JobLive, terminalEvent } from './job-view.ts';
import { type ConsoleText, type LiveJobs } from './live-jobs.svelte.ts';
import { type NodeBook, type NodeItem } from './nodes.svelte.ts';
import {
  fileItems,
  type InvitationItem,
  invitationItems,
  jobItems,
  personItems,
  type FileItem,
  type FilePlace,
  type JobItem,
  type PersonItem
} from './project-items.ts';
import { type ProjectTabs } from './project-tabs.svelte.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';
import { sessionTexts } from './session-form.ts';
import { saveFile } from './save-file.ts';
import { type SharedPlace, SharedPlaces } from './tab-messages.ts';
import { textChange } from './text-change.ts';
import * as v from 'valibot';

export interface SessionServices {
  files: FileShelf;
  results: ResultShelf;
  nodes: NodeBook;
  tabs: ProjectTabs;
}

export class ProjectSession {
  readonly document: ProjectDocument;
  readonly #services: SessionServices;
  readonly #knownName: string;
  #state = $state.raw<ProjectState>(emptyState('' as ProjectState['id']));
  /** Counts changes of the view, which is not immutable. */
  #version = $state(0);
  #unsaved = $state(0);
  #saveError = $state.raw<unknown>(undefined);
  #received = $state.raw<PickedFile | undefined>(undefined);
  readonly #stopListening: () => void;

  /** @param knownName shown until the record has arrived */
  constructor(document: ProjectDocument, services: SessionServices, knownName = '') {
    this.document = document;
    this.#services = services;
    this.#knownName = knownName;
    this.#state = document.state;
    this.#stopListening = document.onChange(() => this.#changed());
    void services.files.recall(this.#ownFiles());
    void services.results.look(this.#roots());
  }

  get id(): ProjectDocument['id'] {
    return this.document.id;
  }
  get state(): ProjectState {
    return this.#state;
  }
  get live(): LiveJobs {
    return this.#services.tabs.live;
  }
  get name(): string {
    void this.#version;
    return this.document.view.nameOf('project') ?? (this.#knownName || this.document.name);
  }
  get notes(): string {
    void this.#version;
    return this.document.view.notesOf('project').toString();
  }
  /** Why nothing can be changed here, if so. */
  get readOnlyReason(): string | undefined {
    void this.#version;
    if (this.#state.members.length === 0) return 'The project has not arrived on this device yet.';
    if (this.document.can('edit')) return undefined;
    if (this.isRemoved) return this.#removedReason;
    const admins = this.#state.members.filter(({ role }) => role === 'admin').map(({ name }) => name);
    return `You may look but not change: ask an admin (${admins.join(', ')}).`;
  }
  get savingText(): string {
    if (this.#saveError !== undefined) return 'Not saved: the browser refuses to store it';
    return this.#unsaved > 0 ? 'Saving' : 'Saved here';
  }

  readonly files: FileItem[] = $derived.by(() => fileItems(this.#state, this.#local));
  readonly jobs: JobItem[] = $derived.by(() => jobItems(this.#state, this.#local));
  readonly people: PersonItem[] = $derived.by(() =>
    personItems(this.#state, {
      person: this.document.person,
      lastActive: (device) => this.document.lastActive(device),
      isPresent: (device) => this.#services.tabs.isConnected(device)
    })
  );
  /** Who is here now, and what they look at. */
  readonly companions: Companion[] = $derived.by(() =>
    companions(this.#state, this.#services.tabs.state?.presence ?? [], this.document.person)
  );
  /** Paired nodes that are not in the project. */
  readonly nodesToAdd: NodeItem[] = $derived.by(() =>
    this.#services.nodes.all.filter(({ device }) => !this.#isMember(device))
  );
  readonly offers: JobOffer[] = $derived.by(() => jobOffers(this.#state, this.#services.nodes));
  /** No other device is known to hold this project. */
  get onlyCopy(): boolean {
    return this.#state.members.flatMap(({ devices }) => devices).length <= 1;
  }

  get #local() {
    void this.#version;
    return {
      placeOf: (file: FileState) => this.#placeOf(file),
      nameOf: (kind: 'file' | 'job', id: string) => this.document.view.nameOf(`${kind} ${id}`),
      liveOf: (job: JobState) => this.#liveOf(job)
    };
  }

  async rename(name: string): Promise<void> {
    if (name.trim() === '') throw new TaggedError('name-empty', 'a project needs a name');
    await this.#saving(async () => this.document.view.rename('project', name));
  }

  editNotes(text: string): void {
    const shared = this.document.view.notesOf('project');
    const change = textChange(shared.toString(), text);
    if (!change) return;
    void this.#saving(async () => shared.replace(change.position, change.length, change.inserted));
  }

  /** A file that was picked or dropped and is about to be added. */
  get received(): PickedFile | undefined {
    return this.#received;
  }
  receive(picked: PickedFile | undefined): void {
    this.#received = picked;
  }

  /** Adds the user's file: read where it lies, known by size, time and spot hash. */
  async addRecording(
    picked: PickedFile,
    selection: RecordingSelection,
    probe?: Probe | undefined
  ): Promise<FileId> {
    const { file } = picked;
    const hash = await spotHash(blobSource(file));
    const same = this.#state.files.find(
      (known) =>
        known.spotHash === hash &&
        known.size === file.size &&
        known.share === undefined &&
        JSON.stringify(known.selection) === JSON.stringify(selection)
    );
    if (same) {
      await this.#services.files.keep(this.id, same, picked);
      return same.file;
    }
    return this.#saving(async () => {
      const id = await this.document.addFile({
        name: file.name,
        size: file.size,
        lastModified: file.lastModified,
        spotHash: hash as FileState['spotHash'] & string,
        selection,
        ...(probe && { probe: JSON.stringify(probe) })
      });
      await this.#services.files.keep(this.id, this.#file(id), picked);
      return id;
    });
  }

  /** @returns false where the file must be picked again. */
  reconnect(id: FileId): Promise<boolean> {
    return this.#services.files.reconnect(this.#file(id));
  }
  reconnectWith(id: FileId, picked: PickedFile): Promise<void> {
    return this.#services.files.reconnectWith(this.id, this.#file(id), picked);
  }
  /** The user's file as it can be read now. */
  pickedFile(id: FileId): File | undefined {
    return this.#services.files.get(id);
  }
  consoleOf(job: JobId): ConsoleText | undefined {
    return this.live.consoleOf(job);
  }
  /** A result's bytes that are stored here. */
  storedFile(id: FileId): Promise<File | undefined> {
    const { root } = this.#file(id);
    return root ? this.#services.results.open(root) : Promise.resolve(undefined);
  }

  async removeFile(id: FileId): Promise<void> {
    await this.#saving(() => this.document.deleteFile(id));
    await this.#services.files.forget([id]);
  }

  /** Whether one's role allows to invite, remove and give roles. */
  get mayManage(): boolean {
    void this.#version;
    return this.document.can('manage-members');
  }
  /** Whom to ask for what one's own role does not allow. */
  get adminNames(): string {
    return this.#state.members
      .filter(({ role }) => role === 'admin')
      .map(({ name }) => name)
      .join(', ');
  }
  /** This device's person took part once and does no more. */
  get isRemoved(): boolean {
    void this.#version;
    return this.#state.members.length > 0 && this.document.role === undefined;
  }
  /** A joining that came after the invitation's last use makes nobody a member. */
  get #removedReason(): string {
    const { formerMembers } = this.#state;
    const wasMember = formerMembers.some(({ person }) => person === this.document.person);
    return wasMember
      ? 'You are no longer a member: what is here is a copy of what was.'
      : `Others used the invitation up before you: ask an admin (${this.adminNames}) for another.`;
  }
  readonly invitations: InvitationItem[] = $derived.by(() => invitationItems(this.#state, Date.now()));

  async setRole(person: PersonId, role: Role): Promise<void> {
    await this.#saving(() => this.document.setRole(person, role));
  }
  /** Removes somebody; one's own person: leaves. */
  async removePerson(person: PersonId): Promise<void> {
    await this.#saving(() => this.document.removePerson(person));
  }
  async revokeInvitation(invite: InvitationId): Promise<void> {
    await this.#saving(() => this.document.revokeInvitation(invite));
  }

  /** Shows the others which page of the project one looks at. */
  showPlace(place: string | undefined, focus: string | undefined): void {
    this.#services.tabs.showPlace({ ...(place && { place }), ...(focus && { focus }) });
  }

  async addNode(device: DeviceId): Promise<void> {
    const person = this.#services.nodes.personOf(device);
    await this.#saving(() => this.document.admitPerson(person, 'compute'));
  }

  /**
   * Asks for a job and gives it to the offered node, which is admitted first where it must be.
   * @throws TaggedError `job-form-invalid`, `recording-layout-unknown`
   */
  async submit(request: {
    file: FileId;
    offer: JobOffer;
    form: JobForm;
    shared?: SharedPlace | undefined;
  }): Promise<JobId> {
    const { offer, form } = request;
    const { device } = offer;
    return this.#saving(async () => {
      const input = await this.#inputFile(request);
      const definition = defineJob({ input, offer, form });
      if (device && !this.#isMember(device)) await this.addNode(device);
      return this.document.submitJob(definition, device ? { device } : {});
    });
  }

  /** The same job once more, on the same node. */
  async retry(id: JobId): Promise<void> {
    const job = this.document.job(id);
    if (!job?.current) throw new TaggedError('job-unknown', 'there is no such job to be tried again');
    const { attempt, device } = job.current;
    await this.#saving(() => this.document.assignJob(id, attempt + 1, device));
  }

  async cancel(id: JobId): Promise<void> {
    await this.#saving(() => this.document.cancelJob(id));
  }

  /** What a form begins with that changes an earlier job. */
  formStart(id: JobId): JobFormStart {
    const definition = this.document.job(id)?.definition;
    if (!definition) return {};
    return {
      parameters: definition.parameters,
      resources: definition.resources,
      seed: definition.seed,
      session: sessionTexts(definition.inputs[0]?.metadata)
    };
  }

  /** Fetches a result that is not stored here, or has the tab with the connections fetch it. */
  async fetchResult(id: FileId): Promise<void> {
    const file = this.#file(id);
    const device = this.document.state.jobs.find(({ job }) => job === file.generatedBy?.job)?.current?.device;
    const { tabs } = this.#services;
    if (device && tabs.seesNode(device)) {
      await tabs.ask({ kind: 'fetch-result', file: id });
      return;
    }
    const link = device && tabs.linkTo(device);
    if (!link)
      throw new TaggedError('node-unreachable', 'the node that has this result is not connected', {
        name: this.#services.nodes.nameOf(device) ?? 'the node'
      });
    await this.#services.results.fetch({ project: this.id, file, client: link.client, live: this.live });
  }

  /** Hands a stored result to the browser's downloads. */
  async download(id: FileId): Promise<void> {
    const stored = await this.storedFile(id);
    if (!stored) {
      await this.fetchResult(id);
      return this.download(id);
    }
    saveFile(stored, this.files.find((file) => file.id === id)?.name ?? 'result.nwb');
  }

  /** Looks for the same file in the folders that a node shares: by name and size; the node compares the spot hash. */
  async findInShares(id: FileId, { device }: Pick<JobOffer, 'device'>): Promise<SharedPlace[]> {
    const { name, size } = this.#file(id);
    const { tabs, nodes } = this.#services;
    const link = device && nodes.linkTo(device);
    if (!link && device && tabs.seesNode(device))
      return v.parse(SharedPlaces, await tabs.ask({ kind: 'find-shared', file: id, device }));
    if (!link?.info) return [];
    return nodes.findShared(link, { name, size });
  }

  async close(): Promise<void> {
    this.#stopListening();
    await this.document.close();
  }

  #changed(): void {
    this.#state = this.document.state;
    this.#version++;
    void this.#services.files.recall(this.#ownFiles());
    void this.#services.results.look(this.#roots());
    this.#services.tabs.recordChanged();
  }

  async #saving<Value>(task: () => Promise<Value>): Promise<Value> {
    this.#unsaved++;
    try {
      const value = await task();
      await this.document.flush();
      this.#saveError = undefined;
      return value;
    } catch (error) {
      if (!(error instanceof TaggedError)) this.#saveError = error;
      throw error;
    } finally {
      this.#unsaved--;
    }
  }

  async #inputFile({
    file: id,
    offer,
    shared
  }: {
    file: FileId;
    offer: JobOffer;
    shared?: SharedPlace | undefined;
  }) {
    const file = this.#file(id);
    const { device } = offer;
    if (!shared || !device) return file;
    const same = this.#state.files.find(
      ({ share, spotHash: hash, selection }) =>
        share?.device === device &&
        share.share === shared.share &&
        share.path === shared.path &&
        hash === file.spotHash &&
        JSON.stringify(selection) === JSON.stringify(file.selection)
    );
    if (same) return same;
    // A file's fact is never changed: where a node reads it is said by an entry of its own.
    const { roots: _roots, addedBy: _by, addedByDevice: _device, at: _at, file: _file, ...fact } = file;
    const added = await this.document.addFile({ ...fact, share: { device, ...shared } });
    const entry = this.#file(added);
    await this.#services.files.keepAlso(this.id, entry, id);
    return entry;
  }

  #file(id: FileId | string): FileState {
    const file = this.document.state.files.find((known) => known.file === id);
    if (!file) throw new TaggedError('file-unknown', 'this project has no such file');
    return file;
  }
  #ownFiles(): FileState[] {
    return this.#state.files.filter(({ generatedBy, simulation }) => !generatedBy && !simulation);
  }
  #roots() {
    return this.#state.files.flatMap(({ root, generatedBy }) => (root && generatedBy ? [root] : []));
  }
  #isMember(device: DeviceId): boolean {
    return this.#state.members.some(({ devices }) => devices.some((known) => known.device === device));
  }

  #placeOf(file: FileState): FilePlace {
    const picked = this.#services.files.placeOf(file.file);
    if (picked === 'picked') return picked;
    if (file.root && this.#services.results.has(file.root)) return 'stored';
    if (file.simulation) return 'generated';
    if (file.generatedBy) return 'elsewhere';
    if (picked) return picked;
    return file.addedByDevice === this.document.device && !file.share ? 'reconnect' : 'elsewhere';
  }

  #liveOf(job: JobState): JobLive {
    const device = job.current?.device;
    const progress = this.live.progressOf(job.job);
    const outputs = terminalEvent(job.current?.events ?? [])?.outputs ?? [];
    const started = job.state === 'started';
    return {
      nodeName: undefined,
      nodeReachable: device !== undefined && this.#services.nodes.isReachable(device),
      sending: firstOf(job.definition.inputs, ({ file }) => this.live.sendingOf(file)),
      returning: firstOf(outputs, ({ file }) => this.live.returningOf(file)),
      inputWaits: this.#state.files.some(
        (file) =>
          job.definition.inputs.some((input) => input.file === file.file) &&
          this.#placeOf(file) === 'reconnect'
      ),
      placeInQueue: progress?.queuePlace,
      // What was said while the inputs came is over once it runs.
      stage: started && progress?.stage !== 'fetching' ? progress?.stage : undefined,
      overall: started ? progress?.overall : undefined,
      resultHere: outputs.every(({ root }) => this.#services.results.has(root)),
      returnProblem: firstOf(outputs, ({ root }) => this.#services.results.problemOf(root))
    };
  }
}

export const projectContext = appContext<ProjectSession>('ProjectSession');
