/**
 * Chunks over HTTP: PUT and GET of /bulk/<transfer>/<chunk> under a bearer token that went over the authenticated
 * connection and opens this one transfer for ten minutes.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { bytesOfHex, chunkHashHeader } from '#lib/compute/http-carrier.ts';
import { hexOf } from '#lib/compute/bulk-frames.ts';
import { type ChunkTaker } from '#lib/compute/bulk-link.ts';
import { type HttpDesk } from '#lib/compute/file-exchange.ts';
import { type HttpTicket, type TransferId } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';

const ticketMs = 10 * 60 * 1000;
const maxChunkBytes = 1024 * 1024;
const maxIndex = 2 ** 32 - 1;

interface OpenTransfer {
  tokens: { hash: Buffer; expiresAt: number }[];
  take?: ChunkTaker;
  give?: (index: number) => Promise<{ hash: Uint8Array; bytes: Uint8Array }>;
}

export class BulkDesk implements HttpDesk {
  readonly #transfers = new Map<TransferId, OpenTransfer>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  openPut(transfer: TransferId, take: ChunkTaker): HttpTicket {
    return this.#open(transfer, { tokens: [], take });
  }

  openGet(transfer: TransferId, give: NonNullable<OpenTransfer['give']>): HttpTicket {
    return this.#open(transfer, { tokens: [], give });
  }

  renew(transfer: TransferId): HttpTicket {
    const open = this.#transfers.get(transfer);
    if (!open) throw new TaggedError('unknown-transfer', 'There is no such transfer.');
    return this.#issue(open);
  }

  close(transfer: TransferId): void {
    this.#transfers.delete(transfer);
  }

  /** A desk for one connection: what it closes and renews is only what it opened. */
  forConnection(): HttpDesk & { closeAll(): void } {
    const own = new Set<TransferId>();
    return {
      openPut: (transfer, take) => this.openPut(claim(this.#transfers, own, transfer), take),
      openGet: (transfer, give) => this.openGet(claim(this.#transfers, own, transfer), give),
      renew: (transfer) => {
        if (!own.has(transfer)) throw new TaggedError('unknown-transfer', 'There is no such transfer.');
        return this.renew(transfer);
      },
      close: (transfer) => {
        if (own.delete(transfer)) this.close(transfer);
      },
      closeAll: () => {
        for (const transfer of own) this.close(transfer);
        own.clear();
      }
    };
  }

  /** Answers below /bulk/; the door (Host, Origin) has been passed. */
  readonly handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.setHeader('Cache-Control', 'no-store');
    const target = /^\/bulk\/([0-9a-f]{32})\/(\d{1,10})$/.exec(request.url ?? '');
    const index = Number(target?.[2]);
    if (!target || index > maxIndex) return answer(response, 404, 'There is no such chunk.');
    const open = this.#transfers.get(target[1] as TransferId);
    if (!open || !this.#mayPass(request, open)) {
      response.setHeader('WWW-Authenticate', 'Bearer');
      return answer(response, 401, 'This transfer needs a valid ticket.');
    }
    if (request.method === 'PUT' && open.take) return putChunk(request, response, { index, take: open.take });
    if (request.method === 'GET' && open.give) return getChunk(response, index, open.give);
    answer(response, 405, 'This transfer goes the other way.');
  };

  #open(transfer: TransferId, open: OpenTransfer): HttpTicket {
    this.#transfers.set(transfer, open);
    return this.#issue(open);
  }

  // Earlier tokens stay until they expire: chunks that carry them are under way.
  #issue(open: OpenTransfer): HttpTicket {
    const token = randomBytes(32).toString('base64url');
    const expiresAt = this.#now() + ticketMs;
    open.tokens = open.tokens.filter((known) => known.expiresAt > this.#now());
    open.tokens.push({ hash: hashToken(token), expiresAt });
    return { token, expiresAt };
  }

  #mayPass(request: IncomingMessage, open: OpenTransfer): boolean {
    const token = /^Bearer ([A-Za-z0-9_-]{43})$/.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined) return false;
    const hash = hashToken(token);
    return open.tokens.some((known) => known.expiresAt > this.#now() && timingSafeEqual(known.hash, hash));
  }
}

function claim(
  transfers: ReadonlyMap<TransferId, OpenTransfer>,
  own: Set<TransferId>,
  transfer: TransferId
): TransferId {
  if (transfers.has(transfer) && !own.has(transfer))
    throw new TaggedError('transfer-runs', 'This transfer is under way on another connection.');
  own.add(transfer);
  return transfer;
}

async function putChunk(
  request: IncomingMessage,
  response: ServerResponse,
  { index, take }: { index: number; take: ChunkTaker }
): Promise<void> {
  const hash = bytesOfHex(String(request.headers[chunkHashHeader] ?? ''));
  if (hash.byteLength !== 32) return answer(response, 400, `The header ${chunkHashHeader} is missing.`);
  const bytes = await readBody(request);
  if (!bytes) return answer(response, 413, 'A chunk has at most 1 MiB.');
  try {
    await take(index, hash, bytes);
    response.writeHead(204).end();
  } catch (error) {
    const damaged = error instanceof TaggedError && error.tag === 'chunk-refused';
    answer(
      response,
      damaged ? 422 : 507,
      damaged ? 'The chunk arrived damaged.' : 'The chunk could not be stored.'
    );
  }
}

async function getChunk(
  response: ServerResponse,
  index: number,
  give: NonNullable<OpenTransfer['give']>
): Promise<void> {
  try {
    const { hash, bytes } = await give(index);
    response.setHeader(chunkHashHeader, hexOf(hash));
    response.setHeader('Content-Type', 'application/octet-stream');
    response.setHeader('Content-Length', bytes.byteLength);
    response.writeHead(200).end(bytes);
  } catch {
    answer(response, 404, 'There is no such chunk.');
  }
}

/** Undefined when there is more than a chunk; a body that breaks off rejects. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > maxChunkBytes) return undefined;
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.byteLength;
    if (length > maxChunkBytes) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${message}\n`);
}
