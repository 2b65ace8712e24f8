/** A reverse proxy as labs run one: TLS outside, plain HTTP to the node, under the address at which it finds the node. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { createServer } from 'node:https';
import { type AddressInfo, type Socket } from 'node:net';

export interface ReverseProxy {
  readonly port: number;
  close(): Promise<void>;
}

export async function startProxy(options: {
  certFile: string;
  keyFile: string;
  /** Of the node, on this machine. */
  target: () => number;
}): Promise<ReverseProxy> {
  const server = createServer({ cert: readFileSync(options.certFile), key: readFileSync(options.keyFile) });
  const forward = (request: IncomingMessage) =>
    httpRequest({
      host: '127.0.0.1',
      port: options.target(),
      method: request.method,
      path: request.url,
      headers: forwardedHeaders(request, options.target())
    });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('request', (request, response) => {
    const onwards = forward(request);
    onwards.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onwards.on('error', () => response.destroy());
    request.pipe(onwards);
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const onwards = forward(request);
    socket.on('error', () => onwards.destroy());
    onwards.on('error', () => socket.destroy());
    onwards.on('response', () => socket.destroy());
    onwards.on('upgrade', (answer, far, farHead) => {
      const lines = Object.entries(answer.headers).map(([name, value]) => `${name}: ${String(value)}`);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('\r\n')}\r\n\r\n`);
      socket.write(farHead);
      far.write(head);
      far.on('error', () => socket.destroy());
      socket.pipe(far).pipe(socket);
    });
    onwards.end();
  });
  server.listen(0, '0.0.0.0');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    }
  };
}

function forwardedHeaders(
  { headers, socket }: IncomingMessage,
  port: number
): Record<string, string | string[] | undefined> & IncomingHttpHeaders {
  return {
    ...headers,
    host: `127.0.0.1:${port}`,
    'x-forwarded-for': socket.remoteAddress,
    'x-forwarded-host': headers.host,
    'x-forwarded-proto': 'https'
  };
}
