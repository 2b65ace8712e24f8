/** A member's device that writes what its role, or its identity, does not allow. */
import { randomBytes } from 'node:crypto';
import { afterAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { sortDefinition } from '../unit/project/replicas.ts';
import { change, endLabs, Lab } from './lab.ts';
import { newDevice, personWith } from './program/keys.ts';
import { fileFact, HostileLog } from './program/log.ts';

afterAll(endLabs);

const at = Date.now();
const roles = ({ anna }: Lab) => Object.fromEntries(anna.state.members.map(({ name, role }) => [name, role]));

test.concurrent('an editor’s program is heard everywhere, so that the refusals mean something', async () => {
  const lab = await Lab.open({ role: 'editor' });
  const victim = await lab.attack();
  const log = lab.log();
  log.write('fact', fileFact('heard'));
  victim.sendUpdate(log.update());
  for (const { document } of lab.honest)
    await change(document, () => document.state.files.some(({ name }) => name === 'heard'));
  await lab.expectHonestWork();
});

describe('a viewer', () => {
  test.concurrent('writes nothing by its own connection', async () => {
    const lab = await Lab.open();
    const victim = await lab.attack();
    const log = lab.log();
    log.write('fact', fileFact('evil'));
    log.write('edit', renaming(log, 'evil'));
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(lab.anna.carrier.share.has(`log:${log.writer}`)).toBe(false);
  });

  test.concurrent(
    'writes nothing through an editor who has not heard that they are a viewer now',
    async () => {
      const lab = await Lab.open({ role: 'editor' });
      const elsewhere = await lab.isolate(1);
      await lab.anna.membership.setRole(lab.person.person as never, 'viewer');
      const log = new HostileLog(lab.device, lab.project);
      log.access = lab.accessHeads();
      log.write('fact', fileFact('evil'));
      log.write('edit', renaming(log, 'evil'));
      const victim = await lab.attack(1, elsewhere);
      victim.sendUpdate(log.update());
      await change(lab.member(1).document, () => lab.member(1).document.state.files.length === 3);
      await lab.rejoin(1);
      await lab.expectHonestWork();
      lab.expectUntouched();
      // It is there, relayed as it was: it says nothing.
      expect(lab.anna.carrier.getArray(`log:${log.writer}`)).toHaveLength(2);
    }
  );

  test.concurrent.each(['knowing everything', 'knowing nothing', 'dated back'])(
    'gains no role by giving themselves one: %s',
    async (how) => {
      const lab = await Lab.open({ role: 'viewer', others: ['editor', 'viewer'] });
      const before = roles(lab);
      const log = lab.log();
      if (how !== 'knowing everything') log.access = [];
      if (how === 'dated back') log.lamport = 1;
      const accomplice = personWith(newDevice(), 'Accomplice');
      const { person } = lab.person;
      log.write('access', { type: 'role', at, person, role: 'admin', cut: [] });
      log.write('access', { type: 'admit', at, person: accomplice, role: 'admin' });
      log.write('access', { type: 'remove', at, person: lab.member(0).person.person, cut: [] });
      const key = randomBytes(32).toString('hex');
      const invite = randomBytes(16).toString('hex');
      log.write('access', { type: 'invite', at, invite, key, role: 'admin', expires: at + 1e9, uses: 9 });
      log.write('access', { type: 'meet', at, signalling: ['ws://evil.example/signal'] });
      log.write('fact', fileFact('evil'));
      const peer = await lab.enter();
      for (const { keys } of lab.honest) {
        const victim = await peer.victim(keys.device);
        victim.sendUpdate(log.update());
        await victim.settled();
      }
      await lab.expectHonestWork();
      lab.expectUntouched();
      expect(roles(lab)).toEqual(before);
      expect(lab.anna.state.invitations).toEqual([]);
      expect(lab.anna.state.signalling).toEqual([]);
    }
  );
});

describe('a member', () => {
  test.concurrent.each(['signed by its own key', 'in its name', 'at the end of its log'])(
    'writes nothing as another device: %s',
    async (how) => {
      const lab = await Lab.open({ role: 'editor' });
      const victim = await lab.attack();
      const { anna } = lab;
      const log = lab.log();
      const nonce = log.nonce;
      if (how === 'signed by its own key')
        log.append(log.sign('fact', fileFact('evil'), { writer: anna.writer }), anna.writer);
      if (how === 'in its name') log.write('fact', fileFact('evil'), { device: anna.device, nonce });
      if (how === 'at the end of its log') {
        Y.applyUpdate(log.carrier, Y.encodeStateAsUpdate(anna.carrier));
        const seq = anna.carrier.getArray(`log:${anna.writer}`).length;
        const forged = { writer: anna.writer, device: anna.device, seq, prev: 'ab'.repeat(32) };
        log.append(log.sign('fact', fileFact('evil'), forged), anna.writer);
      }
      victim.sendUpdate(log.update());
      await victim.settled();
      await lab.expectHonestWork();
      lab.expectUntouched();
    }
  );

  test.concurrent('sets no clock to its end, after which nothing could come later', async () => {
    const lab = await Lab.open({ role: 'editor' });
    const victim = await lab.attack();
    const log = lab.log();
    log.lamport = 2 ** 48;
    log.write('fact', fileFact('evil'));
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    const [editor] = lab.anna.state.members.filter(({ role }) => role === 'editor');
    if (!editor) throw new Error('there is an editor');
    for (const role of ['viewer', 'editor'] as const) await lab.anna.membership.setRole(editor.person, role);
    await lab.expectHonestWork();
  });

  test.concurrent('edits nothing in the name of another session', async () => {
    const lab = await Lab.open({ role: 'editor' });
    lab.anna.view.notesOf('project').replace(0, 0, 'ours');
    const victim = await lab.attack();
    const log = lab.log();
    log.write('edit', renaming({ writer: lab.anna.writer }, 'evil'));
    log.write('edit', randomBytes(100));
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(lab.anna.view.notesOf('project').toString()).toBe('ours');
  });

  test.concurrent('changes and hides nobody’s comment', async () => {
    const lab = await Lab.open({ role: 'editor' });
    const [file] = lab.anna.state.files;
    if (!file) throw new Error('there are files');
    const on = { kind: 'file' as const, id: file.file };
    const comment = await lab.anna.comments.add(on, 'ours');
    const victim = await lab.attack();
    const log = lab.log();
    log.write('fact', { type: 'comment-text', at, comment, text: 'evil' });
    log.write('fact', { type: 'comment-hidden', at, comment, hidden: true });
    log.write('fact', { type: 'comment', at, comment, on, text: 'evil' });
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(lab.anna.state.comments).toMatchObject([{ text: 'ours', author: lab.anna.person }]);
    expect(lab.anna.state.comments[0]?.hiddenBy).toBeUndefined();
  });

  test.concurrent('says nothing of a job that runs elsewhere', async () => {
    const lab = await Lab.open({ role: 'compute', others: ['editor', 'compute'] });
    const node = lab.member(2);
    const [input] = lab.anna.state.files;
    if (!input) throw new Error('there are files');
    const definition = sortDefinition(input.file);
    const job = await lab.anna.submitJob(definition, { device: node.keys.device });
    const victim = await lab.attack();
    const log = lab.log();
    const event = { job, attempt: 1, n: 0, state: 'completed', outputs: [] };
    log.write('fact', { type: 'event', at, event });
    log.write('fact', { type: 'assign', at, job, attempt: 2, device: lab.device.id });
    log.write('fact', { type: 'event', at, event: { ...event, attempt: 2 } });
    const [output] = definition.outputs;
    const made = { ...fileFact('evil'), file: output?.file, generatedBy: { job, output: output?.name } };
    log.write('fact', made);
    victim.sendUpdate(log.update());
    await victim.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(lab.anna.state.jobs).toMatchObject([{ state: 'waiting', attempts: [{ attempt: 1, events: [] }] }]);
    await node.document.appendJobEvent({ job, attempt: 1, n: 0, state: 'accepted' });
    await change(lab.anna, () => lab.anna.job(job)?.state === 'accepted');
  });

  test.concurrent('who was removed says nothing through somebody who has not heard of it', async () => {
    const lab = await Lab.open({ role: 'admin' });
    const elsewhere = await lab.isolate(1);
    await lab.anna.membership.remove(lab.person.person as never);
    const log = lab.log();
    log.write('fact', fileFact('evil'));
    log.write('edit', renaming(log, 'evil'));
    log.write('access', { type: 'admit', at, person: personWith(newDevice(), 'Accomplice'), role: 'admin' });
    const victim = await lab.attack(1, elsewhere);
    victim.sendUpdate(log.update());
    await change(lab.member(1).document, () => lab.member(1).document.state.files.length === 3);
    await lab.rejoin(1);
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(Object.keys(roles(lab))).toEqual(['Anna', 'editor 0']);
    const peer = await lab.enter();
    expect(await peer.refused()).toBe('removed');
  });
});

/** An edit that names the project, as one session. */
function renaming({ writer }: { writer: number }, value: string): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = writer;
  doc.getMap('names').set(`${writer}\nproject`, { value, clock: 1000 });
  return Y.encodeStateAsUpdate(doc);
}
