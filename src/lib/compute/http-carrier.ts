/** The browser's half of bulk over HTTP: chunks to and from a node under a ticket that is renewed before it ends. */
import { TaggedError } from '#lib/model/errors.ts';
import { hexOf } from './bulk-frames.ts';
import { type ChunkCarrier } from './chunk-sender.ts';
import { type HttpTicket, type TransferId } from './protocol.ts';

/** Header that carries a chunk's hash, in hex, before its bytes. */
export const chunkHashHeader = 'dendro-chunk-hash';
const renewBeforeMs = 60_000;

export interface HttpCarrierOptions {
  /** Origin of the node, such as http://localhost:4317. */
  baseUrl: string;
  transfer: TransferId;
  ticket: HttpTicket;
  /** Asks the node for a fresh ticket over the authenticated connection. */
  renew: () => Promise<HttpTicket>;
  /** Told of every chunk given to fetch, those sent again included. */
  onSent?: (bytes: number) => void;
  fetch?: typeof fetch;
}

export class HttpCarrier implements ChunkCarrier {
  readonly #options: HttpCarrierOptions;
  #ticket: Promise<HttpTicket>;

  constructor(options: HttpCarrierOptions) {
    this.#options = options;
    this.#ticket = Promise.resolve(options.ticket);
  }

  async put(index: number, hash: Uint8Array, bytes: Uint8Array, signal?: AbortSignal): Promise<void> {
    this.#options.onSent?.(bytes.byteLength);
    await this.#fetch(index, {
      method: 'PUT',
      headers: { [chunkHashHeader]: hexOf(hash), 'content-type': 'application/octet-stream' },
      body: bytes as Uint8Array<ArrayBuffer>,
      signal: signal ?? null
    });
  }

  async get(index: number, signal?: AbortSignal): Promise<{ hash: Uint8Array; bytes: Uint8Array }> {
    const response = await this.#fetch(index, { method: 'GET', signal: signal ?? null });
    const hash = bytesOfHex(response.headers.get(chunkHashHeader) ?? '');
    return { hash, bytes: new Uint8Array(await response.arrayBuffer()) };
  }

  async #fetch(index: number, init: RequestInit & { headers?: Record<string, string> }): Promise<Response> {
    const { baseUrl, transfer, fetch: fetchIt = fetch } = this.#options;
    const { token } = await this.#validTicket();
    const headers = { ...init.headers, authorization: `Bearer ${token}` };
    let response: Response;
    try {
      response = await fetchIt(`${baseUrl}/bulk/${transfer}/${index}`, {
        ...init,
        headers,
        cache: 'no-store'
      });
    } catch (error) {
      init.signal?.throwIfAborted();
      throw new TaggedError('connection-lost', 'The node did not answer.', {}, { cause: error });
    }
    if (response.ok) return response;
    await response.body?.cancel();
    if (response.status === 422) throw new TaggedError('chunk-refused', `Chunk ${index} arrived damaged.`);
    throw new TaggedError('bulk-refused', `The node refused a chunk (HTTP ${response.status}).`, {
      status: response.status
    });
  }

  async #validTicket(): Promise<HttpTicket> {
    const ticket = await this.#ticket;
    if (ticket.expiresAt - Date.now() > renewBeforeMs) return ticket;
    this.#ticket = this.#options.renew();
    // A failed renewal is tried again by the next chunk instead of being kept.
    this.#ticket.catch(() => (this.#ticket = Promise.resolve(ticket)));
    return this.#ticket;
  }
}

export function bytesOfHex(text: string): Uint8Array {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return new Uint8Array();
  return Uint8Array.from({ length: text.length / 2 }, (_, at) =>
    parseInt(text.slice(2 * at, 2 * at + 2), 16)
  );
}
