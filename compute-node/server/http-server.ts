/**
 * The one port of the node: checks every request at the door, then hands it to the app's files, the bulk transfers or,
 * for WebSockets, to signalling and the loopback carrier.
 */
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';
import { type Duplex } from 'node:stream';
import { TaggedError } from '#lib/model/errors.ts';
import { corsHeaders, type Doors, homeOf, type Refusal, refuse } from './doors.ts';

/** Answers requests below its path; the door has been passed. */
export type RequestHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void> | void;
/** Takes over a WebSocket upgrade of its path; the door has been passed. */
export type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface HttpServerOptions {
  port: number;
  host: string;
  tls?: { certFile: string; keyFile: string };
  publicUrl?: URL;
  allowOrigins: readonly string[];
  /** Another rule than the node's for who may knock (server/doors.ts). */
  refuses?: (request: IncomingMessage) => Refusal | undefined;
  /** Every path that no other handler owns. */
  site: RequestHandler;
  /** `/bulk/…`. */
  bulk?: RequestHandler;
  /** Path, such as `/signal` → handler. */
  upgrades: Readonly<Record<string, UpgradeHandler>>;
}

export interface RunningHttpServer {
  port: number;
  /** Ends the server and its open connections. */
  close(): Promise<void>;
}

/** @throws TaggedError `port-taken` or `cannot-listen`. */
export async function startHttpServer(options: HttpServerOptions): Promise<RunningHttpServer> {
  const servers = [makeServer(options)];
  const doors: Doors = {
    tls: options.tls !== undefined,
    port: options.port,
    allowOrigins: options.allowOrigins,
    ...(options.publicUrl && { publicUrl: options.publicUrl })
  };
  doors.port = await listen(attach(servers[0] as Server, options, doors), options.port, options.host);
  // Browsers may resolve `localhost` to ::1 first; a machine without IPv6 goes without.
  if (options.host === '127.0.0.1') {
    const second = attach(makeServer(options), options, doors);
    await listen(second, doors.port, '::1').then(
      () => servers.push(second),
      () => {}
    );
  }
  return {
    port: doors.port,
    async close() {
      await Promise.all(
        servers.map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              for (const socket of openSockets.get(server) ?? []) socket.destroy();
            })
        )
      );
    }
  };
}

function makeServer({ tls }: HttpServerOptions): Server {
  if (!tls) return createServer();
  return createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) });
}

/** Open sockets of each server: upgraded ones are no longer known to the server itself. */
const openSockets = new WeakMap<Server, Set<Socket>>();

function attach(server: Server, options: HttpServerOptions, doors: Doors): Server {
  const sockets = new Set<Socket>();
  openSockets.set(server, sockets);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    handleRequest(request, response, options, doors).catch(() => {
      if (!response.headersSent) response.writeHead(500, { 'Content-Type': 'text/plain' });
      response.end('The node could not answer; its log says why.\n');
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', () => socket.destroy());
    const refusal = refusalOf(request, options, doors);
    const handler = options.upgrades[pathOf(request)];
    if (refusal) closeUpgrade(socket, refusal.status, refusal.message);
    else if (!handler) closeUpgrade(socket, 404, 'There is no WebSocket at this address.');
    else handler(request, socket, head);
  });
  return server;
}

async function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  options: HttpServerOptions,
  doors: Doors
): Promise<void> {
  const { site, bulk } = options;
  const refusal = refusalOf(request, options, doors);
  if (refusal) {
    response.writeHead(refusal.status, { 'Content-Type': 'text/plain; charset=utf-8' });
    response.end(`${refusal.message}\n`);
    return;
  }
  const path = pathOf(request);
  const cors = corsHeaders(request.headers, doors);
  for (const [name, value] of Object.entries(cors)) response.setHeader(name, value);
  if (bulk && path.startsWith('/bulk/')) {
    if (request.method === 'OPTIONS' && Object.keys(cors).length > 0) response.writeHead(204).end();
    else await bulk(request, response);
    return;
  }
  const home = options.refuses ? undefined : homeOf(request.headers.host, request.url ?? '/', doors);
  if (home && (request.method === 'GET' || request.method === 'HEAD')) {
    response.writeHead(308, { Location: home, 'Cache-Control': 'no-store' }).end();
    return;
  }
  await site(request, response);
}

function refusalOf(request: IncomingMessage, { refuses }: HttpServerOptions, doors: Doors) {
  return refuses ? refuses(request) : refuse(request.headers, doors, request.socket.localAddress);
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '/').split('?', 1)[0] ?? '/';
}

function closeUpgrade(socket: Duplex, status: number, message: string): void {
  socket.end(
    `HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
    () => socket.destroy()
  );
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, port, host)));
    server.listen({ port, host, ipv6Only: host === '::1' }, () =>
      resolve((server.address() as AddressInfo).port)
    );
  });
}

function listenError(error: NodeJS.ErrnoException, port: number, host: string): TaggedError {
  if (error.code === 'EADDRINUSE')
    return new TaggedError(
      'port-taken',
      `Port ${port} is taken by another program. End that program, or choose another port with --port (the app's data belongs to its address: on another port it starts empty).`,
      { port },
      { cause: error }
    );
  return new TaggedError(
    'cannot-listen',
    `The node cannot listen on ${host}, port ${port} (${error.code ?? error.message}). Choose another --host or --port.`,
    { port },
    { cause: error }
  );
}
