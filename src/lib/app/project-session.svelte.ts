/**
 * One open project as its pages see it: the folded record joined with what this device has, what streams from nodes,
 * and everything that a person can do in it.
 */
import { TaggedError } from '#lib/model/errors.ts';
import { type JobId } from '#lib/model/ids.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { emptyState, type FileState, type ProjectState } from '#lib/project/project-state.ts';
import { type ProjectView, type Subject } from '#lib/project/view.ts';
import { appContext } from './context.ts';
import { DeviceKnowledge, type SessionServices } from './device-knowledge.ts';
import { type ConsoleText, type LiveJobs } from './live-jobs.svelte.ts';
import { ProjectBin } from './project-bin.svelte.ts';
import { ProjectBytes } from './project-bytes.svelte.ts';
import { type FileItem, fileItems, type JobItem, jobItems } from './project-items.ts';
import { ProjectMeeting } from './project-meeting.ts';
import { ProjectMembers } from './project-members.svelte.ts';
import { ProjectProfile } from './project-profile.svelte.ts';
import { deletionOf, importedText, type KnownCopy, refusal } from './project-rights.ts';
import { ProjectRuns } from './project-runs.svelte.ts';
import { ProjectTalk } from './project-talk.svelte.ts';
import { SaveState } from './save-state.svelte.ts';
import { ShownPlace } from './shown-place.ts';

export class ProjectSession {
  readonly document: ProjectDocument;
  readonly #services: SessionServices;
  readonly #knowledge: DeviceKnowledge;
  readonly #known: () => KnownCopy;
  #state = $state.raw<ProjectState>(emptyState('' as ProjectState['id']));
  /** Counts changes of the view, which is not immutable. */
  #version = $state(0);
  readonly #saves: SaveState;
  /** What the project is about. */
  readonly profile: ProjectProfile;
  /** Deleting, and what was deleted. */
  readonly bin: ProjectBin;
  /** Comments, and which are new to this person. */
  readonly talk: ProjectTalk;
  readonly members: ProjectMembers;
  readonly meeting: ProjectMeeting;
  readonly bytes: ProjectBytes;
  readonly runs: ProjectRuns;
  /** What the others see of where this person looks. */
  readonly place: ShownPlace;
  readonly #stopListening: () => void;

  constructor(document: ProjectDocument, services: SessionServices, known: () => KnownCopy) {
    this.document = document;
    this.#services = services;
    this.#knowledge = new DeviceKnowledge(document, services);
    this.#saves = new SaveState(() => document.flush());
    const shared = {
      document,
      state: () => this.#state,
      saving: <Value>(task: () => Promise<Value>) => this.#saving(task)
    };
    this.profile = new ProjectProfile({ ...shared, view: () => this.#view });
    this.bin = new ProjectBin({ ...shared, local: () => this.#local, results: services.results });
    this.talk = new ProjectTalk({ ...shared, marks: services.marks });
    this.members = new ProjectMembers({ ...shared, services });
    this.meeting = new ProjectMeeting({ ...shared, tabs: services.tabs });
    this.bytes = new ProjectBytes({
      ...{ ...shared, services },
      nameOf: (id) => this.files.find((file) => file.id === id)?.name
    });
    this.runs = new ProjectRuns({
      ...{ ...shared, services, members: this.members },
      archived: () => this.profile.archived
    });
    this.place = new ShownPlace((presence) => services.tabs.showPlace(presence));
    this.#known = known;
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
    return this.#view.nameOf('project') ?? (this.#known().name || this.document.name);
  }
  /** Who deleted the project for everybody, and when by their clock, in ms since 1970. */
  get deletion(): { by: string; at: number } | undefined {
    return deletionOf(this.#state);
  }
  /** Deletes the project for everybody. */
  async deleteForAll(): Promise<void> {
    await this.#saving(() => this.document.whole.delete());
  }
  async takeDeletionBack(): Promise<void> {
    await this.#saving(() => this.document.whole.restore());
  }
  /** Why nothing can be changed here, if so. */
  get readOnlyReason(): string | undefined {
    void this.#version;
    return refusal('edit', this.document, this.#known());
  }
  /** Why one may not invite, remove and give roles, if so. */
  get manageReason(): string | undefined {
    void this.#version;
    return refusal('manage-members', this.document, this.#known());
  }
  /** Why one may not cancel a job, if so: who submitted it may, whatever their role is by now. */
  cancelReason({ submitter }: JobItem): string | undefined {
    return submitter === this.document.person && !this.isRemoved ? undefined : this.readOnlyReason;
  }
  /** This device's copy came from a file, by which it meets nobody. */
  get isCopy(): boolean {
    void this.#version;
    return this.#known().imported === true;
  }
  get copyText(): string {
    return this.readOnlyReason ?? importedText;
  }
  /** Why no job is offered, if so. */
  get noJobsReason(): string | undefined {
    if (this.readOnlyReason) return this.readOnlyReason;
    return this.profile.archived ? 'This project is archived: bring it back to run jobs.' : undefined;
  }
  get savingText(): string {
    return this.#saves.text;
  }

  readonly files: FileItem[] = $derived.by(() => fileItems(this.#state, this.#local));
  readonly jobs: JobItem[] = $derived.by(() => jobItems(this.#state, this.#local));

  get #view(): ProjectView {
    void this.#version;
    return this.document.view;
  }
  get #local(): DeviceKnowledge {
    void this.#version;
    return this.#knowledge;
  }

  async rename(name: string, subject: Subject = 'project'): Promise<void> {
    if (name.trim() === '') throw new TaggedError('name-empty', 'a project needs a name');
    await this.#saving(async () => this.document.view.rename(subject, name));
  }

  consoleOf(job: JobId): ConsoleText | undefined {
    return this.live.consoleOf(job);
  }

  /** This device's person took part once and does no more. */
  get isRemoved(): boolean {
    void this.#version;
    return this.#state.members.length > 0 && this.document.role === undefined;
  }

  async close(): Promise<void> {
    this.#stopListening();
    this.talk.close();
    this.place.close();
    await this.document.close();
  }

  #changed(): void {
    this.#state = this.document.state;
    this.#version++;
    void this.#services.files.recall(this.#ownFiles());
    void this.#services.results.look(this.#roots());
    this.#services.tabs.recordChanged();
  }

  #saving<Value>(task: () => Promise<Value>): Promise<Value> {
    return this.#saves.run(task);
  }

  #ownFiles(): FileState[] {
    return this.#state.files.filter(({ generatedBy, simulation }) => !generatedBy && !simulation);
  }
  #roots() {
    const { files, deleted } = this.#state;
    return [...files, ...deleted.files].flatMap(({ root }) => (root ? [root] : []));
  }
}

export const projectContext = appContext<ProjectSession>('ProjectSession');
