/**
 * The connections of one open project, held by one tab: the record is kept in step with every member, and each
 * connected compute node is asked what it is, told which jobs are watched, and served the bytes that it asks for.
 */
import { ComputeClient } from '#lib/compute/compute-client.ts';
import { type FileRequest, type ServedFile } from '#lib/compute/file-exchange.ts';
import { type NodeInfo } from '#lib/compute/protocol.ts';
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type DeviceId, type JobId } from '#lib/model/ids.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { CarriedOffer } from '#lib/peer/carried-offer.ts';
import { type PeerTransport, type RtcFactory } from '#lib/peer/transport.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { isTerminal } from '#lib/project/project-state.ts';
import { ProjectSync } from '#lib/sync/project-sync.ts';
import { type Presence } from '#lib/sync/presence.ts';
import { type SyncStatus } from '#lib/sync/sync-status.ts';
import { SvelteMap } from 'svelte/reactivity';
import { deflateInWorker } from './chunk-deflate.ts';
import { type LiveJobs } from './live-jobs.svelte.ts';
import { type ConnectionState } from './tab-messages.ts';

/** A compute node to which this project is connected. */
export interface NodeLink {
  device: DeviceId;
  connection: PeerConnection;
  client: ComputeClient;
  info: NodeInfo | undefined;
}

/** Where members are met. */
export interface MeetingPlaces {
  signalling: readonly string[];
  /** The node that served this page, when it is one of the project's. */
  loopback: { url: string; device: DeviceId } | undefined;
  /** Bulk may go by HTTP to the node that served this page. */
  httpDevice: { device: DeviceId; origin: string } | undefined;
  /** Devices that may be met before the record has arrived: those by which this device came to the project. */
  introducers: readonly DeviceId[] | 'anyone';
}

export interface ConnectionOptions {
  document: ProjectDocument;
  keys: DeviceKeys;
  secret: Uint8Array;
  places: MeetingPlaces;
  rtc: RtcFactory;
  live: LiveJobs;
  openFile: (request: FileRequest) => Promise<ServedFile>;
  /** A node was reached, said what it is now, or was lost (no link). */
  onNode: (device: DeviceId, link: NodeLink | undefined) => void;
  /** Anything of `state` changed. */
  onChange: () => void;
}

/** How long a path is looked for once offer and answer have been carried. */
const carriedMs = 30_000;

export class ProjectConnection {
  readonly #options: ConnectionOptions;
  #sync: ProjectSync | undefined;
  readonly #connections = new Set<PeerConnection>();
  readonly #watched = new Map<string, () => void>();
  #status = $state.raw<SyncStatus>({ state: 'connecting' });
  #devices = new SvelteMap<DeviceId, number>();
  #links = new SvelteMap<DeviceId, NodeLink>();
  #presence = $state.raw<ProjectSync['presence']>([]);
  #offer: CarriedOffer | undefined;
  #stopped = false;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** Opens the project's room; resolves before anybody is met. */
  static async start(options: ConnectionOptions): Promise<ProjectConnection> {
    const connection = new ProjectConnection(options);
    await connection.#begin();
    return connection;
  }

  async #begin(): Promise<void> {
    const { document, keys, secret, places, rtc } = this.#options;
    const sync = await ProjectSync.start({
      secret,
      epoch: 0,
      carrier: document.carrier,
      admit: (update, from) => document.admit(update, from),
      histories: document.histories,
      identity: {
        device: keys.device,
        sealingKey: keys.sealingKey,
        writer: document.writer,
        sign: (bytes) => keys.sign(bytes)
      },
      admits: ({ device }) => this.#admits(device),
      wasMember: ({ device }) => document.wasMember(device),
      door: {
        problemWith: (proof) => document.invitationProblem(proof),
        letIn: (update, from) => document.letIn(update, from)
      },
      signalling: places.signalling,
      rtc,
      loopback: places.loopback
    });
    this.#sync = sync;
    sync.onStatus((status) => {
      this.#status = status;
      this.#options.onChange();
    });
    sync.onConnection((connection) => this.#take(connection));
    sync.onPresence(() => {
      this.#presence = sync.presence;
      this.#options.onChange();
    });
  }

  /** As it is told to the other tabs. */
  get state(): ConnectionState {
    return {
      status: this.#status,
      presence: this.#presence.map(({ device, presence }) => ({ device, presence })),
      devices: [...this.#devices.keys()],
      nodes: [...this.#links.values()].map(({ device, connection, info }) => ({
        device,
        carrier: connection.carrier,
        info
      }))
    };
  }
  isConnected(device: DeviceId): boolean {
    return this.#devices.has(device);
  }
  linkTo(device: DeviceId): NodeLink | undefined {
    return this.#links.get(device);
  }

  /** Tells the others what this person looks at. */
  showPlace(presence: Presence): void {
    this.#sync?.setPresence(presence);
  }

  /** Members are met at these addresses from now on. */
  meetAt(signalling: readonly string[]): void {
    this.#sync?.meetAt(signalling);
  }

  /** An offer for another member to answer by hand. */
  async offer(): Promise<string> {
    const sync = this.#running();
    this.#offer?.close();
    this.#offer = await CarriedOffer.make({ rtc: this.#options.rtc, room: sync.room, count: 1 });
    return this.#offer.text;
  }
  /** Connects by the answer to the last offer. @throws TaggedError `carried-other`, or why there is no connection */
  async acceptAnswer(text: string): Promise<void> {
    const [session] = (await this.#offer?.accept(text)) ?? [];
    if (!session) throw new TaggedError('carried-other', 'there is no offer that this answers');
    await this.take(session);
  }
  /** Answers an offer that was carried here. */
  answer(text: string): Promise<string> {
    return this.#running().answer(text);
  }
  /** Takes a connection that this side offered by hand. */
  async take(transport: PeerTransport): Promise<void> {
    const timer = setTimeout(() => transport.close(), carriedMs);
    try {
      await this.#running().take(transport, 'offerer');
    } catch (error) {
      const { tag } = toErrorRecord(error);
      if (tag !== 'peer-closed') throw error;
      throw new TaggedError('no-candidate-pair', 'no network path was found', {}, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }
  #running(): ProjectSync {
    if (!this.#sync || this.#stopped) throw new TaggedError('connection-lost', 'the project is being closed');
    return this.#sync;
  }

  /** The record changed: newly admitted nodes are spoken to, and new jobs watched. */
  recordChanged(): void {
    this.#sync?.accessChanged();
    for (const connection of this.#connections) this.#speakTo(connection);
    for (const link of this.#links.values()) this.#watchJobs(link);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#offer?.close();
    await this.#sync?.stop();
    for (const device of this.#links.keys()) this.#options.onNode(device, undefined);
    this.#links.clear();
    this.#devices.clear();
    this.#options.live.clearTransfers();
  }

  #admits(device: DeviceId): boolean {
    const { document, places } = this.#options;
    if (document.state.members.length === 0)
      return places.introducers === 'anyone' || places.introducers.includes(device);
    return document.roleOfDevice(device) !== undefined;
  }

  #take(connection: PeerConnection): void {
    if (this.#stopped) return;
    this.#connections.add(connection);
    this.#devices.set(connection.device, (this.#devices.get(connection.device) ?? 0) + 1);
    connection.onClose(() => this.#lose(connection));
    this.#speakTo(connection);
    this.#options.onChange();
  }

  #lose(connection: PeerConnection): void {
    const { device } = connection;
    this.#connections.delete(connection);
    const left = (this.#devices.get(device) ?? 1) - 1;
    if (left > 0) this.#devices.set(device, left);
    else this.#devices.delete(device);
    if (this.#links.get(device)?.connection === connection) this.#loseNode(device);
    this.#options.onChange();
  }

  #loseNode(device: DeviceId): void {
    this.#links.delete(device);
    this.#options.onNode(device, undefined);
    for (const key of this.#watched.keys()) if (key.startsWith(device)) this.#watched.delete(key);
    this.#options.live.clearTransfers();
    for (const other of this.#connections) if (other.device === device) this.#speakTo(other);
  }

  #speakTo(connection: PeerConnection): void {
    const { document, places, live, openFile, onNode } = this.#options;
    const { device } = connection;
    if (this.#links.has(device) || connection.closed) return;
    if (document.roleOfDevice(device) !== 'compute') return;
    const client = ComputeClient.over(connection, {
      httpBaseUrl: places.httpDevice?.device === device ? places.httpDevice.origin : undefined,
      openFile,
      deflate: deflateInWorker,
      onSending: ({ file }, progress) => {
        if (file) live.countTransfer('sending', file, progress);
      }
    });
    const link: NodeLink = { device, connection, client, info: undefined };
    this.#links.set(device, link);
    onNode(device, link);
    this.#options.onChange();
    void this.#learn(link);
    this.#watchJobs(link);
  }

  /** Asks the node what it is; it is asked again when a job of this project ends. */
  async #learn(link: NodeLink): Promise<void> {
    try {
      const info = await link.client.nodeInfo();
      const known = { ...link, info };
      if (this.#links.get(link.device)?.connection !== link.connection) return;
      this.#links.set(link.device, known);
      this.#options.onNode(link.device, known);
      this.#options.onChange();
    } catch (error) {
      console.warn('the node did not say what it is', toErrorRecord(error));
    }
  }

  #watchJobs(link: NodeLink): void {
    for (const job of this.#options.document.state.jobs) {
      if (job.current?.device !== link.device) continue;
      const key = `${link.device} ${job.job} ${job.current.attempt}`;
      if (isTerminal(job.state)) this.#endWatch(key, link);
      else if (!this.#watched.has(key)) void this.#watch(key, link, job.job);
    }
  }

  async #watch(key: string, link: NodeLink, job: JobId): Promise<void> {
    const { document, live } = this.#options;
    this.#watched.set(key, () => undefined);
    try {
      const stop = await link.client.watchJob(document.id, job, {
        onProgress: (progress) => live.takeProgress(progress),
        onConsole: (text) => live.takeConsole(text)
      });
      this.#watched.set(key, stop);
    } catch {
      // The node may not have taken the job in yet: the next change of the record tries again.
      this.#watched.delete(key);
    }
  }

  #endWatch(key: string, link: NodeLink): void {
    const stop = this.#watched.get(key);
    if (!stop) return;
    this.#watched.delete(key);
    stop();
    void this.#learn(link);
  }
}
