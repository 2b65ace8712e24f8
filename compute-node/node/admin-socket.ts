/**
 * A socket in the data folder by which the user's own commands reach the running node: only who may read the folder can
 * connect. It is also what says that a node runs on this folder.
 */
import { chmodSync, rmSync } from 'node:fs';
import { createConnection, createServer, type Server, type Socket } from 'node:net';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import * as v from 'valibot';
import { TaggedError } from '#lib/model/errors.ts';

const AdminAnswer = v.object({ address: v.string(), link: v.string() });
/** The node's address in the browser, and a fresh pairing link. */
export type AdminAnswer = v.InferOutput<typeof AdminAnswer>;

const patienceMs = 5000;
/** Length that a socket's path may have on Linux. */
const longestPath = 107;

function socketPath(dataFolder: string): string {
  const path = join(dataFolder, 'node.sock');
  if (Buffer.byteLength(path) <= longestPath) return path;
  const short = createHash('sha256').update(dataFolder).digest('hex').slice(0, 24);
  return join(tmpdir(), `dendro-${process.getuid?.() ?? 0}-${short}.sock`);
}

/** Asks the node that runs on a data folder for a pairing link; undefined when none does. */
export async function askRunningNode(dataFolder: string): Promise<AdminAnswer | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  try {
    socket.end('pair\n');
    let text = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
    return v.parse(AdminAnswer, JSON.parse(text));
  } catch (cause) {
    throw new TaggedError(
      'node-silent',
      'A node runs on this data folder but does not answer: end it and start again.',
      {},
      { cause }
    );
  }
}

/** Answers `askRunningNode`. Call it only when nobody else answers on this folder. @returns ends it */
export async function serveAdminSocket(
  dataFolder: string,
  answer: () => Promise<AdminAnswer>
): Promise<() => Promise<void>> {
  const path = socketPath(dataFolder);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', () => {
      answer().then(
        (given) => socket.end(JSON.stringify(given)),
        () => socket.destroy()
      );
    });
  });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return () => closeServer(server, sockets);
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
