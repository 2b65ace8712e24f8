/**
 * A compute node as a browser sees it, over one authenticated connection: what it is, how its jobs are doing, and the
 * bytes of inputs and results. Make one for each connection to a node; it ends with the connection.
 */
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, type JobId, type ProjectId } from '#lib/model/ids.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { BulkLink } from './bulk-link.ts';
import { type Deflate } from '#lib/bytes/deflate.ts';
import { ControlLink } from './control-link.ts';
import { FileExchange, type FileRequest, type PullOptions, type ServedFile } from './file-exchange.ts';
import { peerMessageChannel, type MessageChannel } from './message-channel.ts';
import {
  type JobConsole,
  type JobProgress,
  type NodeInfo,
  type RequestBody,
  type ShareEntry,
  type UnneededFiles
} from './protocol.ts';
import { type TransferProgress } from './transfer-progress.ts';

export interface ComputeClientOptions {
  control: MessageChannel;
  bulk: MessageChannel;
  /**
   * Origin of the node when the page came from it (or it is reachable at an HTTPS address): bulk then goes by HTTP.
   * Left out, bulk goes over the data channel, which is also what the user's setting asks for.
   */
  httpBaseUrl?: string | undefined;
  /** Encodes what is sent over the channel, where the link is slow; left out, it is sent as it is. */
  deflate?: Deflate | undefined;
  /**
   * The node asks for an input's bytes: answer with the file, or throw `file-not-here` (not connected, moved, refused).
   * The source is read in 1 MiB pieces and need not be kept after `close`.
   */
  openFile?: (request: FileRequest) => Promise<ServedFile>;
  /** How far an input is on its way to the node. */
  onSending?: (request: FileRequest, progress: TransferProgress) => void;
}

export interface JobWatcher {
  onProgress?: (progress: JobProgress) => void;
  onConsole?: (console: JobConsole) => void;
}

export class ComputeClient {
  readonly #link: ControlLink;
  readonly #exchange: FileExchange;
  readonly #watchers = new Map<string, Set<JobWatcher>>();

  constructor(options: ComputeClientOptions) {
    this.#exchange = new FileExchange({
      bulk: new BulkLink(options.bulk, { deflate: options.deflate }),
      open: options.openFile ?? fileNotHere,
      ...(options.httpBaseUrl !== undefined && { http: { role: 'browser', baseUrl: options.httpBaseUrl } }),
      ...(options.onSending && { onSending: options.onSending })
    });
    this.#link = new ControlLink(options.control, {
      handlers: this.#exchange.handlers,
      notices: {
        'job-progress': (progress) => this.#each(progress, (watcher) => watcher.onProgress?.(progress)),
        'job-console': (console) => this.#each(console, (watcher) => watcher.onConsole?.(console))
      }
    });
    this.#exchange.attach(this.#link);
    options.control.onClose(() => this.#exchange.close());
  }

  /** Takes the control and bulk channels of a connection to a node. */
  static over(
    connection: PeerConnection,
    options: Omit<ComputeClientOptions, 'control' | 'bulk'> = {}
  ): ComputeClient {
    return new ComputeClient({
      ...options,
      control: peerMessageChannel(connection, 'control'),
      bulk: peerMessageChannel(connection, 'bulk')
    });
  }

  /** Bytes of chunks sent on this connection, those sent again included. */
  get bytesSent(): number {
    return this.#exchange.bytesSent;
  }

  /** @throws TaggedError `unknown-request` when the other side is not a compute node. */
  nodeInfo(signal?: AbortSignal): Promise<NodeInfo> {
    return this.#link.request('node-info', {}, signal);
  }

  /** Entries of a folder of a share; `path` is relative, '' for the share itself. */
  async listShare(share: string, path: string, signal?: AbortSignal): Promise<ShareEntry[]> {
    return (await this.#link.request('list-share', { share, path }, signal)).entries;
  }

  /**
   * Progress and console text of a job, what is known first. After a reconnect, watch again on the new client.
   * @returns ends the watching.
   */
  async watchJob(project: ProjectId, job: JobId, watcher: JobWatcher): Promise<() => void> {
    const key = `${project}:${job}`;
    const watchers = this.#watchers.get(key) ?? new Set();
    this.#watchers.set(key, watchers.add(watcher));
    try {
      await this.#link.request('watch-job', { project, job });
    } catch (error) {
      watchers.delete(watcher);
      throw error;
    }
    return () => {
      watchers.delete(watcher);
      if (watchers.size > 0 || !this.#watchers.delete(key)) return;
      this.#link.request('unwatch-job', { project, job }).catch(() => {});
    };
  }

  /**
   * Fetches a file of a project from the node, verified chunk by chunk and as a whole. To resume after a lost
   * connection, call it on the new client with the same `transfer` and the partial file.
   * @returns its content root.
   * @throws TaggedError `connection-lost`, `root-mismatch`, `file-not-here`, or what storing it throws (`quota`).
   */
  fetchFile(options: PullOptions): Promise<ContentRoot> {
    return this.#exchange.pull(options);
  }

  /**
   * Asks the node to join a project in which it has been admitted.
   * @throws TaggedError `project-refused` when none of its admins is an owner of the node or on its allow list.
   */
  async offerProject(offer: RequestBody<'offer-project'>): Promise<void> {
    await this.#link.request('offer-project', offer);
  }

  /** What deleted files and jobs of a project still take on the node. */
  unneededFiles(project: ProjectId): Promise<UnneededFiles> {
    return this.#link.request('unneeded-files', { project });
  }

  /** Removes that. @returns what went @throws TaggedError `not-allowed` unless an admin asks */
  freeSpace(project: ProjectId): Promise<UnneededFiles> {
    return this.#link.request('free-space', { project });
  }

  #each(about: { project: ProjectId; job: JobId }, tell: (watcher: JobWatcher) => void): void {
    for (const watcher of this.#watchers.get(`${about.project}:${about.job}`) ?? []) tell(watcher);
  }
}

async function fileNotHere(): Promise<never> {
  throw new TaggedError('file-not-here', 'This file is not on this device.');
}
