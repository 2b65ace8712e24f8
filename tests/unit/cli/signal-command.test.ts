/** `dendro signal` as a process of its own: where it listens, whom it lets in, and that it relays and ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { type AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';

const children: ChildProcess[] = [];
afterEach(() => children.splice(0).forEach((child) => child.kill('SIGKILL')));

function start(...args: string[]) {
  const child = spawn(process.execPath, ['bin/dendro.js', 'signal', ...args]);
  children.push(child);
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { child, text: () => text, ended: once(child, 'close') as Promise<[number | null]> };
}

async function startServer(...args: string[]) {
  const server = start('--port', '0', ...args);
  await once(server.child.stdout ?? server.child, 'data');
  const url = /wss?:\/\/\S+/.exec(server.text())?.[0] ?? '';
  return { ...server, url };
}

async function join(url: string, origin?: string): Promise<WebSocket> {
  const socket = new WebSocket(url, { ...(origin !== undefined && { origin }) });
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'subscribe', topics: ['room'] }));
  socket.send(JSON.stringify({ type: 'ping' }));
  await once(socket, 'message');
  return socket;
}

test('prints its address, relays between a page at localhost and a node, and ends on SIGTERM', async () => {
  const { url, child, ended, text } = await startServer();
  expect(url).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/signal$/);
  expect(text()).toContain('Only this machine reaches it');
  const page = await join(url, 'http://localhost:4317');
  const node = await join(url);
  const arrived = once(page, 'message') as Promise<[Buffer]>;
  node.send(JSON.stringify({ type: 'publish', topic: 'room', data: 'sealed' }));
  expect(JSON.parse(String((await arrived)[0]))).toEqual({ type: 'publish', topic: 'room', data: 'sealed' });
  child.kill('SIGTERM');
  expect((await ended)[0]).toBe(0);
});

test('a page of a foreign address is refused unless it is allowed', async () => {
  const { url } = await startServer('--allow-origin', 'https://sorting.example.org');
  await join(url, 'https://sorting.example.org');
  const foreign = new WebSocket(url, { origin: 'https://elsewhere.example.org' });
  const [error] = (await once(foreign, 'error')) as [Error];
  expect(error.message).toContain('403');
});

test('what is no request ends that connection alone', async () => {
  const { url } = await startServer();
  const stranger = await join(url);
  const closed = once(stranger, 'close');
  stranger.send('not JSON');
  await closed;
  await join(url);
});

test('a taken port and a wrong flag are named with the remedy', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const refused = start('--port', String(port));
  expect((await refused.ended)[0]).toBe(4);
  expect(refused.text()).toContain(`Port ${port} is taken`);
  taken.close();
  const wrong = start('--tls-cert', 'only.pem');
  expect((await wrong.ended)[0]).toBe(2);
  expect(wrong.text()).toContain('See: npx dendro help signal');
});
