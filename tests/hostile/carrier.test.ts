/** A member's program that sends what no honest carrier holds: other histories, deletions, entries in wrong places, garbage. */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { change, endLabs, Lab } from './lab.ts';
import { frames, type Link } from './program/link.ts';
import { fileFact, HostileLog } from './program/log.ts';
import { type Victim } from './program/peer.ts';

afterAll(endLabs);

/** Whether an honest member's document holds a file of this name. */
const holds = (lab: Lab, index: number, name: string) =>
  lab.member(index).document.state.files.some((file) => file.name === name);

function arrives(lab: Lab, index: number, name: string): Promise<void> {
  return change(lab.member(index).document, () => holds(lab, index, name));
}

/** What the victim has of the project, to be spoilt. */
async function copyOf(victim: Victim): Promise<Y.Doc> {
  await victim.settled();
  const copy = new Y.Doc({ gc: false });
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(victim.carrier));
  return copy;
}

describe('a fork of its own log', () => {
  test.concurrent('makes the writer count for nobody, and everybody else is heard', async () => {
    const lab = await Lab.open({ role: 'editor' });
    const victim = await lab.attack();
    const log = lab.log();
    log.write('fact', fileFact('evil both'));
    const fork = log.clone();
    log.write('fact', fileFact('evil here'));
    fork.write('fact', fileFact('evil there'));
    victim.sendUpdate(log.update());
    await arrives(lab, 1, 'evil here');
    victim.sendUpdate(fork.update());
    await change(lab.anna, () => !holds(lab, 0, 'evil here'));
    await lab.expectHonestWork();
    lab.expectUntouched();
  });
});

describe('two histories, each told to one member alone', () => {
  test.concurrent.each([
    ['equally long', 0],
    ['one longer', 2]
  ])('are found out when the two meet: %s', async (_how, more) => {
    const lab = await Lab.open({ role: 'editor', others: ['editor', 'viewer'] });
    const elsewhere = await lab.isolate(1);
    const log = lab.log();
    log.write('fact', fileFact('evil both'));
    const fork = log.clone();
    log.write('fact', fileFact('evil here'));
    fork.write('fact', fileFact('evil there'));
    for (let i = 0; i < more; i++) fork.write('fact', fileFact(`evil more ${i}`));
    const victims = [await lab.attack(0), await lab.attack(1, elsewhere)];
    victims[0]?.sendUpdate(log.update());
    victims[1]?.sendUpdate(fork.update());
    await Promise.all([arrives(lab, 0, 'evil here'), arrives(lab, 1, 'evil there')]);
    await lab.rejoin(1);
    for (const index of [0, 1, 2])
      await change(lab.member(index).document, () => !holds(lab, index, 'evil both'));
    await lab.expectHonestWork();
    lab.expectUntouched();
  });
});

describe('in the carrier', () => {
  test.concurrent('a deletion is refused', async () => {
    const lab = await Lab.open({ role: 'admin' });
    const victim = await lab.attack();
    const copy = await copyOf(victim);
    copy.getArray(`log:${lab.anna.writer}`).delete(0, 1);
    copy.getArray(`log:${lab.member(1).document.writer}`).delete(0, 1);
    victim.sendUpdate(Y.encodeStateAsUpdate(copy));
    victim.sendStep2(copy);
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(Y.decodeUpdate(Y.encodeStateAsUpdate(lab.anna.carrier)).ds.clients.size).toBe(0);
  });

  test.concurrent('an insertion before an entry, or under another root, is refused', async () => {
    const lab = await Lab.open({ role: 'admin' });
    const victim = await lab.attack();
    const log = lab.log();
    const entry = new Uint8Array(log.sign('fact', fileFact('evil')).bytes);
    for (const spoil of [
      (doc: Y.Doc) => doc.getArray(`log:${lab.anna.writer}`).insert(0, [entry]),
      (doc: Y.Doc) => doc.getArray(`log:${lab.anna.writer}`).push([entry]),
      (doc: Y.Doc) => doc.getArray('evil').push([entry]),
      (doc: Y.Doc) => doc.getMap(`log:${log.writer}`).set('evil', entry),
      (doc: Y.Doc) => doc.getArray(`log:${log.writer}`).push(['evil']),
      (doc: Y.Doc) => doc.getArray(`log:${log.writer}`).push([new Y.Text('evil')])
    ]) {
      const copy = await copyOf(victim);
      copy.clientID = log.writer;
      spoil(copy);
      victim.sendUpdate(Y.encodeStateAsUpdate(copy, Y.encodeStateVector(victim.carrier)));
    }
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect([...lab.anna.carrier.share.keys()].every((name) => name.startsWith('log:'))).toBe(true);
  });

  test.concurrent(
    'entries of another project are refused, as they are and in a log of one’s own',
    async () => {
      const [source, lab] = [await Lab.open({ role: 'admin' }), await Lab.open({ role: 'admin' })];
      await source.anna.addFile({ name: 'evil elsewhere', size: 1 });
      const entries = source.anna.carrier.getArray<Uint8Array>(`log:${source.anna.writer}`).toArray();
      const victim = await lab.attack();
      victim.sendUpdate(Y.encodeStateAsUpdate(source.anna.carrier));
      const log = new HostileLog(lab.device, lab.project);
      for (const bytes of entries) log.append({ bytes: Buffer.from(bytes), hash: '' });
      victim.sendUpdate(log.update());
      const own = source.log(lab.device, source.project);
      own.write('fact', fileFact('evil'));
      victim.sendUpdate(own.update());
      await victim.settled();
      await lab.expectHonestWork();
      lab.expectUntouched();
    }
  );
});

const tenMegabytes = 10 * 1024 * 1024;

describe('10 MB of garbage', () => {
  const before: [string, (link: Link) => void][] = [
    ['on every channel', (link) => sendFrames(link, ['sync', 'control', 'bulk'])],
    ['as a handshake', (link) => sendAll(link, 'control', frames(randomBytes(tenMegabytes), 'handshake'))],
    ['that is no frame', (link) => sendAll(link, 'control', pieces(randomBytes(tenMegabytes)))]
  ];
  test.concurrent.each(before)('before the handshake ends the connection: %s', async (_how, instead) => {
    const lab = await Lab.open();
    const peer = await lab.enter({ instead });
    const { link } = await peer.anyVictim();
    await link.closed;
    await lab.expectHonestWork();
    lab.expectUntouched();
  });

  const after: [string, (victim: Victim) => void][] = [
    ['one message to be synced', ({ link }) => link.send('sync', randomBytes(tenMegabytes))],
    ['a state vector of millions', (victim) => victim.sendStep1(randomBytes(tenMegabytes))],
    ['an update', (victim) => victim.sendUpdate(randomBytes(tenMegabytes))],
    ['a thousand messages to be synced', ({ link }) => flood(link, 'sync')],
    ['one message on control', ({ link }) => link.send('control', randomBytes(tenMegabytes))],
    ['a thousand messages on control', ({ link }) => flood(link, 'control')],
    ['a thousand messages on bulk', ({ link }) => flood(link, 'bulk')],
    ['frames that are none', ({ link }) => sendAll(link, 'sync', pieces(randomBytes(tenMegabytes)))]
  ];
  test.concurrent('from a member harms nobody', async () => {
    const lab = await Lab.open();
    for (const [, send] of after) {
      const peer = await lab.enter();
      const victim = await peer.victim(lab.member(0).keys.device);
      send(victim);
      await victim.settled();
      await lab.expectHonestWork();
      lab.expectUntouched();
      peer.leave();
    }
  });

  test.concurrent('as a valid log is taken for what it is, and the honest work on beside it', async () => {
    const lab = await Lab.open({ role: 'editor' });
    const victim = await lab.attack();
    const log = lab.log();
    for (let i = 0; i < 12; i++) log.write('edit', randomBytes(900_000));
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
  });
});

function sendFrames(link: Link, channels: ('sync' | 'control' | 'bulk')[]): void {
  for (const channel of channels) sendAll(link, channel, frames(randomBytes(Math.floor(tenMegabytes / 3))));
}

function flood(link: Link, channel: 'sync' | 'control' | 'bulk'): void {
  for (let i = 0; i < 1000; i++) link.send(channel, randomBytes(10_000));
}

function sendAll(link: Link, channel: 'sync' | 'control' | 'bulk', all: Iterable<Uint8Array>): void {
  for (const bytes of all) link.sendRaw(channel, bytes);
}

function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += 60_000) yield bytes.subarray(at, at + 60_000);
}
