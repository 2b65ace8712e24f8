/** Starts the real compute node process for a test, on a free port with a data folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface NodeOptions {
  /** Keep a port or data folder from an earlier start, to restart the same node. */
  port?: number;
  data?: string;
  demo?: boolean;
  args?: string[];
  env?: Record<string, string>;
}

export interface NodeProcess {
  readonly url: string;
  readonly port: number;
  readonly data: string;
  readonly pid: number;
  /** The link printed at this start. */
  readonly pairingLink: string;
  /** Everything printed so far. */
  output(): string;
  /** Resolves once a printed text matches, now or later. */
  printed(pattern: RegExp): Promise<RegExpMatchArray>;
  /** SIGTERM, and waits for the end. */
  stop(): Promise<void>;
  /** SIGKILL, and waits for the end. */
  kill(): Promise<void>;
  /** Removes the data folder, after the end. */
  remove(): Promise<void>;
}

export async function startNode(options: NodeOptions = {}): Promise<NodeProcess> {
  const port = options.port ?? (await freePort());
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'dendro-node-')));
  const demo = options.demo ? [] : ['--no-demo'];
  const child = spawn(
    process.execPath,
    ['bin/dendro.js', 'serve', '--port', String(port), '--data', data, ...demo, ...(options.args ?? [])],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...options.env } }
  );
  const printed = collectOutput(child);
  const link = await printed.matches(/https?:\/\/\S+\/pair#\S+/);
  return {
    url: `http://localhost:${port}`,
    port,
    data,
    pid: child.pid ?? 0,
    pairingLink: link[0],
    output: printed.text,
    printed: printed.matches,
    stop: () => end(child, 'SIGTERM'),
    kill: () => end(child, 'SIGKILL'),
    remove: () => rm(data, { recursive: true, force: true })
  };
}

function collectOutput(child: ChildProcess) {
  let text = '';
  const waiting = new Set<() => void>();
  const grow = (chunk: Buffer) => {
    text += chunk.toString();
    for (const check of waiting) check();
  };
  child.stdout?.on('data', grow);
  child.stderr?.on('data', grow);
  return {
    text: () => text,
    matches: (pattern: RegExp) =>
      new Promise<RegExpMatchArray>((resolve, reject) => {
        const check = () => {
          const match = text.match(pattern);
          if (match) settle(() => resolve(match));
        };
        const ended = () =>
          settle(() => reject(new Error(`the node ended before it printed ${pattern}:\n${text}`)));
        const settle = (outcome: () => void) => {
          waiting.delete(check);
          child.off('close', ended);
          outcome();
        };
        waiting.add(check);
        child.once('close', ended);
        check();
      })
  };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
