/**
 * Keeps one project open and going: the record, and in one tab of all (whichever holds the lead) its connections, the
 * results that come back, and the jobs that wait for a node.
 */
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { toErrorRecord } from '#lib/model/errors.ts';
import { type DeviceId, type FileId, type ProjectId } from '#lib/model/ids.ts';
import { type PeerTransport, type RtcFactory } from '#lib/peer/transport.ts';
import { type ProjectPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { type Leadership, seekLeadership } from '#lib/storage/leadership.ts';
import { type FileShelf } from './file-shelf.svelte.ts';
import { meetingPlaces } from './meeting-places.ts';
import { type NodeBook } from './nodes.svelte.ts';
import { type MeetingPlaces, type NodeLink, ProjectConnection } from './project-connection.svelte.ts';
import { type ReadMarkStore } from '#lib/storage/read-marks.ts';
import { completedOutputs } from './job-offers.ts';
import { ProjectSession } from './project-session.svelte.ts';
import { ProjectTabs } from './project-tabs.svelte.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';
import { openServedFile } from './served-files.ts';
import { type Errand } from './tab-messages.ts';

/** What is known of a project besides its record. */
export interface KnownProject {
  id: ProjectId;
  name: string;
  secret: Uint8Array;
  signalling: readonly string[];
  introducers: readonly DeviceId[];
  /** Joined by a link: whoever is in the room may bring the record, which vouches for itself. */
  byInvitation?: boolean | undefined;
  /** Came from a file: its secret is not the one by which the other members meet. */
  imported?: boolean | undefined;
}

export interface KeeperServices {
  keys: DeviceKeys;
  persistence: ProjectPersistence;
  files: FileShelf;
  results: ResultShelf;
  marks: ReadMarkStore;
  nodes: NodeBook;
  forceDataChannel: () => boolean;
  rtc: () => RtcFactory;
  onName: (name: string) => void;
  /** The keepers of all projects: a node met in one is offered the others that want it. */
  keepers: () => Iterable<ProjectKeeper>;
}

/** Results up to this size come by themselves; larger ones are fetched when they are asked for. */
const fetchedByItselfBytes = 1e9;

export class ProjectKeeper {
  readonly opened: Promise<ProjectSession>;
  #project: KnownProject;
  readonly #services: KeeperServices;
  #session = $state.raw<ProjectSession | undefined>(undefined);
  readonly #tabs: ProjectTabs;
  #connection: ProjectConnection | undefined;
  readonly #firstConnection = Promise.withResolvers<ProjectConnection>();
  #lead: Leadership | undefined;
  /** By which places, besides signalling servers, the connections were made. */
  #connectedBy = '';
  /** Connecting and disconnecting run one after another. */
  #changing: Promise<void> = Promise.resolve();
  #closed = false;
  readonly #fetching = new Set<FileId>();
  readonly #offered = new WeakSet<NodeLink['connection']>();
  /** An offer of this project is on its way there. */
  readonly #offering = new Set<NodeLink['connection']>();
  #assigning = false;

  constructor(project: KnownProject, services: KeeperServices) {
    this.#project = project;
    this.#services = services;
    this.#tabs = new ProjectTabs(project.id, (seen) => services.nodes.setSeen(this, seen?.nodes ?? []));
    this.opened = this.#open();
  }

  get project(): KnownProject {
    return this.#project;
  }
  get session(): ProjectSession | undefined {
    return this.#session;
  }

  /** The project is met in more places, or through another device. */
  async meet(project: KnownProject): Promise<void> {
    this.#project = project;
    await this.reconnect();
    this.#recordChanged();
  }

  /** Makes the connections anew, if this tab holds them. */
  reconnect(): Promise<void> {
    return this.#change(async () => {
      if (!this.#connection) return;
      await this.#disconnect();
      await this.#connect();
    });
  }

  /** Takes a connection that was made by hand, once this tab holds the project's connections. */
  async take(transport: PeerTransport): Promise<void> {
    await (await this.#firstConnection.promise).take(transport);
  }

  /** Nodes became known: connections are made anew if members are met elsewhere now. */
  async nodesChanged(): Promise<void> {
    const places = this.#places();
    if (this.#connection && fixedPlaces(places) !== this.#connectedBy) await this.reconnect();
    else this.#connection?.meetAt(places.signalling);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#lead?.release();
    await this.#change(() => this.#disconnect());
    this.#tabs.close();
    await this.#session?.close();
  }

  async #open(): Promise<ProjectSession> {
    const { keys, persistence, files, results, nodes, marks } = this.#services;
    const document = await ProjectDocument.open({ id: this.#project.id, keys, persistence });
    const session = new ProjectSession(
      document,
      { files, results, nodes, marks, tabs: this.#tabs },
      () => this.#project
    );
    this.#session = session;
    document.onChange(() => this.#recordChanged());
    this.#recordChanged();
    return session;
  }

  /** Who only looks at a copy from a file meets nobody. */
  #seekLead(document: ProjectDocument): void {
    if (this.#lead || this.#closed || (this.#project.imported && document.role === undefined)) return;
    this.#lead = seekLeadership(`sync ${this.#project.id}`, () => {
      this.#change(() => this.#connect()).catch((error: unknown) =>
        console.error('the project’s connections could not be made', error)
      );
    });
  }

  #change(task: () => Promise<void>): Promise<void> {
    const done = this.#changing.then(task);
    this.#changing = done.catch(() => undefined);
    return done;
  }

  async #connect(): Promise<void> {
    const session = this.#session;
    if (!session || this.#connection || this.#closed) return;
    const { keys, files, results } = this.#services;
    const places = this.#places();
    this.#connectedBy = fixedPlaces(places);
    const connection = await ProjectConnection.start({
      document: session.document,
      keys,
      secret: this.#project.secret,
      places,
      rtc: this.#services.rtc(),
      live: this.#tabs.live,
      openFile: (request) =>
        openServedFile(request, {
          state: () => session.document.state,
          picked: (file) => files.fresh(file),
          stored: ({ root }) => (root ? results.open(root) : Promise.resolve(undefined))
        }),
      onNode: (device, link) => this.#onNode(device, link),
      onChange: () => this.#tabs.announce()
    });
    this.#connection = connection;
    this.#firstConnection.resolve(connection);
    this.#tabs.lead({ connection, run: (errand) => this.#run(session, errand) });
    this.#recordChanged();
  }

  #places(): MeetingPlaces {
    const { nodes, forceDataChannel } = this.#services;
    return meetingPlaces({
      project: { ...this.#project, named: this.#session?.state.signalling ?? [] },
      nodes: nodes.records,
      origin: location.origin,
      forceDataChannel: forceDataChannel()
    });
  }

  async #disconnect(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#tabs.yieldLead();
    await connection?.stop();
  }

  /** Does what another tab asks of the one with the connections. */
  async #run(session: ProjectSession, errand: Errand): Promise<unknown> {
    if (errand.kind === 'make-offer') return this.#connection?.offer();
    if (errand.kind === 'answer-offer') return this.#connection?.answer(errand.text);
    if (errand.kind === 'accept-answer') return this.#connection?.acceptAnswer(errand.text);
    if (errand.kind === 'show-place') return this.#tabs.showPlace(errand.presence);
    if (errand.kind === 'find-shared') return session.bytes.findInShares(errand.file, errand);
    if (errand.kind === 'node-space') return session.bytes.spaceOn(errand.device, errand);
    if (errand.kind === 'fetch-log') return session.bytes.fetchLog(errand.job);
    return session.bytes.fetchResult(errand.file);
  }

  #onNode(device: DeviceId, link: NodeLink | undefined): void {
    void this.#services.nodes.setLink(this, device, link);
    if (!link) return;
    void this.#offerProjects(link);
    this.#recordChanged();
  }

  /** A node learns of a project that admitted it over the connection of any project in which it is met. */
  async #offerProjects(link: NodeLink): Promise<void> {
    if (this.#offered.has(link.connection)) return;
    this.#offered.add(link.connection);
    for (const keeper of this.#services.keepers()) if (keeper !== this) await keeper.offerTo(link);
  }

  /** Offers this project to a node that is a member and not connected here. */
  async offerTo(link: NodeLink): Promise<void> {
    const document = this.#session?.document;
    if (
      this.#project.imported ||
      document?.roleOfDevice(link.device) !== 'compute' ||
      this.#tabs.isConnected(link.device)
    )
      return;
    if (this.#offering.has(link.connection)) return;
    this.#offering.add(link.connection);
    try {
      await link.client.offerProject(await this.#services.nodes.sealedOffer(link.device, this.#project));
    } catch (error) {
      console.warn('the node did not take the project', toErrorRecord(error));
    } finally {
      this.#offering.delete(link.connection);
    }
  }

  #recordChanged(): void {
    const session = this.#session;
    if (!session) return;
    const { document } = session;
    this.#seekLead(document);
    if (document.view.nameOf('project') !== undefined && document.name !== this.#project.name) {
      this.#project = { ...this.#project, name: document.name };
      this.#services.onName(document.name);
    }
    // Whichever tab leads this project, the node may be met in a project that this one leads.
    this.#offerToMembers(document);
    if (!this.#connection) return;
    this.#connection.meetAt(this.#places().signalling);
    // Of a deleted project only the record goes on: that it is deleted, or is not any more, is to reach everybody.
    if (document.whole.deletion) return;
    void this.#assignWaiting(document);
    for (const { file, device } of completedOutputs(document.state))
      if (this.#connection.linkTo(device) && file.size <= fetchedByItselfBytes)
        void this.#fetch(session, file.file);
  }

  /** Members that are met elsewhere and not here yet. */
  #offerToMembers(document: ProjectDocument): void {
    for (const { role, devices } of document.state.members) {
      if (role !== 'compute') continue;
      for (const { device } of devices) {
        const link = this.#services.nodes.linkTo(device);
        if (link) void this.offerTo(link);
      }
    }
  }

  /** Jobs of one's own that were asked for before any node was known go to the first one. */
  async #assignWaiting(document: ProjectDocument): Promise<void> {
    const device = document.state.members.find(({ role }) => role === 'compute')?.devices[0]?.device;
    if (!device || this.#assigning || !document.can('edit')) return;
    this.#assigning = true;
    try {
      for (const job of document.state.jobs)
        if (!job.current && !job.cancelRequested && job.submitter === document.person)
          await document.assignJob(job.job, 1, device);
    } finally {
      this.#assigning = false;
    }
  }

  async #fetch(session: ProjectSession, file: FileId): Promise<void> {
    if (this.#fetching.has(file)) return;
    this.#fetching.add(file);
    try {
      await session.bytes.fetchResult(file);
    } catch (error) {
      // The job's page says why; the next change, the next connection or a click tries again.
      console.warn('a result did not come', toErrorRecord(error));
    } finally {
      this.#fetching.delete(file);
    }
  }
}

/** What a connection cannot change while it stands. */
function fixedPlaces({ loopback, httpDevice, introducers }: MeetingPlaces): string {
  return JSON.stringify({ loopback, httpDevice, introducers });
}
