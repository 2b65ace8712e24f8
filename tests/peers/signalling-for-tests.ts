/** A real signalling server and loopback door on a free port of this machine. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { PeerSocketServer } from '../../compute-node/server/peer-socket.ts';
import { type SignallingLimits, SignallingServer } from '../../compute-node/server/signalling.ts';
import { LoopbackRooms } from '../../src/lib/peer/loopback-rooms.ts';

export interface TestDoors {
  readonly port: number;
  readonly signalling: string;
  readonly peer: string;
  readonly rooms: LoopbackRooms;
  readonly http: Server;
  close(): Promise<void>;
}

export async function openDoors(
  options: {
    limits?: Partial<SignallingLimits>;
    admits?: (origin: string | undefined) => boolean;
    port?: number;
    page?: RequestListener;
  } = {}
): Promise<TestDoors> {
  const admits = (request: IncomingMessage) => options.admits?.(request.headers.origin) ?? true;
  const rooms = new LoopbackRooms();
  const signalling = new SignallingServer({ admits, ...(options.limits && { limits: options.limits }) });
  const sockets = new PeerSocketServer({ admits, rooms });
  const http = createServer(options.page ?? ((_request, response) => response.end()));
  http.on('upgrade', (request, socket, head) => {
    if (request.url === '/signal') signalling.handleUpgrade(request, socket, head);
    else sockets.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve) => http.listen(options.port ?? 0, '127.0.0.1', resolve));
  const { port } = http.address() as AddressInfo;
  return {
    port,
    signalling: `ws://127.0.0.1:${port}/signal`,
    peer: `ws://127.0.0.1:${port}/peer`,
    rooms,
    http,
    close: () => {
      signalling.close();
      sockets.close();
      http.closeAllConnections();
      return new Promise((resolve) => http.close(() => resolve()));
    }
  };
}
