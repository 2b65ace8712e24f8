/** A signalling server in the wrong hands: it hears who meets where, and delivers what it likes. */
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { type WebSocket, WebSocketServer } from 'ws';

/** What is delivered in place of a message that somebody published. */
export type Tamper = (data: string) => unknown[];

export class HostileSignalling {
  readonly url: string;
  /** Everything that was published, sealed as it is. */
  readonly heard: string[] = [];
  tamper: Tamper = (data) => [data];
  readonly #server: WebSocketServer;
  readonly #topics = new Map<string, Set<WebSocket>>();

  private constructor(server: WebSocketServer) {
    this.#server = server;
    this.url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('connection', (socket) => {
      socket.on('error', () => undefined);
      socket.on('message', (text) => this.#receive(socket, String(text)));
    });
  }

  static async open(): Promise<HostileSignalling> {
    const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(server, 'listening');
    return new HostileSignalling(server);
  }

  /** Says something to everybody, whatever it is, as it stands on the wire. */
  shout(text: string | Uint8Array): void {
    for (const client of this.#server.clients) client.send(text);
  }

  /** Delivers to everybody who listens anywhere. */
  publish(data: unknown): void {
    for (const [topic, subscribers] of this.#topics)
      for (const subscriber of subscribers) subscriber.send(JSON.stringify({ type: 'publish', topic, data }));
  }

  async close(): Promise<void> {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #receive(socket: WebSocket, text: string): void {
    const message = JSON.parse(text) as { type: string; topics?: string[]; topic?: string; data?: string };
    if (message.type === 'ping') socket.send(JSON.stringify({ type: 'pong' }));
    for (const topic of message.topics ?? [])
      this.#topics.set(topic, (this.#topics.get(topic) ?? new Set()).add(socket));
    if (message.type !== 'publish' || message.data === undefined || message.topic === undefined) return;
    this.heard.push(message.data);
    for (const data of this.tamper(message.data))
      for (const subscriber of this.#topics.get(message.topic) ?? [])
        if (subscriber !== socket)
          subscriber.send(JSON.stringify({ type: 'publish', topic: message.topic, data }));
  }
}
