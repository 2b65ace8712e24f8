import { describe, expect, test } from 'vitest';
import { fromUtf8, utf8 } from '../../../src/lib/identity/encoding.ts';
import { randomBytes } from '../../../src/lib/identity/hash.ts';
import { FailureGate } from '../../../src/lib/peer/failure-gate.ts';
import { type HandshakeOptions, type HandshakePort, runHandshake } from '../../../src/lib/peer/handshake.ts';
import { type Credential } from '../../../src/lib/peer/peer-identity.ts';
import { createIdentity } from '../../peers/test-project.ts';

type Rewrite = (message: string) => string;
const unchanged: Rewrite = (message) => message;

/** Two ends of a wire; `rewrite` is who sits in the middle. */
function wire(rewrite: { toAnswerer?: Rewrite; toOfferer?: Rewrite } = {}) {
  const toAnswerer = queue(rewrite.toAnswerer ?? unchanged);
  const toOfferer = queue(rewrite.toOfferer ?? unchanged);
  const offerer: HandshakePort = { send: toAnswerer.push, receive: toOfferer.pull };
  const answerer: HandshakePort = { send: toOfferer.push, receive: toAnswerer.pull };
  return { offerer, answerer };
}

function queue(rewrite: Rewrite) {
  const messages: Uint8Array[] = [];
  let waiting: ((message: Uint8Array) => void) | undefined;
  return {
    push(message: Uint8Array) {
      const rewritten = utf8(rewrite(fromUtf8(message)));
      if (waiting) waiting(rewritten);
      else messages.push(rewritten);
      waiting = undefined;
    },
    pull() {
      const message = messages.shift();
      if (message) return Promise.resolve(message);
      return new Promise<Uint8Array>((resolve) => (waiting = resolve));
    }
  };
}

const member: Credential = { kind: 'member', admits: () => true };
const [fingerprintA, fingerprintB] = ['aa'.repeat(32), 'bb'.repeat(32)];

interface Scene {
  rewrite?: Parameters<typeof wire>[0];
  offerer?: Partial<HandshakeOptions>;
  answerer?: Partial<HandshakeOptions>;
}

async function meet({ rewrite, offerer, answerer }: Scene = {}) {
  const ports = wire(rewrite);
  const common = { room: 'room', credential: member };
  const a = await createIdentity();
  const b = await createIdentity();
  const results = await Promise.allSettled([
    runHandshake({
      ...common,
      port: ports.offerer,
      side: 'offerer',
      identity: a,
      fingerprints: { local: fingerprintA, remote: fingerprintB },
      ...offerer
    }),
    runHandshake({
      ...common,
      port: ports.answerer,
      side: 'answerer',
      identity: b,
      fingerprints: { local: fingerprintB, remote: fingerprintA },
      ...answerer
    })
  ]);
  return { a, b, results };
}

const refused = (reason: string) => ({
  status: 'rejected',
  reason: expect.objectContaining({ tag: 'handshake-refused', details: { reason } })
});
const refusedByPeer = (reason: string) => ({
  status: 'rejected',
  reason: expect.objectContaining({ tag: 'handshake-refused-by-peer', details: { reason } })
});

describe('the handshake', () => {
  test('gives each side the device, sealing key and writer of the other', async () => {
    const { a, b, results } = await meet();
    const [atA, atB] = results;
    expect(atA).toMatchObject({ status: 'fulfilled', value: { device: b.device, writer: b.writer } });
    expect(atB).toMatchObject({ status: 'fulfilled', value: { device: a.device, sealingKey: a.sealingKey } });
  });

  test('refuses a peer behind whom another certificate was seen', async () => {
    const middle = 'cc'.repeat(32);
    const { results } = await meet({ answerer: { fingerprints: { local: fingerprintB, remote: middle } } });
    expect(results).toContainEqual(refused('proof'));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('refuses fingerprints that were swapped', async () => {
    const { results } = await meet({
      answerer: { fingerprints: { local: fingerprintA, remote: fingerprintB } }
    });
    expect(results).toContainEqual(refused('proof'));
  });

  test('refuses a signature that was made in an earlier handshake', async () => {
    const recorded: string[] = [];
    const a = await createIdentity();
    const record: Rewrite = (message) => {
      recorded.push(message);
      return message;
    };
    await meet({ offerer: { identity: a }, rewrite: { toAnswerer: record } });
    const replay = recorded[Symbol.iterator]();
    const { results } = await meet({
      offerer: { identity: a },
      rewrite: { toAnswerer: (message) => replay.next().value ?? message }
    });
    expect(results[1]).toEqual(refused('proof'));
  });

  test('refuses its own messages sent back', async () => {
    const port = wire();
    const identity = await createIdentity();
    const echo: HandshakePort = { send: port.offerer.send, receive: port.answerer.receive };
    const run = runHandshake({
      port: echo,
      side: 'offerer',
      room: 'room',
      identity,
      credential: member,
      fingerprints: { local: fingerprintA, remote: fingerprintA }
    });
    await expect(run).rejects.toMatchObject({ tag: 'handshake-refused' });
  });

  test.each(['device', 'sealingKey', 'nonce', 'writer'])(
    'refuses a hello whose %s was changed',
    async (field) => {
      const other = await createIdentity();
      const value = { ...other, nonce: 'ee'.repeat(32) }[field];
      const change: Rewrite = (message) => {
        const hello = JSON.parse(message) as Record<string, unknown>;
        return hello.type === 'hello' ? JSON.stringify({ ...hello, [field]: value }) : message;
      };
      const { results } = await meet({ rewrite: { toAnswerer: change } });
      expect(results[1]).toEqual(refused('proof'));
    }
  );

  test('made in one room is worth nothing in another', async () => {
    const { results } = await meet({ answerer: { room: 'another room' } });
    expect(results).toContainEqual(refused('proof'));
  });

  test('refuses a device that is not a member, and tells it why', async () => {
    const { results } = await meet({ answerer: { credential: { kind: 'member', admits: () => false } } });
    expect(results).toEqual([refusedByPeer('not-a-member'), refused('not-a-member')]);
  });

  test('tells a device that took part once that it was removed', async () => {
    const credential: Credential = { kind: 'member', admits: () => false, wasMember: () => true };
    const { results } = await meet({ answerer: { credential } });
    expect(results).toEqual([refusedByPeer('removed'), refused('removed')]);
  });

  test('refuses a wrong pairing secret', async () => {
    const pairing = () => ({ kind: 'pairing', secret: randomBytes(16) }) as const;
    const { results } = await meet({
      offerer: { credential: pairing() },
      answerer: { credential: pairing() }
    });
    expect(results).toContainEqual(refused('proof'));
    expect(results.every(({ status }) => status === 'rejected')).toBe(true);
  });

  test('refuses a member where a pairing is expected', async () => {
    const { results } = await meet({
      answerer: { credential: { kind: 'pairing', secret: randomBytes(16) } }
    });
    expect(results).toContainEqual(refused('credential'));
  });

  test.each(['{', '[]', '{"type":"ready"}', '"hello"'])('refuses %s in place of a hello', async (garbage) => {
    const { results } = await meet({ rewrite: { toAnswerer: () => garbage } });
    expect(results[1]).toEqual(refused('malformed'));
  });
});

describe('the door', () => {
  test('closes for a minute after five failures from one address, for that address alone', () => {
    let now = 0;
    const gate = new FailureGate(() => now);
    for (let i = 0; i < 4; i++) gate.recordFailure('address 10.0.0.1');
    expect(gate.admits('address 10.0.0.1')).toBe(true);
    now = 50_000;
    gate.recordFailure('address 10.0.0.1');
    expect(gate.admits('address 10.0.0.1')).toBe(false);
    expect(gate.admits('address 10.0.0.2')).toBe(true);
    now = 109_999;
    expect(gate.admits('address 10.0.0.1')).toBe(false);
    now = 110_001;
    expect(gate.admits('address 10.0.0.1')).toBe(true);
  });

  test('stays open when failures are further apart', () => {
    let now = 0;
    const gate = new FailureGate(() => now);
    for (let i = 0; i < 10; i++, now += 15_000) gate.recordFailure('link');
    expect(gate.admits('link')).toBe(true);
  });
});
