/**
 * The node's `/peer` door: a page on this machine carries its authenticated connections over a WebSocket when WebRTC has
 * no network interface to use. Only a TCP peer on loopback is let in, whatever the node listens on.
 */
import { type IncomingMessage } from 'node:http';
import { type Duplex } from 'node:stream';
import * as v from 'valibot';
import { type WebSocket, WebSocketServer } from 'ws';
import { frameLimit } from '#lib/peer/frames.ts';
import { type LoopbackRooms } from '#lib/peer/loopback-rooms.ts';
import { SocketTransport } from '#lib/peer/socket-transport.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

const RoomRequest = v.object({ v: v.literal(1), room: v.pipe(v.string(), v.minLength(1), v.maxLength(128)) });
const roomTimeoutMs = 5000;
const maxSockets = 64;
const policyViolation = 1008;

export interface PeerSocketOptions {
  /** Whether Host and Origin of a request are acceptable: the HTTP server's own rule. */
  readonly admits: (request: IncomingMessage) => boolean;
  readonly rooms: LoopbackRooms;
}

export class PeerSocketServer {
  readonly #options: PeerSocketOptions;
  readonly #sockets = new WebSocketServer({ noServer: true, maxPayload: frameLimit + 1 });

  constructor(options: PeerSocketOptions) {
    this.#options = options;
  }

  /** For the HTTP server's `upgrade` event, when the path is `/peer`. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!isLoopback(request.socket.remoteAddress) || !this.#options.admits(request)) {
      refuseUpgrade(socket, 403);
      return;
    }
    if (this.#sockets.clients.size >= maxSockets) {
      refuseUpgrade(socket, 429);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#awaitRoom(webSocket));
  }

  close(): void {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#sockets.close();
  }

  #awaitRoom(socket: WebSocket): void {
    const timeout = setTimeout(() => socket.terminate(), roomTimeoutMs);
    socket.on('error', () => socket.terminate());
    socket.once('close', () => clearTimeout(timeout));
    socket.once('message', (data, isBinary) => {
      clearTimeout(timeout);
      const room = isBinary ? undefined : parseRoom(String(data));
      const accept = room === undefined ? undefined : this.#options.rooms.find(room);
      if (accept) accept(new SocketTransport(socket));
      else socket.close(policyViolation, 'no such room');
    });
  }
}

function parseRoom(text: string): string | undefined {
  try {
    return v.parse(RoomRequest, JSON.parse(text)).room;
  } catch {
    return undefined;
  }
}

function isLoopback(address: string | undefined): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address ?? '');
}
