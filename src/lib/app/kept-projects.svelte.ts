/** The projects of this device, each kept open and going whatever page is shown. */
import { randomBytes } from '#lib/identity/hash.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, DeviceId, type JobId, ProjectId } from '#lib/model/ids.ts';
import { takeEntries } from '#lib/project/copies.ts';
import { type ProjectPersistence } from '#lib/project/persistence.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import { type StoredIdentity } from '#lib/storage/identity-store.ts';
import { putProject } from '#lib/storage/project-persistence.ts';
import { type ReadMarkStore } from '#lib/storage/read-marks.ts';
import { SvelteMap } from 'svelte/reactivity';
import * as v from 'valibot';
import { type ConnectionSettings } from './connection-settings.svelte.ts';
import { type FileShelf } from './file-shelf.svelte.ts';
import { type ImportedRecord } from './importing.ts';
import { type NodeBook } from './nodes.svelte.ts';
import { type JobItem } from './project-items.ts';
import { type KnownProject, ProjectKeeper } from './project-keeper.svelte.ts';
import { type ProjectSession } from './project-session.svelte.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';
import { type UsedRoot } from './storage-figures.svelte.ts';

export interface ProjectListing {
  id: ProjectId;
  name: string;
  /** "2 recordings, 1 job going on". */
  note: string;
  tags: string[];
  /** Put away by its members. */
  archived: boolean;
}

/** What is opened once and serves every project. */
export interface OpenedDevice {
  identity: StoredIdentity;
  persistence: ProjectPersistence;
  files: FileShelf;
  results: ResultShelf;
  marks: ReadMarkStore;
}

export interface KeptProjectsOptions {
  database: DendroDatabase;
  opened: () => Promise<OpenedDevice>;
  nodes: NodeBook;
  connections: ConnectionSettings;
  forceDataChannel: () => boolean;
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
  byInvitation: v.optional(v.boolean()),
  imported: v.optional(v.boolean())
});

export class KeptProjects {
  readonly #options: KeptProjectsOptions;
  /** The most recently opened first. */
  #known = $state.raw<readonly KnownProject[]>([]);
  #keepers = new SvelteMap<ProjectId, ProjectKeeper>();
  /** Projects that this tab adds or removes just now: not to be taken for another tab's doing. */
  readonly #ownChanges = new Set<ProjectId>();
  /** Every project was opened; one that could not be keeps leftovers from being offered for removal. */
  #allOpen = $state(false);

  constructor(options: KeptProjectsOptions) {
    this.#options = options;
  }

  get allOpen(): boolean {
    return this.#allOpen;
  }
  readonly list: ProjectListing[] = $derived.by(() =>
    this.#known.map(({ id, name }) => {
      const session = this.#keepers.get(id)?.session;
      return {
        id,
        name: session?.name ?? name,
        note: session ? noteOf(session) : '',
        tags: session?.profile.tags ?? [],
        archived: session?.profile.archived ?? false
      };
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
  ofNode(device: DeviceId): ProjectListing[] {
    return this.list.filter(({ id }) => this.#keepers.get(id)?.session?.members.includes(device));
  }

  find(id: ProjectId): KnownProject | undefined {
    return this.#known.find((known) => known.id === id);
  }
  keeperOf(id: ProjectId): ProjectKeeper | undefined {
    return this.#keepers.get(id);
  }

  /**
   * A project by the id in an address.
   * @throws TaggedError `project-unknown` when it is not on this device
   */
  async open(text: string): Promise<ProjectSession> {
    const opened = await this.#options.opened();
    const known = this.#known.find(({ id }) => id === text);
    if (!known) throw new TaggedError('project-unknown', 'this project is not on this device');
    return this.#keep(known, opened);
  }

  /** Keeps a project from now on, or meets a kept one in more places. */
  async add(project: KnownProject): Promise<void> {
    const { secret, id, name } = project;
    this.#ownChanges.add(id);
    try {
      await putProject(this.#options.database, {
        id,
        name,
        secret,
        openedAt: Date.now(),
        signalling: [...project.signalling],
        introducers: [...project.introducers],
        ...(project.byInvitation && { byInvitation: true }),
        imported: project.imported
      });
      this.#known = [project, ...this.#known.filter((known) => known.id !== id)];
    } finally {
      this.#ownChanges.delete(id);
    }
    const keeper = this.#keepers.get(id);
    if (keeper) await keeper.meet(project);
    else await this.#keep(project, await this.#options.opened());
  }

  /** Takes in a record that came from a file; one that is here already is merged with it. */
  async takeRecord({ id, name, entries }: ImportedRecord): Promise<void> {
    const isNew = this.find(id) === undefined;
    const copy = { id, name, secret: randomBytes(32), signalling: [], introducers: [], imported: true };
    if (isNew) await this.add(copy);
    try {
      await takeEntries((await this.open(id)).document, entries);
    } catch (error) {
      if (isNew) await this.remove(id);
      throw error;
    }
  }

  /** Takes a project and its results off this device. */
  async remove(id: ProjectId): Promise<void> {
    const { persistence, files, results, marks } = await this.#options.opened();
    const state = this.#keepers.get(id)?.session?.state;
    const own = state ? [...state.files, ...state.deleted.files] : [];
    this.#ownChanges.add(id);
    try {
      await this.#letGo(id);
      await files.forget(own.map(({ file }) => file));
      const stillUsed = this.usedRoots();
      for (const { root } of own) if (root && !stillUsed.has(root)) await results.remove(root);
      await marks.forget(id);
      await persistence.remove(id);
    } finally {
      this.#ownChanges.delete(id);
    }
  }

  /** Makes the connections of every project anew. */
  async reconnect(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper.reconnect()));
  }
  nodesChanged(): void {
    this.#keepers.forEach((keeper) => void keeper.nodesChanged());
  }

  /** Reads which projects there are. */
  async load(): Promise<void> {
    const rows = await this.#options.database.projects.orderBy('openedAt').reverse().toArray();
    this.#known = rows.flatMap((row) => {
      const parsed = v.safeParse(KnownProjectRow, row);
      // A project without its secret is being made, or was when its tab went.
      return parsed.success ? [parsed.output] : [];
    });
  }

  /** Opens every project, one after another, so that its jobs go on whatever page is shown. */
  async openAll(opened: OpenedDevice): Promise<void> {
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

  /** Another tab added or removed projects. */
  follow(ids: readonly ProjectId[], opened: OpenedDevice): void {
    for (const id of new Set([...ids, ...this.#known.map((known) => known.id)]))
      this.#follow(id, opened).catch((error: unknown) =>
        console.error('what another tab did to a project was not taken over', id, error)
      );
  }

  /** Roots that open projects know, with what is said about them. */
  usedRoots(): Map<ContentRoot, UsedRoot> {
    const used = new Map<ContentRoot, UsedRoot>();
    for (const { session } of this.#keepers.values()) {
      if (!session) continue;
      for (const { root, name } of session.bin.storedFiles)
        if (root) used.set(root, { name, mayGo: `Deleted from ${session.name}` });
      const jobs = new Map(session.jobs.map((job) => [job.id, job]));
      for (const { root, name, madeBy } of session.files) {
        if (!root) continue;
        const isOnNode = madeBy !== undefined && jobs.get(madeBy)?.device !== undefined;
        used.set(root, {
          name,
          mayGo: isOnNode ? `In ${session.name}; also on the node that made it` : undefined
        });
      }
    }
    return used;
  }

  /** Ends all connections; the page is going. */
  close(): void {
    for (const keeper of this.#keepers.values()) void keeper.close();
  }

  async #follow(id: ProjectId, opened: OpenedDevice): Promise<void> {
    const row = v.safeParse(KnownProjectRow, await this.#options.database.projects.get(id));
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

  #keep(known: KnownProject, opened: OpenedDevice): Promise<ProjectSession> {
    const present = this.#keepers.get(known.id);
    if (present) return present.opened;
    const { identity, persistence, files, results, marks } = opened;
    const { database, nodes, connections, forceDataChannel } = this.#options;
    const keeper = new ProjectKeeper(known, {
      keys: identity.keys,
      ...{ persistence, files, results, marks, nodes, forceDataChannel },
      rtc: () => connections.rtc,
      onName: (name) => void database.projects.update(known.id, { name }),
      keepers: () => this.#keepers.values()
    });
    this.#keepers.set(known.id, keeper);
    keeper.opened.catch(() => this.#keepers.delete(known.id));
    return keeper.opened;
  }
}

function noteOf(session: ProjectSession): string {
  if (session.deletion) return `deleted by ${session.deletion.by}`;
  const recordings = session.files.filter(({ kind }) => kind === 'recording').length;
  const going = session.jobs.filter(({ view }) => !view.ended).length;
  const parts = [recordings === 1 ? '1 recording' : `${recordings} recordings`];
  if (going > 0) parts.push(going === 1 ? '1 job going on' : `${going} jobs going on`);
  return parts.join(', ');
}
