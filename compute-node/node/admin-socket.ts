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
import { UnneededFiles } from '#lib/compute/protocol.ts';
import { ErrorRecord, fromErrorRecord, TaggedError, toErrorRecord } from '#lib/model/errors.ts';

const AdminAnswer = v.object({ address: v.string(), link: v.string() });
/** The node's address in the browser, and a fresh pairing link. */
export type AdminAnswer = v.InferOutput<typeof AdminAnswer>;

const patienceMs = 10_000;
const longestRequest = 64 * 1024;
/** Length that a socket's path may have on Linux. */
const longestPath = 107;

function socketPath(dataFolder: string): string {
  const path = join(dataFolder, 'node.sock');
  if (Buffer.byteLength(path) <= longestPath) return path;
  const short = createHash('sha256').update(dataFolder).digest('hex').slice(0, 24);
  return join(tmpdir(), `dendro-${process.getuid?.() ?? 0}-${short}.sock`);
}

const HandAnswer = v.union([v.object({ answer: v.string() }), v.object({ error: ErrorRecord })]);

/** Asks the node that runs on a data folder for a pairing link; undefined when none does. */
export async function askRunningNode(dataFolder: string): Promise<AdminAnswer | undefined> {
  return ask(dataFolder, 'pair', AdminAnswer);
}

/**
 * Has the running node answer an offer that was carried by hand; undefined when none runs.
 * @throws TaggedError `carried-invalid`, `carried-mixed-up`, `carried-other`
 */
export async function answerAtRunningNode(dataFolder: string, offer: string): Promise<string | undefined> {
  const given = await ask(dataFolder, `answer ${offer.replaceAll(/\s/g, '')}`, HandAnswer);
  if (given && 'error' in given) throw fromErrorRecord(given.error);
  return given?.answer;
}

/** Has the running node remove what only deleted files and jobs need; undefined when none runs. */
export async function freeAtRunningNode(dataFolder: string): Promise<UnneededFiles | undefined> {
  return ask(dataFolder, 'free', UnneededFiles);
}

async function ask<T>(
  dataFolder: string,
  request: string,
  schema: v.GenericSchema<unknown, T>
): Promise<T | undefined> {
  const socket = createConnection(socketPath(dataFolder));
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer')));
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  try {
    socket.end(`${request}\n`);
    let text = '';
    for await (const chunk of socket as AsyncIterable<Buffer>) text += chunk.toString();
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new TaggedError(
      'node-silent',
      'A node runs on this data folder but does not answer: end it and start again.',
      {},
      { cause }
    );
  }
}

export interface AdminCommands {
  pair: () => Promise<AdminAnswer>;
  answer: (offer: string) => Promise<string>;
  free: () => UnneededFiles;
}

/** Answers `askRunningNode`. Call it only when nobody else answers on this folder. @returns ends it */
export async function serveAdminSocket(
  dataFolder: string,
  { pair, answer, free }: AdminCommands
): Promise<() => Promise<void>> {
  const path = socketPath(dataFolder);
  rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void readRequest(socket)
      .then(async (request): Promise<unknown> => {
        if (request === 'free') return free();
        const [, offer] = /^answer (\S+)$/.exec(request) ?? [];
        if (offer === undefined) return pair();
        return answer(offer).then(
          (text) => ({ answer: text }),
          (error: unknown) => ({ error: toErrorRecord(error) })
        );
      })
      .then(
        (given) => socket.end(JSON.stringify(given)),
        () => socket.destroy()
      );
  });
  server.listen(path);
  await once(server, 'listening');
  chmodSync(path, 0o600);
  return () => closeServer(server, sockets);
}

/** One line; the socket stays open for the answer. */
function readRequest(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
      if (text.length > longestRequest) reject(new Error('too long'));
      else if (text.includes('\n')) resolve(text.trimEnd());
    });
    socket.on('close', () => reject(new Error('closed')));
  });
}

async function closeServer(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
