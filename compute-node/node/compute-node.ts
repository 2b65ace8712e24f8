/** The running node: keys, projects, queue, and the one port that serves all of it. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type RequestBody, type UnneededFiles } from '#lib/compute/protocol.ts';
import { type DeviceKeys, seal } from '#lib/identity/device-keys.ts';
import { fromBase64Url, fromHex, toBase64Url, toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type PersonRecord } from '#lib/identity/person.ts';
import { projectRoom } from '#lib/identity/rooms.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, type ProjectId } from '#lib/model/ids.ts';
import { answerCarried } from '#lib/peer/carried-offer.ts';
import { decodeCarried } from '#lib/peer/carried-text.ts';
import { FailureGate } from '#lib/peer/failure-gate.ts';
import { rtcOptionsOf } from '#lib/peer/ice-settings.ts';
import { LoopbackRooms } from '#lib/peer/loopback-rooms.ts';
import { type RemotePeer } from '#lib/peer/peer-identity.ts';
import { colorOf } from '#lib/project/canonical-json.ts';
import { rowPersistence, type ProjectPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { type PairingGrant } from '#lib/sync/pairing-protocol.ts';
import { type ServeConfig } from '../config.ts';
import { processExecutor } from '../executors/process-executor.ts';
import { BlobStore } from '../platform/blob-store.ts';
import { loadDtlsCertificate } from '../platform/dtls-certificate.ts';
import { loadDeviceKeys } from '../platform/key-file.ts';
import { openProjectRows } from '../platform/project-store.ts';
import { Shares } from '../platform/shares.ts';
import { closeWebRtc, nodeRtc } from '../platform/webrtc.ts';
import { JobQueue } from '../queue/job-queue.ts';
import { BulkDesk } from '../server/bulk-http.ts';
import { startHttpServer, type RunningHttpServer, type UpgradeHandler } from '../server/http-server.ts';
import { PeerSocketServer } from '../server/peer-socket.ts';
import { SignallingServer } from '../server/signalling.ts';
import { staticSite } from '../server/static.ts';
import { appOrigin, servesPlainLoopback, signallingAddresses } from './addresses.ts';
import { addDemonstration, demonstrationName } from './demonstration.ts';
import { HostedProject } from './hosted-project.ts';
import { JobBoard } from './job-board.ts';
import { JobRunner } from './job-runner.ts';
import { type KnownProject, NodeState } from './node-state.ts';
import { PairingLinks } from './pairing-links.ts';
import { type SessionContext } from './peer-session.ts';
import { freeUnneeded } from './unneeded-files.ts';

const fromSource = import.meta.url.endsWith('.ts');
/** The built app: beside the source, or beside the package's bundle. */
const buildFolder = fileURLToPath(new URL(fromSource ? '../../build' : '../build', import.meta.url));
const firstProjectName = 'First project';

interface Parts {
  config: ServeConfig;
  keys: DeviceKeys;
  state: NodeState;
  persistence: ProjectPersistence;
  closeRows: () => void;
  queue: JobQueue;
  board: JobBoard;
  blobs: BlobStore;
  desk: BulkDesk;
  runner: JobRunner;
  loopbackRooms: LoopbackRooms;
  gate: FailureGate;
  signalling: SignallingServer;
  peerSockets: PeerSocketServer;
}

export class ComputeNode {
  readonly board: JobBoard;
  readonly #parts: Parts;
  readonly #server: RunningHttpServer;
  /** Signalling for the node itself, where the open port is not reachable without TLS on loopback. */
  readonly #inner: RunningHttpServer | undefined;
  readonly #rtc: ReturnType<typeof nodeRtc>;
  readonly #links: PairingLinks;
  readonly #projects = new Map<ProjectId, HostedProject>();
  readonly #opening = new Map<ProjectId, Promise<HostedProject>>();
  /** Room of the project that the last pairing handed over. */
  #handedOver: string | undefined;

  private constructor(parts: Parts, server: RunningHttpServer, inner: RunningHttpServer | undefined) {
    this.#parts = parts;
    this.#server = server;
    this.#inner = inner;
    this.board = parts.board;
    const certificate = loadDtlsCertificate(parts.config.dataFolder);
    this.#rtc = nodeRtc(certificate, rtcOptionsOf(parts.config.ice).iceServers);
    this.#links = new PairingLinks({
      origin: this.origin,
      fingerprint: certificate.fingerprint,
      identity: {
        device: parts.keys.device,
        sealingKey: parts.keys.sealingKey,
        sign: (bytes) => parts.keys.sign(bytes)
      },
      rtc: this.#rtc,
      signalling: this.#ownSignalling,
      advertised: this.#advertisedSignalling,
      loopbackRooms: parts.loopbackRooms,
      gate: parts.gate,
      accept: (owner) => this.#acceptOwner(owner),
      onPaired: () => void this.#stepDown()
    });
  }

  /**
   * Opens the port first, so that a second node ends before it touches anything, then all projects.
   * @throws TaggedError `app-not-built`, `port-taken`, `cannot-listen`, or what is wrong with the data folder
   */
  static async start(config: ServeConfig): Promise<ComputeNode> {
    const site = staticSite(buildFolder);
    const desk = new BulkDesk();
    const loopbackRooms = new LoopbackRooms();
    // The door has been passed when an upgrade gets here (server/http-server.ts).
    const signalling = new SignallingServer({ admits: () => true });
    const peerSockets = new PeerSocketServer({ admits: () => true, rooms: loopbackRooms });
    const signal = {
      '/signal': (...upgrade: Parameters<UpgradeHandler>) => signalling.handleUpgrade(...upgrade)
    };
    const server = await startHttpServer({
      port: config.port,
      host: config.host,
      ...(config.tls && { tls: config.tls }),
      ...(config.publicUrl && { publicUrl: config.publicUrl }),
      allowOrigins: config.allowOrigins,
      site: (request, response) => site.handle(request, response),
      bulk: desk.handle,
      upgrades: {
        ...signal,
        '/peer': (request, socket, head) => peerSockets.handleUpgrade(request, socket, head)
      }
    });
    const inner = servesPlainLoopback(config)
      ? undefined
      : await startHttpServer({
          port: 0,
          host: '127.0.0.1',
          allowOrigins: [],
          site: (_request, response) => void response.writeHead(404).end(),
          upgrades: signal
        });
    const parts = await openParts(config, { desk, loopbackRooms, signalling, peerSockets });
    const node = new ComputeNode(parts, server, inner);
    for (const known of parts.state.projects) await node.#open(known);
    parts.blobs.sweepPartials(parts.queue.openTransfers());
    return node;
  }

  /** The app's address in the browser. */
  get origin(): string {
    return appOrigin(this.#parts.config, this.#server.port);
  }

  get projects(): readonly HostedProject[] {
    return [...this.#projects.values()];
  }

  /** A fresh link: one use, 15 minutes. */
  pairingLink(): Promise<string> {
    return this.#links.create();
  }

  /**
   * Answers an offer that was carried here by hand, for one of the open pairing links or of the projects. Of two
   * connections the second is for the project that the first has led to.
   * @throws TaggedError `carried-invalid`, `carried-mixed-up`, `carried-other`
   */
  async answerByHand(text: string): Promise<string> {
    const { loopbackRooms } = this.#parts;
    const { room } = await decodeCarried(text, 'offer');
    const accept = loopbackRooms.find(room);
    if (!accept) throw new TaggedError('carried-other', 'this offer is for no link or project of this node');
    const answer = await answerCarried({ rtc: this.#rtc, text, room });
    const [first, second] = answer.sessions;
    const before = this.#handedOver;
    if (first) accept(first);
    first?.onClose(() => {
      const handedOver = this.#handedOver === before ? undefined : this.#handedOver;
      const acceptNext = loopbackRooms.find(handedOver ?? room);
      if (second) acceptNext?.(second);
    });
    return answer.text;
  }

  /** Founds the demonstration, once in the life of a data folder. @returns it, when this was that once */
  async foundDemonstration(): Promise<HostedProject | undefined> {
    const { state, keys } = this.#parts;
    if (state.demonstration !== undefined) return undefined;
    const document = await this.#found(demonstrationName, true);
    await addDemonstration(document, keys.device);
    await document.close();
    return this.#open(this.#known(document.id));
  }

  demonstration(): HostedProject | undefined {
    const id = this.#parts.state.demonstration;
    return id && this.#projects.get(id);
  }

  async close(): Promise<void> {
    const { runner, queue, signalling, peerSockets, closeRows } = this.#parts;
    await runner.close();
    await this.#links.close();
    for (const project of this.projects) await project.stop();
    signalling.close();
    peerSockets.close();
    await this.#server.close();
    await this.#inner?.close();
    queue.close();
    closeRows();
    closeWebRtc();
  }

  /** Where others meet this node, as its links say. */
  get #advertisedSignalling(): string[] {
    return signallingAddresses(this.#parts.config, this.#server.port);
  }

  /** The same server, as the node itself reaches it whatever its certificate or proxy. */
  get #ownSignalling(): string[] {
    return [`ws://127.0.0.1:${(this.#inner ?? this.#server).port}/signal`];
  }

  get #ownRecord(): PersonRecord {
    const { keys, state, config } = this.#parts;
    const { device, sealingKey } = keys;
    return {
      person: state.person,
      name: config.name,
      color: colorOf(device),
      devices: [{ device, sealingKey, name: config.name }]
    };
  }

  #known(id: ProjectId): KnownProject {
    const known = this.#parts.state.projects.find(({ project }) => project === id);
    if (!known) throw new TaggedError('project-unknown', 'The node does not take part in this project.');
    return known;
  }

  async #found(name: string, demonstration = false): Promise<ProjectDocument> {
    const { keys, persistence, state } = this.#parts;
    const document = await ProjectDocument.found({ keys, persistence, person: this.#ownRecord, name });
    const secret = toHex(randomBytes(32));
    await state.addProject({ project: document.id, secret, epoch: 0 }, demonstration);
    return document;
  }

  /** Opens a project once: opened twice it would be two members with a log each, of which one may reach nobody. */
  #open(known: KnownProject): Promise<HostedProject> {
    const id = known.project;
    const opened = this.#projects.get(id);
    if (opened) return Promise.resolve(opened);
    const opening = this.#opening.get(id) ?? this.#start(known).finally(() => this.#opening.delete(id));
    this.#opening.set(id, opening);
    return opening;
  }

  async #start(known: KnownProject): Promise<HostedProject> {
    const { keys, persistence, queue, runner, loopbackRooms, gate } = this.#parts;
    const document = await ProjectDocument.open({ id: known.project, keys, persistence });
    const hosted = await HostedProject.start({
      document,
      known,
      keys,
      signalling: this.#ownSignalling,
      advertised: this.#advertisedSignalling,
      rtc: this.#rtc,
      loopbackRooms,
      gate,
      queue,
      runner,
      session: this.#session(),
      accepted: (asked) => this.#runsJobsOf(asked)
    });
    this.#projects.set(known.project, hosted);
    return hosted;
  }

  #session(): SessionContext {
    const { config, state, keys, blobs, board, desk, runner } = this.#parts;
    return {
      name: config.name,
      person: state.person,
      device: keys.device,
      workers: config.workers,
      blobs,
      shares: new Shares(config.shares),
      board,
      desk,
      load: () => ({ running: runner.runningCount, queued: runner.queuedCount }),
      acceptProject: (offer, from) => this.#acceptProject(offer, from)
    };
  }

  /** Removes what only deleted files and jobs of its projects need. */
  freeSpace(): UnneededFiles {
    const documents = this.projects.map(({ document }) => document);
    return freeUnneeded(documents, this.#parts.blobs);
  }

  /** Jobs run only for the node's owners, devices on its allow list, and for itself. */
  #runsJobsOf(document: ProjectDocument): boolean {
    const { state, config, keys } = this.#parts;
    return document.state.members
      .filter(({ role, founder }) => role === 'admin' || founder)
      .some(({ devices }) =>
        devices.some(
          ({ device }) => device === keys.device || state.isOwner(device) || config.allow.includes(device)
        )
      );
  }

  async #acceptOwner({ peer, person }: { peer: RemotePeer; person: PersonRecord }): Promise<PairingGrant> {
    const { state } = this.#parts;
    const hosted = await this.#projectToHandOver();
    await hosted.document.membership.admit(person, 'admin');
    await state.addOwner({ person: person.person, devices: person.devices.map(({ device }) => device) });
    const { secret, epoch } = this.#known(hosted.project);
    this.#handedOver = (await projectRoom(fromHex(secret), epoch)).name;
    const sealingKey = person.devices.find(({ device }) => device === peer.device)?.sealingKey;
    if (!sealingKey)
      throw new TaggedError('pairing-failed', 'The person does not own the device that paired.');
    return {
      project: hosted.project,
      sealedSecret: toBase64Url(await seal(sealingKey, fromHex(secret))),
      epoch,
      projectName: hosted.document.name,
      node: this.#ownRecord,
      signalling: this.#advertisedSignalling
    };
  }

  /** The first project that the node still administers alone; else a new, empty one. */
  async #projectToHandOver(): Promise<HostedProject> {
    const own = this.projects.find(({ document }) => document.can('manage-members'));
    if (own) return own;
    const document = await this.#found(firstProjectName);
    await document.close();
    return this.#open(this.#known(document.id));
  }

  /** Once an owner has stored the project, the node only computes in it. */
  async #stepDown(): Promise<void> {
    const { person } = this.#parts.state;
    for (const { document } of this.projects)
      if (document.can('manage-members') && document.state.members.length > 1)
        await document.membership.setRole(person, 'compute').catch(() => {});
  }

  async #acceptProject(offer: RequestBody<'offer-project'>, from: DeviceId): Promise<void> {
    const { state, keys, config } = this.#parts;
    if (this.#projects.has(offer.project)) return;
    if (!state.isOwner(from) && !config.allow.includes(from))
      throw new TaggedError(
        'project-refused',
        'This node takes projects of its owners only. Its owner can allow others with --allow.'
      );
    const secret = await keys.unseal(fromBase64Url(offer.sealedSecret));
    if (secret.length !== 32)
      throw new TaggedError('project-refused', 'The secret of the project is malformed.');
    const known = { project: offer.project, secret: toHex(secret), epoch: offer.epoch, introducer: from };
    await state.addProject(known);
    await this.#open(known);
  }
}

async function openParts(
  config: ServeConfig,
  doors: Pick<Parts, 'desk' | 'loopbackRooms' | 'signalling' | 'peerSockets'>
): Promise<Parts> {
  const { dataFolder } = config;
  const keys = await loadDeviceKeys(join(dataFolder, 'device-keys.json'));
  const state = await NodeState.load(dataFolder);
  const rows = openProjectRows(join(dataFolder, 'projects.sqlite'));
  const queue = new JobQueue(join(dataFolder, 'queue.sqlite'));
  const blobs = new BlobStore(dataFolder);
  const board = new JobBoard();
  const runner = new JobRunner({
    queue,
    blobs,
    board,
    executor: processExecutor,
    folder: join(dataFolder, 'jobs'),
    workers: config.workers
  });
  return {
    ...doors,
    config,
    keys,
    state,
    persistence: rowPersistence(rows),
    closeRows: () => rows.close(),
    queue,
    board,
    blobs,
    runner,
    gate: new FailureGate()
  };
}
