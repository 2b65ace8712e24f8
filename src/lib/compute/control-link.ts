/** Requests, replies and notices over one control channel; both ends are alike. */
import * as v from 'valibot';
import { ErrorRecord, TaggedError, fromErrorRecord, toErrorRecord } from '#lib/model/errors.ts';
import { type MessageChannel } from './message-channel.ts';
import {
  ControlMessage,
  maxControlBytes,
  notices,
  requests,
  type NoticeBody,
  type NoticeType,
  type RequestBody,
  type RequestReply,
  type RequestType
} from './protocol.ts';

/** Answers requests; what it throws reaches the asker as an ErrorRecord. */
export type RequestHandlers = {
  [T in RequestType]?: (body: RequestBody<T>) => Promise<RequestReply<T>> | RequestReply<T>;
};
export type NoticeHandlers = { [T in NoticeType]?: (body: NoticeBody<T>) => void };

interface Pending {
  resolve(body: unknown): void;
  reject(error: Error): void;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });
/** Requests that one peer may have under way; more are refused, so that a peer cannot pile up work. */
const maxOpenRequests = 64;

export class ControlLink {
  readonly #channel: MessageChannel;
  readonly #handlers: RequestHandlers;
  readonly #notices: NoticeHandlers;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #answering = 0;
  #closed = false;

  constructor(
    channel: MessageChannel,
    options: { handlers?: RequestHandlers; notices?: NoticeHandlers } = {}
  ) {
    this.#channel = channel;
    this.#handlers = options.handlers ?? {};
    this.#notices = options.notices ?? {};
    channel.onMessage((bytes) => this.#receive(bytes));
    channel.onClose(() => this.#close());
  }

  /**
   * Asks and waits for the answer.
   * @throws TaggedError what the other side answered; `connection-lost` when the channel closes first;
   *   `bad-reply` when the answer does not fit the protocol.
   */
  async request<T extends RequestType>(
    type: T,
    body: RequestBody<T>,
    signal?: AbortSignal
  ): Promise<RequestReply<T>> {
    signal?.throwIfAborted();
    if (this.#closed) throw connectionLost();
    const id = this.#nextId++;
    const reply = new Promise<unknown>((resolve, reject) => this.#pending.set(id, { resolve, reject }));
    const abort = () => this.#settle(id)?.reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    try {
      this.#send({ kind: 'request', id, type, body });
      const parsed = v.safeParse(requests[type].reply, await reply);
      if (!parsed.success)
        throw new TaggedError('bad-reply', `The answer to ${type} does not fit the protocol.`);
      return parsed.output as RequestReply<T>;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#pending.delete(id);
    }
  }

  /** Tells; a closed connection is no error. */
  notify<T extends NoticeType>(type: T, body: NoticeBody<T>): void {
    this.#send({ kind: 'notice', type, body });
  }

  #send(message: ControlMessage): void {
    if (this.#closed) return;
    // A failed send means that the channel is closing; #close then rejects whatever waits.
    this.#channel.send(encoder.encode(JSON.stringify(message))).catch(() => {});
  }

  #receive(bytes: Uint8Array): void {
    const message = decode(bytes);
    if (!message) {
      this.#send({ kind: 'error', error: { tag: 'bad-message', message: 'That is not a control message.' } });
      return;
    }
    if (message.kind === 'request') void this.#answer(message);
    else if (message.kind === 'reply') this.#settle(message.id)?.resolve(message.body);
    else if (message.kind === 'notice') this.#take(message);
    else if (message.id !== undefined) this.#settle(message.id)?.reject(fromErrorRecord(message.error));
  }

  async #answer({ id, type, body }: { id: number; type: string; body: unknown }): Promise<void> {
    if (this.#answering >= maxOpenRequests)
      return this.#refuse(id, 'too-many-requests', 'Too many requests at once.');
    this.#answering++;
    try {
      const handler = isRequestType(type) ? this.#handlers[type] : undefined;
      if (!isRequestType(type) || !handler)
        return this.#refuse(id, 'unknown-request', `"${type}" is not answered here.`);
      const parsed = v.safeParse(requests[type].body, body);
      if (!parsed.success)
        return this.#refuse(id, 'bad-request', `The request ${type} does not fit the protocol.`);
      const reply = await (handler as (body: unknown) => unknown)(parsed.output);
      this.#send({ kind: 'reply', id, body: reply });
    } catch (error) {
      this.#send({ kind: 'error', id, error: clipped(toErrorRecord(error)) });
    } finally {
      this.#answering--;
    }
  }

  #take({ type, body }: { type: string; body: unknown }): void {
    if (!isNoticeType(type)) return;
    const parsed = v.safeParse(notices[type], body);
    if (parsed.success) (this.#notices[type] as ((body: unknown) => void) | undefined)?.(parsed.output);
  }

  #refuse(id: number, tag: string, message: string): void {
    this.#send({ kind: 'error', id, error: { tag, message: message.slice(0, 400) } });
  }

  #settle(id: number): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #close(): void {
    this.#closed = true;
    for (const pending of this.#pending.values()) pending.reject(connectionLost());
    this.#pending.clear();
  }
}

export function connectionLost(): TaggedError {
  return new TaggedError('connection-lost', 'The connection was lost before the answer came.');
}

function decode(bytes: Uint8Array): ControlMessage | undefined {
  if (bytes.byteLength > maxControlBytes) return undefined;
  try {
    const parsed = v.safeParse(ControlMessage, JSON.parse(decoder.decode(bytes)));
    return parsed.success ? parsed.output : undefined;
  } catch {
    return undefined;
  }
}

// An error that does not fit the wire form would be dropped by the other side, which would then wait for ever.
function clipped(error: ErrorRecord): ErrorRecord {
  const parsed = v.safeParse(ErrorRecord, { ...error, message: error.message.slice(0, 4000) });
  return parsed.success ? parsed.output : { tag: 'unexpected', message: error.message.slice(0, 4000) };
}

function isRequestType(type: string): type is RequestType {
  return Object.hasOwn(requests, type);
}

function isNoticeType(type: string): type is NoticeType {
  return Object.hasOwn(notices, type);
}
