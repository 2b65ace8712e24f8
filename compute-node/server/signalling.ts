/**
 * The signalling server: subscribe, publish, ping over WebSocket. It relays sealed messages between those who know a
 * topic; it stores nothing, and no message can end it.
 */
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import * as v from 'valibot';
import { type WebSocket, WebSocketServer } from 'ws';
import {
  signallingMessageLimit,
  SignallingRequest,
  topicsPerConnection
} from '#lib/peer/signalling-protocol.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

export interface SignallingLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  readonly subscribersPerTopic: number;
  /** Requests of one connection: so many a second, with bursts of ten seconds' worth. */
  readonly requestsPerSecond: number;
  /** A connection that says nothing for so long is ended; clients ping every 10 s. */
  readonly idleMs: number;
  /** Bytes waiting for a slow reader before it is ended. */
  readonly bufferedBytes: number;
}

export const signallingLimits: SignallingLimits = {
  connections: 2000,
  connectionsPerAddress: 200,
  subscribersPerTopic: 100,
  requestsPerSecond: 50,
  idleMs: 60_000,
  bufferedBytes: 1024 * 1024
};

export interface SignallingServerOptions {
  /** Whether Host, Origin and address of a request are acceptable: the HTTP server's own rule. */
  readonly admits: (request: IncomingMessage) => boolean;
  readonly limits?: Partial<SignallingLimits>;
}

interface Client {
  readonly socket: WebSocket;
  readonly address: string;
  readonly topics: Set<string>;
  budget: number;
  refilledAt: number;
  heardAt: number;
}

const policyViolation = 1008;

export class SignallingServer {
  readonly #admits: (request: IncomingMessage) => boolean;
  readonly #limits: SignallingLimits;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: signallingMessageLimit });
  readonly #clients = new Set<Client>();
  readonly #topics = new Map<string, Set<Client>>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ admits, limits }: SignallingServerOptions) {
    this.#admits = admits;
    this.#limits = { ...signallingLimits, ...limits };
    this.#sweep = setInterval(() => this.#endIdle(), this.#limits.idleMs / 2).unref();
  }

  /** For the HTTP server's `upgrade` event, when the path is the signalling server's. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#admits(request)) {
      refuseUpgrade(socket, 403);
      return;
    }
    const address = request.socket.remoteAddress ?? '';
    const fromAddress = [...this.#clients].filter((client) => client.address === address).length;
    if (this.#clients.size >= this.#limits.connections || fromAddress >= this.#limits.connectionsPerAddress) {
      refuseUpgrade(socket, 429);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#accept(webSocket, address));
  }

  close(): void {
    clearInterval(this.#sweep);
    for (const { socket } of this.#clients) socket.terminate();
    this.#sockets.close();
  }

  #accept(socket: WebSocket, address: string): void {
    const now = performance.now();
    const budget = this.#burst;
    const client: Client = { socket, address, topics: new Set(), budget, refilledAt: now, heardAt: now };
    this.#clients.add(client);
    socket.on('message', (data, isBinary) => this.#receive(client, isBinary ? undefined : String(data)));
    socket.on('close', () => this.#forget(client));
    // A frame that is too large or no UTF-8 ends this connection only.
    socket.on('error', () => socket.terminate());
  }

  #receive(client: Client, text: string | undefined): void {
    client.heardAt = performance.now();
    if (!this.#spend(client)) {
      client.socket.close(policyViolation, 'too many messages');
      return;
    }
    const request = parseRequest(text);
    if (!request) client.socket.close(policyViolation, 'not understood');
    else if (request.type === 'ping') this.#send(client, JSON.stringify({ type: 'pong' }));
    else if (request.type === 'publish') this.#publish(client, request.topic, request.data);
    else if (request.type === 'subscribe') for (const topic of request.topics) this.#subscribe(client, topic);
    else for (const topic of request.topics) this.#unsubscribe(client, topic);
  }

  #subscribe(client: Client, topic: string): void {
    const subscribers = this.#topics.get(topic) ?? new Set();
    if (client.topics.size >= topicsPerConnection || subscribers.size >= this.#limits.subscribersPerTopic) {
      client.socket.close(policyViolation, 'too many topics or subscribers');
      return;
    }
    subscribers.add(client);
    client.topics.add(topic);
    this.#topics.set(topic, subscribers);
  }

  #unsubscribe(client: Client, topic: string): void {
    client.topics.delete(topic);
    const subscribers = this.#topics.get(topic);
    subscribers?.delete(client);
    if (subscribers?.size === 0) this.#topics.delete(topic);
  }

  /** To the others of the topic only, and only from one of them: who does not know a topic cannot disturb it. */
  #publish(client: Client, topic: string, data: unknown): void {
    if (!client.topics.has(topic)) return;
    const text = JSON.stringify({ type: 'publish', topic, data });
    for (const subscriber of this.#topics.get(topic) ?? [])
      if (subscriber !== client) this.#send(subscriber, text);
  }

  #send({ socket }: Client, text: string): void {
    if (socket.bufferedAmount > this.#limits.bufferedBytes) socket.terminate();
    else if (socket.readyState === socket.OPEN) socket.send(text);
  }

  /** A token bucket for each connection. */
  #spend(client: Client): boolean {
    const now = performance.now();
    const refill = ((now - client.refilledAt) / 1000) * this.#limits.requestsPerSecond;
    client.budget = Math.min(this.#burst, client.budget + refill) - 1;
    client.refilledAt = now;
    return client.budget >= 0;
  }

  get #burst(): number {
    return this.#limits.requestsPerSecond * 10;
  }

  #forget(client: Client): void {
    this.#clients.delete(client);
    for (const topic of client.topics) this.#unsubscribe(client, topic);
  }

  #endIdle(): void {
    const since = performance.now() - this.#limits.idleMs;
    for (const { socket, heardAt } of this.#clients) if (heardAt < since) socket.terminate();
  }
}

function parseRequest(text: string | undefined): SignallingRequest | undefined {
  if (text === undefined) return undefined;
  try {
    return v.parse(SignallingRequest, JSON.parse(text));
  } catch {
    return undefined;
  }
}
