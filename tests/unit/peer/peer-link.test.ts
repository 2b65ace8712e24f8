import { afterEach, describe, expect, test, vi } from 'vitest';
import { utf8 } from '../../../src/lib/identity/encoding.ts';
import { randomBytes } from '../../../src/lib/identity/hash.ts';
import { FailureGate } from '../../../src/lib/peer/failure-gate.ts';
import { frameKind, splitMessage } from '../../../src/lib/peer/frames.ts';
import { messageLimits } from '../../../src/lib/peer/peer-channel.ts';
import { type PeerConnection } from '../../../src/lib/peer/peer-connection.ts';
import { type Credential } from '../../../src/lib/peer/peer-identity.ts';
import { openPeer } from '../../../src/lib/peer/peer-link.ts';
import { type PeerTransport } from '../../../src/lib/peer/transport.ts';
import { memoryWire } from '../../peers/memory-transport.ts';
import { createIdentity } from '../../peers/test-project.ts';

const member: Credential = { kind: 'member', admits: () => true };

afterEach(() => {
  vi.useRealTimers();
});

async function open(
  transport: PeerTransport,
  side: 'offerer' | 'answerer',
  more: { gate?: FailureGate; credential?: Credential } = {}
) {
  const identity = await createIdentity();
  return openPeer({
    transport,
    side,
    room: 'room',
    identity,
    credential: member,
    gate: new FailureGate(),
    ...more
  });
}

async function pair() {
  const wire = memoryWire();
  const [a, b] = await Promise.all([open(wire.ends[0], 'offerer'), open(wire.ends[1], 'answerer')]);
  return { wire, a, b };
}

const closing = (connection: PeerConnection) =>
  new Promise<string | undefined>((resolve) => connection.onClose((reason) => resolve(reason?.tag)));

describe('an authenticated connection', () => {
  test('delivers messages whole and in order, those that came before a listener too', async () => {
    const { a, b } = await pair();
    const messages = [randomBytes(60_000), randomBytes(65_536), randomBytes(1)];
    for (const message of messages) await a.channel('control').send(message);
    const heard: Uint8Array[] = [];
    b.channel('control').onMessage((message) => heard.push(message));
    expect(heard).toEqual(messages);
  });

  test('refuses to send a message above the limit of its channel', async () => {
    const { a } = await pair();
    await expect(a.channel('control').send(new Uint8Array(messageLimits.control + 1))).rejects.toMatchObject({
      tag: 'peer-message-too-large'
    });
    expect(a.closed).toBe(false);
  });

  test('ends when its peer sends garbage, and rejects what waits', async () => {
    const { wire, a, b } = await pair();
    const ended = closing(b);
    wire.ends[0].channel('sync').send(new Uint8Array([1, 2, 3]));
    expect(await ended).toBe('peer-frame-invalid');
    await closing(a);
    await expect(a.channel('bulk').send(new Uint8Array(1))).rejects.toMatchObject({ tag: 'peer-closed' });
  });

  test('ends when it would have to keep more than some messages that nobody listens to', async () => {
    const { a, b } = await pair();
    const ended = closing(b);
    for (let i = 0; i < 5; i++)
      a.channel('control')
        .send(new Uint8Array(1024 * 1024))
        .catch(() => undefined);
    expect(await ended).toBe('peer-message-too-large');
  });

  test('ends when a listener cannot handle a message', async () => {
    const { a, b } = await pair();
    b.channel('control').onMessage(() => {
      throw new TypeError('a bug');
    });
    const ended = closing(b);
    await a.channel('control').send(new Uint8Array(1));
    expect(await ended).toBe('peer-misbehaved');
  });

  test('ends when the other side falls silent', async () => {
    vi.useFakeTimers();
    const { wire, a } = await pair();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(a.closed).toBe(false);
    wire.cut();
    const ended = closing(a);
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await ended).toBe('peer-silent');
  });
});

describe('before the handshake is done', () => {
  test('data ends the connection', async () => {
    const wire = memoryWire();
    const opening = open(wire.ends[1], 'answerer');
    for (const frame of splitMessage(new Uint8Array(10))) wire.ends[0].channel('sync').send(frame);
    await expect(opening).rejects.toMatchObject({ tag: 'peer-unauthenticated' });
  });

  test('no more than 4 KiB are listened to', async () => {
    const wire = memoryWire();
    const opening = open(wire.ends[1], 'answerer');
    const padded = utf8(JSON.stringify({ type: 'hello', padding: 'x'.repeat(4200) }));
    for (const frame of splitMessage(padded, frameKind.handshake))
      wire.ends[0].channel('control').send(frame);
    await expect(opening).rejects.toMatchObject({ tag: 'peer-unauthenticated' });
  });

  test('silence ends it', async () => {
    vi.useFakeTimers();
    const wire = memoryWire();
    const opening = open(wire.ends[1], 'answerer');
    let failure: unknown;
    opening.catch((error: unknown) => (failure = error));
    while (failure === undefined) await vi.advanceTimersByTimeAsync(500);
    expect(failure).toMatchObject({ tag: 'handshake-timeout' });
  });

  test('five wrong pairing secrets close the door to the sixth, even a right one', async () => {
    const gate = new FailureGate();
    const secret = randomBytes(16);
    const attempt = async (guess: Uint8Array) => {
      const { ends } = memoryWire();
      const results = await Promise.allSettled([
        open(ends[0], 'offerer', { credential: { kind: 'pairing', secret: guess } }),
        open(ends[1], 'answerer', { credential: { kind: 'pairing', secret }, gate })
      ]);
      const [, atNode] = results;
      return atNode.status === 'rejected' ? (atNode.reason as { details: unknown }).details : 'open';
    };
    expect(await attempt(secret)).toBe('open');
    for (let i = 0; i < 5; i++) expect(await attempt(randomBytes(16))).toEqual({ reason: 'proof' });
    expect(await attempt(secret)).toEqual({ reason: 'try-later' });
  });
});
