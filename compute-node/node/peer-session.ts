/** What one connected member may ask of the node, and the files that move over that connection. */
import { availableParallelism, totalmem } from 'node:os';
import { BulkLink } from '#lib/compute/bulk-link.ts';
import { ControlLink, type RequestHandlers } from '#lib/compute/control-link.ts';
import { FileExchange, type FileRequest, type ServedFile } from '#lib/compute/file-exchange.ts';
import { peerMessageChannel } from '#lib/compute/message-channel.ts';
import { type NodeInfo, type RequestBody } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, type PersonId, type ProjectId } from '#lib/model/ids.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type BlobStore } from '../platform/blob-store.ts';
import { openFileSource } from '../platform/file-source.ts';
import { type Shares } from '../platform/shares.ts';
import { type BulkDesk } from '../server/bulk-http.ts';
import { version } from '../version.ts';
import { type JobBoard } from './job-board.ts';
import { processors } from './processors.ts';

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
      bulk: new BulkLink(peerMessageChannel(connection, 'bulk')),
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

  /** Files that the project names and that lie in the node's store. */
  async #open({ project, file, root }: FileRequest): Promise<ServedFile> {
    this.#requireProject(project);
    const named = this.#document.state.files.find(
      (state) =>
        (file === undefined || state.file === file) && (root === undefined || state.roots.includes(root))
    );
    const wanted = root ?? named?.root;
    if (!named || wanted === undefined || !this.#context.blobs.has(wanted))
      throw new TaggedError('file-not-here', 'The compute node does not have this file.');
    const source = await openFileSource(this.#context.blobs.pathOf(wanted));
    return {
      source,
      identity: { size: source.size },
      root: wanted,
      close: async () => source.close()
    };
  }
}
