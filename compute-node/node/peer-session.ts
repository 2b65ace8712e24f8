/** What one connected member may ask of the node, and the files that move over that connection. */
import { availableParallelism, totalmem } from 'node:os';
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import { BulkLink } from '#lib/compute/bulk-link.ts';
import { type Deflate } from '#lib/bytes/deflate.ts';
import { ControlLink, type RequestHandlers } from '#lib/compute/control-link.ts';
import { FileExchange, type FileRequest, type ServedFile } from '#lib/compute/file-exchange.ts';
import { peerMessageChannel } from '#lib/compute/message-channel.ts';
import { type NodeInfo, type RequestBody } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import {
  type ContentRoot,
  type DeviceId,
  type FileId,
  type PersonId,
  type ProjectId
} from '#lib/model/ids.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type BlobStore } from '../platform/blob-store.ts';
import { openFileSource } from '../platform/file-source.ts';
import { type Shares } from '../platform/shares.ts';
import { type BulkDesk } from '../server/bulk-http.ts';
import { version } from '../version.ts';
import { type JobBoard } from './job-board.ts';
import { processors } from './processors.ts';
import { freeUnneeded, measureUnneeded } from './unneeded-files.ts';

/** What all sessions of a node share. */
export interface SessionContext {
  name: string;
  person: PersonId;
  device: DeviceId;
  workers: number;
  blobs: BlobStore;
  shares: Shares;
  board: JobBoard;
  desk: BulkDesk;
  /** Jobs that run and that wait. */
  load(): { running: number; queued: number };
  /** A member offers another project. @throws TaggedError `project-refused` */
  acceptProject(offer: RequestBody<'offer-project'>, from: DeviceId): Promise<void>;
}

/** In a thread of its own; the fastest level costs little of what there is to win in 16-bit samples. */
const deflateFast: Deflate = async (bytes) =>
  new Uint8Array(await promisify(deflateRaw)(bytes, { level: 1 }));

export class PeerSession {
  readonly device: DeviceId;
  readonly exchange: FileExchange;
  readonly #document: ProjectDocument;
  readonly #context: SessionContext;
  readonly #watched = new Map<string, () => void>();

  constructor(connection: PeerConnection, document: ProjectDocument, context: SessionContext) {
    this.device = connection.device;
    this.#document = document;
    this.#context = context;
    const desk = context.desk.forConnection();
    this.exchange = new FileExchange({
      bulk: new BulkLink(peerMessageChannel(connection, 'bulk'), { deflate: deflateFast }),
      http: { role: 'node', desk },
      open: (request) => this.#open(request)
    });
    const link: ControlLink = new ControlLink(peerMessageChannel(connection, 'control'), {
      handlers: { ...this.exchange.handlers, ...this.#handlers(() => link) }
    });
    this.exchange.attach(link);
    connection.onClose(() => {
      this.exchange.close();
      desk.closeAll();
      for (const stop of this.#watched.values()) stop();
      this.#watched.clear();
    });
  }

  #handlers(link: () => ControlLink): RequestHandlers {
    return {
      'node-info': () => this.#info(),
      'list-share': async ({ share, path }) => {
        const role = this.#document.roleOfDevice(this.device);
        if (role !== 'admin' && role !== 'editor')
          throw new TaggedError('not-allowed', 'Only editors and admins see the shared folders.');
        return { entries: await this.#context.shares.list(share, path) };
      },
      'watch-job': ({ project, job }) => {
        this.#requireProject(project);
        const key = `${project}:${job}`;
        this.#watched.get(key)?.();
        const stop = this.#context.board.watch(
          { project, job },
          {
            onProgress: (progress) => link().notify('job-progress', progress),
            onConsole: (console) => link().notify('job-console', console)
          }
        );
        this.#watched.set(key, stop);
        return {};
      },
      'unwatch-job': ({ project, job }) => {
        const key = `${project}:${job}`;
        this.#watched.get(key)?.();
        this.#watched.delete(key);
        return {};
      },
      'unneeded-files': ({ project }) => {
        this.#requireProject(project);
        return measureUnneeded(this.#document, this.#context.blobs);
      },
      'free-space': ({ project }) => {
        this.#requireProject(project);
        if (this.#document.roleOfDevice(this.device) !== 'admin')
          throw new TaggedError('not-allowed', 'Only admins free space on a compute node.');
        return freeUnneeded([this.#document], this.#context.blobs);
      },
      'offer-project': async (offer) => {
        await this.#context.acceptProject(offer, this.device);
        return {};
      }
    };
  }

  #info(): NodeInfo {
    const { name, person, device, workers, shares } = this.#context;
    const { running, queued } = this.#context.load();
    return {
      name,
      version,
      device,
      person,
      state: running > 0 ? 'busy' : 'idle',
      running,
      queued,
      resources: { cpus: availableParallelism(), memoryBytes: totalmem(), workers },
      processors: [...processors],
      shares: shares.names
    };
  }

  #requireProject(project: ProjectId): void {
    if (project !== this.#document.id || this.#document.roleOfDevice(this.device) === undefined)
      throw new TaggedError('not-allowed', 'This connection belongs to another project.');
  }

  /** Files and logs that the project names and that came to the node's store through it. */
  async #open({ project, file, root }: FileRequest): Promise<ServedFile> {
    this.#requireProject(project);
    const wanted = this.#namedRoot(file, root);
    if (wanted === undefined || !this.#context.blobs.hasFor(project, wanted))
      throw new TaggedError('file-not-here', 'The compute node does not have this file.');
    const source = await openFileSource(this.#context.blobs.pathOf(wanted));
    return {
      source,
      identity: { size: source.size },
      root: wanted,
      close: async () => source.close()
    };
  }

  #namedRoot(file: FileId | undefined, root: ContentRoot | undefined): ContentRoot | undefined {
    const { files, jobs } = this.#document.state;
    const named = files.find(
      (state) =>
        (file === undefined || state.file === file) && (root === undefined || state.roots.includes(root))
    );
    if (named) return root ?? named.root;
    if (root === undefined || file !== undefined) return undefined;
    const events = jobs.flatMap(({ attempts }) => attempts.flatMap((attempt) => attempt.events));
    return events.some(({ log }) => log?.root === root) ? root : undefined;
  }
}
