/**
 * Moves files between two peers: whoever needs a file asks for it, and the other side sends what is missing, over HTTP
 * where the asker or the answerer is the node that served the page, else over the bulk channel.
 */
import { type ByteSource } from '#lib/bytes/byte-source.ts';
import { chunkCount, hashChunk } from '#lib/bytes/content-root.ts';
import { TaggedError, fromErrorRecord, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot, type FileId, type ProjectId } from '#lib/model/ids.ts';
import { type BulkLink, type ChunkTaker } from './bulk-link.ts';
import { ChunkBitmap } from './chunk-bitmap.ts';
import {
  fileChanged,
  progressOf,
  readChunk,
  sendChunks,
  sendWindow,
  type ChunkCarrier
} from './chunk-sender.ts';
import { connectionLost, type ControlLink, type RequestHandlers } from './control-link.ts';
import { HttpCarrier } from './http-carrier.ts';
import { finishPartial, takeChunk, type PartialFile } from './partial-file.ts';
import {
  type FileIdentity,
  type HttpTicket,
  type RequestBody,
  type RequestReply,
  type TransferId
} from './protocol.ts';
import { type TransferProgress } from './transfer-progress.ts';

/** A file that this side offers to send. */
export interface ServedFile {
  source: ByteSource;
  identity: FileIdentity;
  root?: ContentRoot;
  /** Rejects with `file-changed` when the file is no longer what `identity` says. */
  checkUnchanged?: () => Promise<void>;
  close?: () => Promise<void>;
}

export interface FileRequest {
  project: ProjectId;
  file?: FileId | undefined;
  root?: ContentRoot | undefined;
}

/** The node's half of bulk over HTTP: chunks of one transfer are taken or given under the ticket it makes. */
export interface HttpDesk {
  openPut(transfer: TransferId, take: ChunkTaker): HttpTicket;
  openGet(
    transfer: TransferId,
    give: (index: number) => Promise<{ hash: Uint8Array; bytes: Uint8Array }>
  ): HttpTicket;
  renew(transfer: TransferId): HttpTicket;
  close(transfer: TransferId): void;
}

/** This side's part in bulk over HTTP; none: always the channel. */
export type HttpRole =
  { role: 'browser'; baseUrl: string; fetch?: typeof fetch } | { role: 'node'; desk: HttpDesk };

export interface FileExchangeOptions {
  bulk: BulkLink;
  http?: HttpRole | undefined;
  /**
   * Finds a file that the peer asks for, after checking that it may have it.
   * @throws TaggedError `file-not-here` or another reason that the asker may read.
   */
  open(request: FileRequest): Promise<ServedFile>;
  onSending?: (request: FileRequest, progress: TransferProgress) => void;
}

export interface PullOptions extends FileRequest {
  /** The same id over all resumptions. */
  transfer: TransferId;
  /** What an earlier connection left. */
  partial?: PartialFile | undefined;
  /** Makes the place for a file of which nothing is here; may refuse for want of space. */
  create: (identity: FileIdentity) => Promise<PartialFile>;
  onProgress?: (progress: TransferProgress) => void;
  signal?: AbortSignal | undefined;
}

interface Incoming {
  ready: Promise<PartialFile>;
  finish(root: ContentRoot): Promise<void>;
  fail(error: Error): void;
}

export class FileExchange {
  readonly #options: FileExchangeOptions;
  readonly #incoming = new Map<TransferId, Incoming>();
  readonly #outgoing = new Map<TransferId, AbortController>();
  #link: ControlLink | undefined;
  #httpBytesSent = 0;

  constructor(options: FileExchangeOptions) {
    this.#options = options;
  }

  /** Must be called once, with the link that was made with this exchange's handlers. */
  attach(link: ControlLink): void {
    this.#link = link;
  }

  /** Chunk bytes sent on this connection, those sent again included. */
  get bytesSent(): number {
    return this.#options.bulk.bytesSent + this.#httpBytesSent;
  }

  /** What this side answers; goes into the ControlLink. */
  readonly handlers: RequestHandlers = {
    'pull-file': (body) => this.#serve(body),
    'finish-transfer': async ({ transfer, root }) => {
      await this.#expect(transfer).finish(root);
      return {};
    },
    'end-transfer': ({ transfer, error }) => {
      const reason = error
        ? fromErrorRecord(error)
        : new TaggedError('transfer-ended', 'The other side gave up.');
      this.#incoming.get(transfer)?.fail(reason);
      this.#outgoing.get(transfer)?.abort(reason);
      return {};
    },
    'renew-ticket': ({ transfer }) => {
      const http = this.#options.http;
      if (http?.role !== 'node') throw new TaggedError('unknown-transfer', 'There is no such transfer.');
      return http.desk.renew(transfer);
    }
  };

  /** The connection is gone: whatever is sent on it ends. */
  close(): void {
    for (const abort of this.#outgoing.values()) abort.abort(connectionLost());
    for (const incoming of this.#incoming.values()) incoming.fail(connectionLost());
  }

  /**
   * Asks the peer for a file and stores it, verified. After a lost connection, call again with the same transfer and
   * the partial file: only missing chunks move.
   * @throws TaggedError what the peer answered (`file-changed`, `file-not-here`, …), `connection-lost`, `root-mismatch`,
   *   or what storing it throws.
   */
  async pull(options: PullOptions): Promise<ContentRoot> {
    const { transfer, partial, project, file, root, signal } = options;
    const { http } = this.#options;
    const incoming = this.#receive(options);
    try {
      const reply = await this.#control.request(
        'pull-file',
        {
          transfer,
          project,
          http: http !== undefined,
          ...(file && { file }),
          ...(root && { root }),
          ...(partial && { have: partial.have.toBase64(), identity: partial.identity }),
          ...(http?.role === 'node' && { ticket: http.desk.openPut(transfer, incoming.take) })
        },
        signal
      );
      const target = await incoming.begin(reply.identity);
      if (reply.carrier === 'http' && http?.role === 'browser' && reply.ticket)
        return await this.#fetchChunks(options, target, {
          http,
          ticket: reply.ticket,
          root: reply.root ?? root
        });
      return await incoming.finished;
    } catch (error) {
      this.#control.request('end-transfer', { transfer, error: toErrorRecord(error) }).catch(() => {});
      throw error;
    } finally {
      incoming.end();
    }
  }

  get #control(): ControlLink {
    if (!this.#link) throw connectionLost();
    return this.#link;
  }

  #expect(transfer: TransferId): Incoming {
    const incoming = this.#incoming.get(transfer);
    if (!incoming) throw new TaggedError('unknown-transfer', 'There is no such transfer.');
    return incoming;
  }

  // Chunks may overtake the reply that says how large the file is, so they wait for the place that it makes.
  #receive({ transfer, partial, create, root, onProgress, signal }: PullOptions) {
    const ready = Promise.withResolvers<PartialFile>();
    const finished = Promise.withResolvers<ContentRoot>();
    ready.promise.catch(() => {});
    finished.promise.catch(() => {});
    let failure: Error | undefined;
    const fail = (error: Error) => {
      failure ??= error;
      ready.reject(error);
      finished.reject(error);
    };
    const take: ChunkTaker = async (index, hash, bytes) => {
      const target = await ready.promise;
      if (failure) throw failure;
      try {
        await takeChunk(target, index, hash, bytes);
      } catch (error) {
        // A chunk that cannot be stored ends the transfer; a damaged one is sent again.
        if (!(error instanceof TaggedError && error.tag === 'chunk-refused')) fail(error as Error);
        throw error;
      }
      onProgress?.(progressOf(target.identity.size, target.have));
    };
    const finish = async (announced: ContentRoot) => {
      try {
        if (root !== undefined && announced !== root) throw fileChanged();
        finished.resolve(await finishPartial(await ready.promise, announced));
      } catch (error) {
        fail(error as Error);
        throw error;
      }
    };
    const stopTaking = this.#options.bulk.take(transfer, take);
    const abort = () => fail(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    this.#incoming.set(transfer, { ready: ready.promise, finish, fail });
    return {
      take,
      finished: finished.promise,
      begin: async (identity: FileIdentity) => {
        if (partial && !sameIdentity(partial.identity, identity)) throw fileChanged();
        const target = partial ?? (await create(identity));
        ready.resolve(target);
        return target;
      },
      end: () => {
        fail(new TaggedError('transfer-ended', 'The transfer has ended.'));
        signal?.removeEventListener('abort', abort);
        stopTaking();
        this.#incoming.delete(transfer);
        if (this.#options.http?.role === 'node') this.#options.http.desk.close(transfer);
      }
    };
  }

  async #fetchChunks(
    { transfer, onProgress, signal }: PullOptions,
    target: PartialFile,
    from: { http: HttpRole & { role: 'browser' }; ticket: HttpTicket; root: ContentRoot | undefined }
  ): Promise<ContentRoot> {
    const carrier = this.#httpCarrier(transfer, from.http, from.ticket);
    const missing = target.have.missing();
    const lane = async () => {
      for (let next = missing.next(); !next.done; next = missing.next()) {
        const { hash, bytes } = await carrier.get(next.value, signal);
        await takeChunk(target, next.value, hash, bytes);
        onProgress?.(progressOf(target.identity.size, target.have));
      }
    };
    await Promise.all(Array.from({ length: sendWindow }, lane));
    const root = await finishPartial(target, from.root);
    this.#control.request('end-transfer', { transfer }).catch(() => {});
    return root;
  }

  #httpCarrier(transfer: TransferId, http: HttpRole & { role: 'browser' }, ticket: HttpTicket): HttpCarrier {
    return new HttpCarrier({
      baseUrl: http.baseUrl,
      transfer,
      ticket,
      renew: () => this.#control.request('renew-ticket', { transfer }),
      onSent: (bytes) => (this.#httpBytesSent += bytes),
      ...(http.fetch && { fetch: http.fetch })
    });
  }

  async #serve(body: RequestBody<'pull-file'>): Promise<RequestReply<'pull-file'>> {
    const { transfer, have, identity } = body;
    if (this.#outgoing.has(transfer))
      throw new TaggedError('transfer-runs', 'This transfer is under way already.');
    const served = await this.#options.open({ project: body.project, file: body.file, root: body.root });
    try {
      if (identity && !sameIdentity(identity, served.identity)) throw fileChanged();
      if (body.root !== undefined && served.root !== undefined && body.root !== served.root)
        throw fileChanged();
      const count = chunkCount(served.identity.size);
      const bitmap = have === undefined ? new ChunkBitmap(count) : ChunkBitmap.fromBase64(have, count);
      return this.#start(body, served, bitmap);
    } catch (error) {
      await served.close?.();
      throw error;
    }
  }

  #start(body: RequestBody<'pull-file'>, served: ServedFile, have: ChunkBitmap): RequestReply<'pull-file'> {
    const { http } = this.#options;
    const { transfer } = body;
    const abort = new AbortController();
    this.#outgoing.set(transfer, abort);
    const end = () => {
      this.#outgoing.delete(transfer);
      served.close?.().catch(() => {});
    };
    const described = { identity: served.identity, ...(served.root && { root: served.root }) };
    if (http?.role === 'node' && body.http) {
      const ticket = http.desk.openGet(transfer, (index) => readWithHash(served, index, abort.signal));
      abort.signal.addEventListener('abort', () => {
        http.desk.close(transfer);
        end();
      });
      return { ...described, carrier: 'http', ticket };
    }
    const overHttp =
      http?.role === 'browser' && body.ticket ? this.#httpCarrier(transfer, http, body.ticket) : undefined;
    const carrier = overHttp ?? this.#options.bulk.carrier(transfer);
    void this.#push({ body, served, have, carrier, signal: abort.signal }).finally(end);
    return { ...described, carrier: overHttp ? 'http' : 'channel' };
  }

  async #push(push: {
    body: RequestBody<'pull-file'>;
    served: ServedFile;
    have: ChunkBitmap;
    carrier: ChunkCarrier;
    signal: AbortSignal;
  }): Promise<void> {
    const { body, served, have, carrier, signal } = push;
    const { transfer, project, file, root: asked } = body;
    try {
      const root = await sendChunks({
        source: served.source,
        have,
        carrier,
        signal,
        onProgress: (progress) => this.#options.onSending?.({ project, file, root: asked }, progress),
        ...(served.root && { root: served.root }),
        ...(served.checkUnchanged && { checkUnchanged: served.checkUnchanged })
      });
      await this.#control.request('finish-transfer', { transfer, root }, signal);
    } catch (error) {
      if (!signal.aborted)
        this.#control.request('end-transfer', { transfer, error: toErrorRecord(error) }).catch(() => {});
    }
  }
}

async function readWithHash({ source }: ServedFile, index: number, signal: AbortSignal) {
  if (index >= chunkCount(source.size)) throw new TaggedError('no-such-chunk', `There is no chunk ${index}.`);
  const bytes = await readChunk(source, index, signal);
  return { hash: await hashChunk(bytes), bytes };
}

function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return a.size === b.size && a.lastModified === b.lastModified && a.spotHash === b.spotHash;
}
