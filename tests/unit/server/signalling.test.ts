import { afterEach, describe, expect, test } from 'vitest';
import { WebSocket as Client } from 'ws';
import { openDoors, type TestDoors } from '../../peers/signalling-for-tests.ts';

const doors: TestDoors[] = [];
afterEach(async () => {
  await Promise.all(doors.splice(0).map((door) => door.close()));
});

async function open(options?: Parameters<typeof openDoors>[0]): Promise<TestDoors> {
  const door = await openDoors(options);
  doors.push(door);
  return door;
}

function connect(url: string, origin?: string): Promise<Client> {
  const client = new Client(url, { ...(origin && { origin }) });
  return new Promise((resolve, reject) => {
    client.once('open', () => resolve(client));
    client.once('error', reject);
  });
}

const closed = (client: Client) => new Promise<number>((resolve) => client.once('close', resolve));
const next = (client: Client) =>
  new Promise<unknown>((resolve) => client.once('message', (data) => resolve(JSON.parse(String(data)))));
const say = (client: Client, message: unknown) => client.send(JSON.stringify(message));
/** Resolves when the server has handled all that was said before. */
async function settled(client: Client): Promise<void> {
  say(client, { type: 'ping' });
  expect(await next(client)).toEqual({ type: 'pong' });
}

async function subscriber(door: TestDoors, topic: string): Promise<Client> {
  const client = await connect(door.signalling);
  say(client, { type: 'subscribe', topics: [topic] });
  await settled(client);
  return client;
}

describe('the signalling server', () => {
  test('brings what is published to the other subscribers of the topic', async () => {
    const door = await open();
    const [a, b] = [await subscriber(door, 'room'), await subscriber(door, 'room')];
    const stranger = await subscriber(door, 'elsewhere');
    const heard = next(b);
    say(a, { type: 'publish', topic: 'room', data: 'sealed' });
    expect(await heard).toEqual({ type: 'publish', topic: 'room', data: 'sealed' });
    // Neither the sender nor another topic gets it: their next message is the answer to their ping.
    await settled(a);
    await settled(stranger);
  });

  test('lets nobody publish to a topic without being subscribed to it', async () => {
    const door = await open();
    const a = await subscriber(door, 'room');
    const stranger = await subscriber(door, 'elsewhere');
    say(stranger, { type: 'publish', topic: 'room', data: 'x' });
    await settled(stranger);
    await settled(a);
  });

  test.each([
    ['text that is no JSON', '{'],
    ['JSON that is no request', '[1, 2]'],
    ['an unknown type', '{"type":"shout"}'],
    ['a topic that is no text', '{"type":"subscribe","topics":[7]}'],
    ['a topic that is too long', JSON.stringify({ type: 'subscribe', topics: ['x'.repeat(129)] })],
    ['binary data', new Uint8Array([1, 2, 3])],
    ['a prototype for a type', '{"type":"__proto__"}']
  ])('ends a connection that sends %s, and no other', async (_name, garbage) => {
    const door = await open();
    const other = await subscriber(door, 'room');
    const client = await connect(door.signalling);
    const end = closed(client);
    client.send(garbage);
    expect(await end).toBe(1008);
    await settled(other);
  });

  test('ends a connection that sends a message above 32 KiB', async () => {
    const door = await open();
    const other = await subscriber(door, 'room');
    const client = await subscriber(door, 'room');
    const end = closed(client);
    say(client, { type: 'publish', topic: 'room', data: 'x'.repeat(33_000) });
    await end;
    await settled(other);
  });

  test('ends a connection that floods', async () => {
    const door = await open({ limits: { requestsPerSecond: 5 } });
    const other = await subscriber(door, 'room');
    const client = await subscriber(door, 'room');
    const end = closed(client);
    for (let i = 0; i < 200; i++) say(client, { type: 'ping' });
    expect(await end).toBe(1008);
    await settled(other);
  });

  test('ends a connection with too many topics', async () => {
    const door = await open();
    const client = await connect(door.signalling);
    const end = closed(client);
    for (const half of [0, 1])
      say(client, { type: 'subscribe', topics: Array.from({ length: 40 }, (_, i) => `topic ${half} ${i}`) });
    expect(await end).toBe(1008);
  });

  test('turns away more connections of one address than its limit', async () => {
    const door = await open({ limits: { connectionsPerAddress: 2 } });
    await connect(door.signalling);
    const second = await connect(door.signalling);
    await expect(connect(door.signalling)).rejects.toThrow('429');
    second.close();
    await closed(second);
  });

  test('turns away a page of another origin', async () => {
    const door = await open({ admits: (origin) => origin === 'http://localhost:4317' });
    await expect(connect(door.signalling, 'http://evil.example')).rejects.toThrow('403');
    await connect(door.signalling, 'http://localhost:4317');
  });

  test('ends a connection that falls silent', async () => {
    const door = await open({ limits: { idleMs: 50 } });
    const client = await connect(door.signalling);
    await closed(client);
  });
});

describe('the loopback door', () => {
  test('knows no room that nobody serves', async () => {
    const door = await open();
    const client = await connect(door.peer);
    const end = closed(client);
    client.send(JSON.stringify({ v: 1, room: 'nowhere' }));
    expect(await end).toBe(1008);
  });

  test('turns away a page of another origin', async () => {
    const door = await open({ admits: (origin) => origin === 'http://localhost:4317' });
    await expect(connect(door.peer, 'http://evil.example')).rejects.toThrow('403');
  });
});
