/** Answers a WebSocket request that is not accepted. */
import { STATUS_CODES } from 'node:http';
import { type Duplex } from 'node:stream';

export function refuseUpgrade(socket: Duplex, status: 400 | 403 | 404 | 429): void {
  // The other side may be gone already; that is no reason to end the process.
  socket.on('error', () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
