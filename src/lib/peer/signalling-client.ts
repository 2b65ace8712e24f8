/**
 * A connection to one signalling server that comes back by itself: with backoff after a failure, and when the server
 * falls silent.
 */
import * as v from 'valibot';
import { SignallingEvent, type SignallingRequest } from './signalling-protocol.ts';

const pingIntervalMs = 10_000;
const firstRetryMs = 250;
const longestRetryMs = 5000;
const connectTimeoutMs = 5000;

export type SignallingState = 'connecting' | 'connected' | 'unreachable' | 'closed';

export interface SignallingHandlers {
  /** What somebody published on the topic: unchecked. */
  onMessage(data: unknown): void;
  /** The topic is subscribed, at first and after each reconnection. */
  onReady(): void;
  onState(state: SignallingState): void;
}

export class SignallingClient {
  readonly url: string;
  readonly #topic: string;
  readonly #handlers: SignallingHandlers;
  #socket: WebSocket | undefined;
  #state: SignallingState = 'connecting';
  #failures = 0;
  #awaitsPong = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Connects at once; `stop` ends it. */
  constructor(options: { url: string; topic: string; handlers: SignallingHandlers }) {
    this.url = options.url;
    this.#topic = options.topic;
    this.#handlers = options.handlers;
    this.#connect();
  }

  get state(): SignallingState {
    return this.#state;
  }

  /** Sent when connected, else dropped: whoever publishes announces again in `onReady`. */
  publish(data: unknown): void {
    this.#send({ type: 'publish', topic: this.#topic, data });
  }

  stop(): void {
    this.#setState('closed');
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #connect(): void {
    let socket: WebSocket;
    try {
      socket = new WebSocket(this.url);
    } catch {
      // Such as a page by HTTPS and a ws:// address: browsers refuse that at once, and always will.
      queueMicrotask(() => this.#setState('unreachable'));
      return;
    }
    this.#socket = socket;
    this.#schedule(() => this.#lost(socket), connectTimeoutMs);
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      this.#failures = 0;
      this.#awaitsPong = false;
      this.#send({ type: 'subscribe', topics: [this.#topic] });
      this.#schedule(() => this.#ping(socket), pingIntervalMs);
      this.#setState('connected');
      this.#handlers.onReady();
    };
    socket.onmessage = ({ data }) => {
      if (this.#socket === socket) this.#receive(data);
    };
    socket.onclose = () => this.#lost(socket);
    socket.onerror = () => this.#lost(socket);
  }

  #receive(data: unknown): void {
    this.#awaitsPong = false;
    const event = parseEvent(data);
    if (event?.type === 'publish' && event.topic === this.#topic) this.#handlers.onMessage(event.data);
  }

  #ping(socket: WebSocket): void {
    if (this.#awaitsPong) {
      this.#lost(socket);
      return;
    }
    this.#awaitsPong = true;
    this.#send({ type: 'ping' });
    this.#schedule(() => this.#ping(socket), pingIntervalMs);
  }

  #lost(socket: WebSocket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    socket.close();
    this.#failures += 1;
    this.#setState('unreachable');
    const delay = Math.min(firstRetryMs * 2 ** (this.#failures - 1), longestRetryMs);
    // Jitter: everybody lost the same server at the same moment.
    this.#schedule(() => this.#connect(), delay * (0.5 + Math.random() / 2));
  }

  #send(message: SignallingRequest): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #schedule(action: () => void, delayMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(action, delayMs);
  }

  #setState(state: SignallingState): void {
    if (this.#state === state || this.#state === 'closed') return;
    this.#state = state;
    this.#handlers.onState(state);
  }
}

/** A server is no more trusted than a peer: what does not fit is ignored. */
function parseEvent(data: unknown): SignallingEvent | undefined {
  if (typeof data !== 'string') return undefined;
  try {
    return v.parse(SignallingEvent, JSON.parse(data));
  } catch {
    return undefined;
  }
}
