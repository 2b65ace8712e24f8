/**
 * Everything that this device keeps, opened once for all pages: who one is, the projects with their connections, the
 * nodes, and the storage.
 */
import { randomBytes } from '#lib/identity/hash.ts';
import { type InvitationLink, parseInvitationLink } from '#lib/identity/links.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { DeviceId, type JobId, ProjectId } from '#lib/model/ids.ts';
import { type ProjectPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { BlobStore } from '#lib/storage/blob-store.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import {
  loadIdentity,
  renameIdentity,
  type StoredIdentity,
  unchosenName
} from '#lib/storage/identity-store.ts';
import { dexiePersistence, putProject } from '#lib/storage/project-persistence.ts';
import { SvelteMap } from 'svelte/reactivity';
import * as v from 'valibot';
import { appContext } from './context.ts';
import { FileShelf } from './file-shelf.svelte.ts';
import { followTabs, forceDataChannelKey } from './follow-tabs.ts';
import { type InviteOptions, joinByLink, makeInvitationLink, reachableElsewhere } from './joining.ts';
import { NodeBook, type PairingOutcome } from './nodes.svelte.ts';
import { pairByLink } from './pairing.ts';
import { type JobItem } from './project-items.ts';
import { type KnownProject, ProjectKeeper } from './project-keeper.svelte.ts';
import { type ProjectSession } from './project-session.svelte.ts';
import { ResultShelf } from './result-shelf.svelte.ts';
import { StorageFigures, type UsedRoots } from './storage-figures.svelte.ts';

export interface IdentityView {
  personName: string;
  /** Chosen by the person: with it they may be shown to others. */
  named: boolean;
  deviceName: string;
  device: DeviceId;
  sealingKey: string;
}
export type WorkspaceStatus = { state: 'opening' } | { state: 'ready' } | { state: 'failed'; error: unknown };

export interface ProjectListing {
  id: ProjectId;
  name: string;
  /** "2 recordings, 1 job going on". */
  note: string;
}

interface Opened {
  identity: StoredIdentity;
  persistence: ProjectPersistence;
  files: FileShelf;
  results: ResultShelf;
}

const KnownProjectRow = v.object({
  id: ProjectId,
  name: v.string(),
  /** Empty while the project is being made. */
  secret: v.pipe(
    v.instance(Uint8Array),
    v.check(({ length }) => length > 0)
  ),
  signalling: v.array(v.string()),
  introducers: v.optional(v.array(DeviceId), []),
  byInvitation: v.optional(v.boolean())
});

export class Workspace {
  readonly nodes = new NodeBook();
  readonly storage = new StorageFigures();
  readonly #database: DendroDatabase;
  readonly #opened: Promise<Opened>;
  #status = $state.raw<WorkspaceStatus>({ state: 'opening' });
  #identity = $state.raw<IdentityView | undefined>(undefined);
  /** The most recently opened first. */
  #known = $state.raw<readonly KnownProject[]>([]);
  #keepers = new SvelteMap<ProjectId, ProjectKeeper>();
  #forceDataChannel = $state(false);
  #pairingAbort: AbortController | undefined;
  /** Projects that this tab adds or removes just now: not to be taken for another tab's doing. */
  readonly #ownChanges = new Set<ProjectId>();
  #stopFollowing: (() => void) | undefined;
  /** Every project was opened; one that could not be keeps leftovers from being offered for removal. */
  #allOpen = $state(false);

  constructor(database: DendroDatabase) {
    this.#database = database;
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => (this.#status = { state: 'failed', error }));
  }

  get status(): WorkspaceStatus {
    return this.#status;
  }
  get identity(): IdentityView | undefined {
    return this.#identity;
  }
  get allOpen(): boolean {
    return this.#allOpen;
  }
  get forceDataChannel(): boolean {
    return this.#forceDataChannel;
  }
  readonly projects: ProjectListing[] = $derived.by(() =>
    this.#known.map(({ id, name }) => {
      const session = this.#keepers.get(id)?.session;
      return { id, name: session?.name ?? name, note: session ? noteOf(session) : '' };
    })
  );
  /** Jobs of all projects that have not ended. */
  readonly runningJobs: { project: ProjectId; projectName: string; job: JobItem }[] = $derived.by(() =>
    [...this.#keepers.values()].flatMap(({ session }) =>
      session
        ? session.jobs
            .filter(({ view }) => !view.ended)
            .map((job) => ({ project: session.id, projectName: session.name, job }))
        : []
    )
  );
  jobOf(project: ProjectId, job: JobId): JobItem | undefined {
    return this.#keepers.get(project)?.session?.jobs.find(({ id }) => id === job);
  }
  /** Projects that a node takes part in. */
  projectsOf(device: DeviceId): ProjectListing[] {
    return this.projects.filter(({ id }) =>
      this.#keepers
        .get(id)
        ?.session?.people.some(({ devices }) => devices.some((known) => known.id === device))
    );
  }

  /**
   * A project by the id in an address.
   * @throws TaggedError `project-unknown` when it is not on this device
   */
  async openProject(text: string): Promise<ProjectSession> {
    const opened = await this.#opened;
    const known = this.#known.find(({ id }) => id === text);
    if (!known) throw new TaggedError('project-unknown', 'this project is not on this device');
    return this.#keep(known, opened);
  }

  /** Founds a project of one's own. */
  async createProject(name: string): Promise<ProjectId> {
    if (name === '') throw new TaggedError('name-empty', 'a project needs a name');
    const { identity, persistence } = await this.#opened;
    const { keys, person } = identity;
    const document = await ProjectDocument.found({ keys, persistence, person, name });
    const { id } = document;
    await document.close();
    await this.#addProject({ id, name, secret: randomBytes(32), signalling: [], introducers: [] });
    void this.storage.persist();
    return id;
  }

  /** Takes a project and its results off this device. */
  async removeProject(id: ProjectId): Promise<void> {
    const { persistence, files, results } = await this.#opened;
    const own = this.#keepers.get(id)?.session?.state.files ?? [];
    this.#ownChanges.add(id);
    try {
      await this.#letGo(id);
      await files.forget(own.map(({ file }) => file));
      const stillUsed = this.#usedRoots();
      for (const { root, generatedBy } of own)
        if (root && generatedBy && !stillUsed.has(root)) await results.remove(root);
      await persistence.remove(id);
    } finally {
      this.#ownChanges.delete(id);
    }
  }

  async renamePerson(name: string): Promise<void> {
    await this.#rename({ name: name.trim() });
  }
  async renameDevice(name: string): Promise<void> {
    await this.#rename({ deviceName: name.trim() });
  }

  /** Chooses how bulk travels; connections are made anew. */
  async setForceDataChannel(force: boolean): Promise<void> {
    this.#forceDataChannel = force;
    await this.#database.settings.put({ key: forceDataChannelKey, value: force });
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.reconnect()));
  }

  /** Pairs by a link; how far it is, and why it failed, stands in `nodes.pairing`. */
  async pair(link: string, personName: string): Promise<PairingOutcome | undefined> {
    this.#pairingAbort?.abort(new TaggedError('aborted', 'another link was opened'));
    const abort = (this.#pairingAbort = new AbortController());
    this.nodes.setPairing({ state: 'pairing', step: 'Looking for the node' });
    try {
      await this.#opened;
      if (personName.trim() !== '') await this.renamePerson(personName);
      const { identity } = await this.#opened;
      const paired = await pairByLink({
        link,
        keys: identity.keys,
        person: identity.person,
        signal: abort.signal,
        store: async ({ node, project }) => {
          await this.nodes.add(node);
          await this.#addProject(project);
        }
      });
      this.nodes.setPairing({ state: 'idle' });
      return { node: paired.node.id, project: paired.project.id };
    } catch (error) {
      if (this.#pairingAbort === abort)
        this.nodes.setPairing(abort.signal.aborted ? { state: 'idle' } : { state: 'failed', error });
      return undefined;
    }
  }
  cancelPairing(): void {
    this.#pairingAbort?.abort(new TaggedError('aborted', 'pairing was cancelled'));
  }

  /** What a link says, before anything is done. @throws TaggedError `invitation-invalid` */
  readInvitation(link: string): InvitationLink {
    return parseInvitationLink(link);
  }

  /** Invites people to a project. @returns the link, a secret */
  async invite(id: ProjectId, options: InviteOptions): Promise<{ link: string; reachable: boolean }> {
    const keeper = this.#keepers.get(id);
    const session = await keeper?.opened;
    if (!keeper || !session) throw new TaggedError('project-unknown', 'this project is not on this device');
    const signalling = this.#signallingOf(session, keeper.project);
    const link = await makeInvitationLink({
      ...options,
      document: session.document,
      project: keeper.project,
      signalling,
      inviterName: this.#identity?.personName ?? '',
      origin: location.origin
    });
    return { link, reachable: reachableElsewhere(signalling) };
  }

  /** Joins by an invitation and opens the project. @throws TaggedError why not */
  async join(link: InvitationLink, personName: string, signal: AbortSignal): Promise<ProjectId> {
    await this.#opened;
    if (personName.trim() !== '') await this.renamePerson(personName);
    const { identity, persistence } = await this.#opened;
    const known = this.#known.find(({ id }) => id === link.project);
    if (known && (await this.openProject(known.id)).document.role !== undefined) return known.id;
    const { keys, person } = identity;
    try {
      await this.#addProject(await joinByLink({ link, keys, person, persistence, signal }));
    } catch (error) {
      if (!known) await persistence.remove(link.project);
      throw error;
    }
    void this.storage.persist();
    return link.project;
  }

  /** Where members of a project are met: its own addresses, and those of its nodes. */
  #signallingOf({ document }: ProjectSession, { signalling }: KnownProject): string[] {
    const nodes = this.nodes.records.filter(({ id }) => document.roleOfDevice(id) === 'compute');
    return [...new Set([...signalling, ...nodes.flatMap((node) => node.signalling)])];
  }

  /** Ends all connections; the page is going. */
  close(): void {
    this.#stopFollowing?.();
    for (const keeper of this.#keepers.values()) void keeper.close();
  }

  async #open(): Promise<Opened> {
    const database = this.#database;
    const identity = await loadIdentity(database);
    this.#identity = viewOf(identity);
    const blobs = new BlobStore(database);
    const opened: Opened = {
      identity,
      persistence: dexiePersistence(database),
      files: new FileShelf(database),
      results: new ResultShelf(blobs)
    };
    this.#forceDataChannel = (await database.settings.get(forceDataChannelKey))?.value === true;
    await this.nodes.load(database);
    this.storage.watch(blobs, opened.results, () => (this.#allOpen ? this.#usedRoots() : undefined));
    this.#known = await this.#readProjects();
    this.#status = { state: 'ready' };
    void sweepLeftovers(blobs);
    void this.#openAll(opened).then(() => this.#followTabs(opened));
    return opened;
  }

  async #readProjects(): Promise<KnownProject[]> {
    const rows = await this.#database.projects.orderBy('openedAt').reverse().toArray();
    return rows.flatMap((row) => {
      const parsed = v.safeParse(KnownProjectRow, row);
      // A project without its secret is being made, or was when its tab went.
      return parsed.success ? [parsed.output] : [];
    });
  }

  /** Opens every project, one after another, so that its jobs go on whatever page is shown. */
  async #openAll(opened: Opened): Promise<void> {
    let failures = 0;
    for (const known of this.#known) {
      try {
        await this.#keep(known, opened);
      } catch (error) {
        failures++;
        console.error('a project could not be opened', known.id, error);
      }
    }
    this.#allOpen = failures === 0;
  }

  #followTabs(opened: Opened): void {
    this.#stopFollowing = followTabs({
      database: this.#database,
      nodes: this.nodes,
      onProjects: (ids) => {
        for (const id of new Set([...ids, ...this.#known.map((known) => known.id)]))
          this.#followProject(id, opened).catch((error: unknown) =>
            console.error('what another tab did to a project was not taken over', id, error)
          );
      },
      onNodes: () => this.#keepers.forEach((keeper) => void keeper.nodesChanged()),
      onForceDataChannel: (force) => {
        if (force === this.#forceDataChannel) return;
        this.#forceDataChannel = force;
        this.#keepers.forEach((keeper) => void keeper.reconnect());
      }
    });
  }

  async #followProject(id: ProjectId, opened: Opened): Promise<void> {
    const row = v.safeParse(KnownProjectRow, await this.#database.projects.get(id));
    const known = this.#known.some((other) => other.id === id);
    if (this.#ownChanges.has(id) || row.success === known) return;
    if (!row.success) return this.#letGo(id);
    this.#known = [row.output, ...this.#known];
    await this.#keep(row.output, opened);
  }

  async #letGo(id: ProjectId): Promise<void> {
    const keeper = this.#keepers.get(id);
    this.#known = this.#known.filter((known) => known.id !== id);
    this.#keepers.delete(id);
    await keeper?.close();
  }

  #keep(known: KnownProject, opened: Opened): Promise<ProjectSession> {
    const present = this.#keepers.get(known.id);
    if (present) return present.opened;
    const { identity, persistence, files, results } = opened;
    const keeper = new ProjectKeeper(known, {
      keys: identity.keys,
      persistence,
      files,
      results,
      nodes: this.nodes,
      forceDataChannel: () => this.#forceDataChannel,
      onName: (name) => void this.#database.projects.update(known.id, { name }),
      keepers: () => this.#keepers.values()
    });
    this.#keepers.set(known.id, keeper);
    keeper.opened.catch(() => this.#keepers.delete(known.id));
    return keeper.opened;
  }

  async #addProject(project: KnownProject): Promise<void> {
    const { secret, id, name } = project;
    this.#ownChanges.add(id);
    try {
      await putProject(this.#database, {
        id,
        name,
        secret,
        openedAt: Date.now(),
        signalling: [...project.signalling],
        introducers: [...project.introducers],
        ...(project.byInvitation && { byInvitation: true })
      });
      this.#known = [project, ...this.#known.filter((known) => known.id !== id)];
    } finally {
      this.#ownChanges.delete(id);
    }
    const keeper = this.#keepers.get(id);
    if (keeper) await keeper.meet(project);
    else await this.#keep(project, await this.#opened);
  }

  async #rename(names: { name?: string; deviceName?: string }): Promise<void> {
    if (names.name === '' || names.deviceName === '') throw new TaggedError('name-empty', 'a name is needed');
    const opened = await this.#opened;
    await renameIdentity(this.#database, names);
    opened.identity = await loadIdentity(this.#database);
    this.#identity = viewOf(opened.identity);
  }

  /** Roots that open projects know, with what is said about them. */
  #usedRoots(): NonNullable<ReturnType<UsedRoots>> {
    const used: NonNullable<ReturnType<UsedRoots>> = new Map();
    for (const { session } of this.#keepers.values()) {
      if (!session) continue;
      for (const file of session.files) {
        if (!file.root) continue;
        const job = session.jobs.find(({ id }) => id === file.madeBy);
        used.set(file.root, { name: file.name, project: session.name, elsewhere: job?.device !== undefined });
      }
    }
    return used;
  }
}

export const workspaceContext = appContext<Workspace>('Workspace');

function viewOf({ person, keys }: StoredIdentity): IdentityView {
  return {
    personName: person.name,
    named: person.name !== unchosenName,
    deviceName: person.devices[0]?.name ?? '',
    device: keys.device,
    sealingKey: keys.sealingKey
  };
}

/** Only while no other tab may be writing: what is half-written there is no leftover. */
async function sweepLeftovers(blobs: BlobStore): Promise<void> {
  await navigator.locks.request('dendro tabs', { mode: 'exclusive', ifAvailable: true }, async (lock) => {
    if (lock) await blobs.sweep();
  });
  void navigator.locks.request('dendro tabs', { mode: 'shared' }, () => new Promise<void>(() => undefined));
}

function noteOf(session: ProjectSession): string {
  const recordings = session.files.filter(({ kind }) => kind === 'recording').length;
  const going = session.jobs.filter(({ view }) => !view.ended).length;
  const parts = [recordings === 1 ? '1 recording' : `${recordings} recordings`];
  if (going > 0) parts.push(going === 1 ? '1 job going on' : `${going} jobs going on`);
  return parts.join(', ');
}
