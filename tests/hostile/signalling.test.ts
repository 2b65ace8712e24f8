/** A signalling server that does what it likes, and a member's program that speaks for others in the room. */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import { participant } from '../unit/project/replicas.ts';
import { endLabs, Lab } from './lab.ts';
import { Middle } from './program/middle.ts';
import { Room, type Signal } from './program/room.ts';
import { HostileSignalling } from './program/signalling.ts';

const servers: HostileSignalling[] = [];
async function openServer(): Promise<HostileSignalling> {
  const server = await HostileSignalling.open();
  servers.push(server);
  return server;
}

afterAll(async () => {
  await endLabs();
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

describe('a signalling server', () => {
  test.concurrent(
    'that puts its own certificates in place of the members’ is found out by both',
    async () => {
      const server = await openServer();
      const lab = await Lab.open({ others: [], signalling: server.url });
      const editor = await participant('Ed');
      await lab.anna.membership.admit(editor.person, 'editor');
      const middle = new Middle(server, lab.secret);
      const joining = lab.join(editor);
      await lab.until(0, ({ status }) => status.state === 'failing');
      const { status } = lab.member(0).sync;
      expect(status).toMatchObject({ step: 'handshake-refused', error: { details: { reason: 'proof' } } });
      expect(middle.passed.control).toBeGreaterThan(0);
      // Both sides found the path open, and neither said a word of the project over it.
      expect(middle.passed.sync + middle.passed.bulk).toBe(0);
      middle.stop();
      await joining;
      await lab.expectHonestWork();
      lab.expectUntouched();
    }
  );

  test.concurrent('that spoils, repeats, invents and floods is in nobody’s way', async () => {
    const server = await openServer();
    server.tamper = (data) => [
      data.replace(/^..../, 'AAAA'),
      randomBytes(500).toString('base64url'),
      data,
      data
    ];
    const lab = await Lab.open({ signalling: server.url });
    for (let i = 0; i < 5000; i++) server.publish(randomBytes(300).toString('base64url'));
    for (const data of server.heard) server.publish(data);
    for (const data of [null, 7, {}, [], 'x'.repeat(100_000)]) server.publish(data);
    for (const text of ['', '{', '[]', '{"type":"publish"}', 'x'.repeat(10 * 1024 * 1024)])
      server.shout(text);
    server.shout(randomBytes(1000));
    await lab.expectHonestWork();
    await lab.anna.membership.admit((await participant('Late')).person, 'viewer');
    await lab.expectHonestWork();
    lab.expectUntouched();
  });

  test.concurrent('learns neither who meets nor what they say', async () => {
    const server = await openServer();
    const lab = await Lab.open({ signalling: server.url });
    const all = server.heard.map((data) => Buffer.from(data, 'base64url').toString('latin1')).join('\n');
    for (const { keys } of lab.honest) expect(all).not.toContain(keys.device);
    expect(all).not.toMatch(/candidate|fingerprint|announce/);
  });
});

test.concurrent('a member’s program that says farewell for everybody parts nobody', async () => {
  const lab = await Lab.open();
  const before = lab.honest.map(({ sync }) => sync.connections);
  const [known, waiting] = [new Set<string>(), new Set<() => void>()];
  let own = '';
  let asked = new Set<string>();
  const room = await Room.enter(lab.signalling, lab.secret, ({ type, from, to }: Signal) => {
    if (type !== 'want' || to !== own) return;
    known.add(from);
    asked.add(from);
    for (const wake of waiting) wake();
  });
  /** Everybody asks a newcomer with the largest id for an offer, once they have dealt with what was said before. */
  const everybodyHeard = async () => {
    asked = new Set();
    own = `ffff${randomBytes(14).toString('hex')}`;
    room.say({ type: 'announce', from: own });
    while (asked.size < lab.honest.length) await new Promise<void>((resolve) => waiting.add(resolve));
  };
  await everybodyHeard();
  for (const from of known) room.say({ type: 'bye', from });
  await everybodyHeard();
  room.leave();
  for (const [index, { sync }] of lab.honest.entries()) {
    expect(sync.connections).toEqual(before[index]);
    expect(sync.connections.every(({ closed }) => !closed)).toBe(true);
  }
  await lab.expectHonestWork();
});
