/**
 * Everything that this device keeps, opened once for all pages: who one is, the projects with their connections, the
 * nodes, and the storage.
 */
import { randomBytes } from '#lib/identity/hash.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, type ProjectId } from '#lib/model/ids.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { BlobStore } from '#lib/storage/blob-store.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import {
  loadIdentity,
  renameIdentity,
  type StoredIdentity,
  unchosenName
} from '#lib/storage/identity-store.ts';
import { dexiePersistence } from '#lib/storage/project-persistence.ts';
import { ReadMarkStore } from '#lib/storage/read-marks.ts';
import { sweepScratch } from '../../workers/run-scratch.ts';
import { ConnectionSettings, type IceSettings } from './connection-settings.svelte.ts';
import { appContext } from './context.ts';
import { Entrance } from './entrance.ts';
import { FileShelf } from './file-shelf.svelte.ts';
import { followTabs, forceDataChannelKey } from './follow-tabs.ts';
import { importProject, type ImportProgress } from './importing.ts';
import { KeptProjects, type OpenedDevice } from './kept-projects.svelte.ts';
import { NodeBook } from './nodes.svelte.ts';
import { ResultShelf } from './result-shelf.svelte.ts';
import { StorageFigures } from './storage-figures.svelte.ts';

export interface IdentityView {
  personName: string;
  /** Chosen by the person: with it they may be shown to others. */
  named: boolean;
  deviceName: string;
  device: DeviceId;
  sealingKey: string;
}
export type WorkspaceStatus = { state: 'opening' } | { state: 'ready' } | { state: 'failed'; error: unknown };

export class Workspace {
  readonly nodes = new NodeBook();
  readonly connections = new ConnectionSettings();
  readonly storage = new StorageFigures();
  readonly projects: KeptProjects;
  readonly entrance: Entrance;
  readonly #database: DendroDatabase;
  readonly #opened: Promise<OpenedDevice>;
  #status = $state.raw<WorkspaceStatus>({ state: 'opening' });
  #identity = $state.raw<IdentityView | undefined>(undefined);
  #forceDataChannel = $state(false);
  #stopFollowing: (() => void) | undefined;

  constructor(database: DendroDatabase) {
    this.#database = database;
    const opened = () => this.#opened;
    const { nodes, connections } = this;
    this.projects = new KeptProjects({
      ...{ database, opened, nodes, connections },
      forceDataChannel: () => this.#forceDataChannel
    });
    this.entrance = new Entrance({
      ...{ opened, projects: this.projects, nodes, connections },
      renamePerson: (name) => this.renamePerson(name),
      persist: () => this.storage.persist()
    });
    this.#opened = this.#open();
    this.#opened.catch((error: unknown) => (this.#status = { state: 'failed', error }));
  }

  get status(): WorkspaceStatus {
    return this.#status;
  }
  get identity(): IdentityView | undefined {
    return this.#identity;
  }
  get forceDataChannel(): boolean {
    return this.#forceDataChannel;
  }

  /** Founds a project of one's own. */
  async createProject(name: string): Promise<ProjectId> {
    if (name === '') throw new TaggedError('name-empty', 'a project needs a name');
    const { identity, persistence } = await this.#opened;
    const { keys, person } = identity;
    const document = await ProjectDocument.found({ keys, persistence, person, name });
    const { id } = document;
    await document.close();
    await this.projects.add({ id, name, secret: randomBytes(32), signalling: [], introducers: [] });
    void this.storage.persist();
    return id;
  }

  /**
   * Takes a project in from a file; one that is here already is merged with it.
   * @throws TaggedError why not; nothing of it is kept then
   */
  async importProject(file: Blob, progress: ImportProgress): Promise<ProjectId> {
    const { identity, results } = await this.#opened;
    return importProject(file, {
      ...{ keys: identity.keys, results, progress },
      takeRecord: (copy) => this.projects.takeRecord(copy)
    });
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
    await this.projects.reconnect();
  }

  /** Sets the ICE servers of this device; connections are made anew. @throws TaggedError `ice-invalid` */
  async setIce(settings: IceSettings): Promise<void> {
    await this.connections.save(settings);
    await this.projects.reconnect();
  }

  /** Ends all connections; the page is going. */
  close(): void {
    this.#stopFollowing?.();
    this.projects.close();
  }

  async #open(): Promise<OpenedDevice> {
    const database = this.#database;
    const identity = await loadIdentity(database);
    this.#identity = viewOf(identity);
    const blobs = new BlobStore(database);
    const opened: OpenedDevice = {
      identity,
      persistence: dexiePersistence(database),
      files: new FileShelf(database),
      results: new ResultShelf(blobs),
      marks: new ReadMarkStore(database)
    };
    this.#forceDataChannel = (await database.settings.get(forceDataChannelKey))?.value === true;
    await this.nodes.load(database);
    await this.connections.load(database);
    const { projects } = this;
    this.storage.watch(blobs, opened.results, () => (projects.allOpen ? projects.usedRoots() : undefined));
    await projects.load();
    this.#status = { state: 'ready' };
    void sweepLeftovers(blobs);
    void projects.openAll(opened).then(() => this.#followTabs(opened));
    return opened;
  }

  #followTabs(opened: OpenedDevice): void {
    const { projects } = this;
    this.#stopFollowing = followTabs({
      database: this.#database,
      nodes: this.nodes,
      connections: this.connections,
      onIce: () => void projects.reconnect(),
      onProjects: (ids) => projects.follow([...ids], opened),
      onNodes: () => projects.nodesChanged(),
      onForceDataChannel: (force) => {
        if (force === this.#forceDataChannel) return;
        this.#forceDataChannel = force;
        void projects.reconnect();
      }
    });
  }

  async #rename(names: { name?: string; deviceName?: string }): Promise<void> {
    if (names.name === '' || names.deviceName === '') throw new TaggedError('name-empty', 'a name is needed');
    const opened = await this.#opened;
    await renameIdentity(this.#database, names);
    opened.identity = await loadIdentity(this.#database);
    this.#identity = viewOf(opened.identity);
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
    if (!lock) return;
    await blobs.sweep();
    await sweepScratch();
  });
  void navigator.locks.request('dendro tabs', { mode: 'shared' }, () => new Promise<void>(() => undefined));
}
