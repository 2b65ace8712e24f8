import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { fromHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { appendToCarrier, logLength, readAppends } from '#lib/project/carrier.ts';
import { hashDefinition } from '#lib/project/canonical-json.ts';
import { type EntryHeader, largestLamport } from '#lib/project/entry.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { Attacker, file, scene } from './attacker.ts';
import { deliver, deliverUpdate, folded, openProject, participant, sortDefinition } from './replicas.ts';

async function refused(project: ProjectDocument, update: Uint8Array): Promise<void> {
  const before = folded(project);
  expect(await deliverUpdate(update, project, project)).toBe(false);
  expect(folded(project)).toEqual(before);
}

describe('admission', () => {
  test('a well-formed entry of a member passes, so that the refusals below mean something', async () => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry(file('well formed')));
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(true);
    expect(project.state.files.map(({ name }) => name)).toContain('well formed');
  });

  test.each<[string, Partial<EntryHeader>]>([
    ['another project', { project: '00'.repeat(32) as ProjectId }],
    ['a sequence number ahead', { seq: 3, prev: '11'.repeat(32) }],
    ['a foreign nonce', { nonce: '00'.repeat(16) }]
  ])('an entry with %s is refused', async (_name, changes) => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry(file('x'), changes));
    await refused(project, attacker.update());
  });

  test('an entry under another device’s writer is refused', async () => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry(file('x'), { writer: project.writer }), project.writer);
    await refused(project, attacker.update());
  });

  test('an entry signed by another key is refused', async () => {
    const { project, attacker, anna } = await scene();
    const forged = await attacker.entry(file('x'), { device: anna.keys.device });
    await attacker.append(forged);
    await refused(project, attacker.update());
  });

  test('a changed byte anywhere is refused', async () => {
    const { project, attacker } = await scene();
    const bytes = await attacker.entry(file('x'));
    for (let at = 0; at < bytes.length; at += 7) {
      const changed = bytes.slice();
      changed[at] = (changed[at] ?? 0) ^ 0x10;
      const carrier = new Y.Doc({ gc: false });
      appendToCarrier(carrier, await attacker.writer(), changed);
      expect(await project.admit(Y.encodeStateAsUpdate(carrier), { device: project.device })).toBe(false);
    }
  });

  test('a break in the chain is refused', async () => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry(file('first')));
    attacker.prev = '22'.repeat(32);
    await attacker.append(await attacker.entry(file('second')));
    await refused(project, attacker.update());
  });

  test('a deletion in the carrier is refused', async () => {
    const { project } = await scene();
    const copy = new Y.Doc({ gc: false });
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(project.carrier));
    copy.getArray(`log:${project.writer}`).delete(0, 1);
    await refused(project, Y.encodeStateAsUpdate(copy));
  });

  test('an insertion before an entry is refused', async () => {
    const { project, attacker } = await scene();
    const copy = new Y.Doc({ gc: false });
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(project.carrier));
    copy.clientID = await attacker.writer();
    copy.getArray(`log:${project.writer}`).insert(0, [await attacker.entry(file('x'))]);
    await refused(project, Y.encodeStateAsUpdate(copy, Y.encodeStateVector(project.carrier)));
  });

  test.each([
    ['a map', (doc: Y.Doc) => doc.getMap('evil').set('a', 1)],
    ['a text', (doc: Y.Doc) => doc.getText('evil').insert(0, 'x')],
    ['an array of something else', (doc: Y.Doc) => doc.getArray(`log:${doc.clientID}`).push(['x'])]
  ])('%s in the carrier is refused', async (_name, change) => {
    const { project } = await scene();
    const doc = new Y.Doc({ gc: false });
    change(doc);
    await refused(project, Y.encodeStateAsUpdate(doc));
  });

  test('garbage is refused', async () => {
    const { project } = await scene();
    for (const length of [0, 1, 10, 1000]) await refused(project, randomBytes(length));
  });
});

describe('what a member signs beyond their rights', () => {
  test('is relayed and says nothing', async () => {
    const { project, mallory, anna } = await scene();
    await project.membership.setRole(mallory.person.person, 'viewer');
    const attacker = new Attacker(mallory.keys, project.id);
    await attacker.append(await attacker.entry(file('x')));
    // Not at the viewer's own connection, but through somebody else's.
    const passed = await project.admit(attacker.update(), { device: mallory.keys.device });
    expect(readAppends(passed as Uint8Array)).toEqual([]);
    expect(await project.admit(attacker.update(), { device: anna.keys.device })).toBe(true);
    await deliverUpdate(attacker.update(), project, project);
    expect(project.state.files.map(({ name }) => name)).toEqual(['honest']);
  });

  test('an unknown kind of fact stands without meaning, and later ones of its writer count', async () => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry({ type: 'future' } as never));
    await attacker.append(await attacker.entry(file('later')));
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(true);
    expect(project.state.files.map(({ name }) => name)).toEqual(['honest', 'later']);
  });

  test('a clock far ahead is left out, so that what comes later still comes after what was before', async () => {
    const { project, attacker, mallory, anna } = await scene();
    await attacker.write(file('last of all times'), { lamport: largestLamport });
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(false);
    expect(logLength(project.carrier, await attacker.writer())).toBe(0);
    const beyond = attacker.write(file('beyond'), { lamport: largestLamport + 1 });
    await expect(beyond).rejects.toMatchObject({ tag: 'entry-invalid' });
    const near = new Attacker(mallory.keys, project.id);
    await near.write(file('somewhat ahead'), { lamport: 90_000 });
    expect(await deliverUpdate(near.update(), project, project)).toBe(true);
    // Whoever writes on is later than that: the last change of a role is the one that counts.
    for (const role of ['viewer', 'editor', 'viewer'] as const)
      await project.membership.setRole(mallory.person.person, role);
    expect(project.roleOfDevice(mallory.keys.device)).toBe('viewer');
    expect(project.roleOfDevice(anna.keys.device)).toBe('admin');
  });

  test('a job under another definition’s hash is none', async () => {
    const { project, attacker, mallory } = await scene();
    const definition = sortDefinition(project.state.files[0]?.file ?? ('' as never));
    const job = { type: 'job', at: 0, job: '44'.repeat(16), submitter: mallory.person.person, definition };
    await attacker.write({
      ...job,
      definitionHash: await hashDefinition({ ...definition, seed: 1 })
    } as never);
    await attacker.write({ ...job, definitionHash: await hashDefinition(definition) } as never);
    await deliverUpdate(attacker.update(), project, project);
    expect(project.state.jobs).toMatchObject([{ definitionHash: await hashDefinition(definition) }]);
  });

  test('an edit whose update does not parse, or speaks as another writer, changes nothing', async () => {
    const { project, attacker } = await scene();
    const notes = project.view.notesOf('project');
    notes.replace(0, 0, 'ours');
    const forged = new Y.Doc();
    forged.clientID = project.writer;
    forged.getText('notes project').insert(0, 'forged');
    await attacker.writeEdit(randomBytes(40));
    await attacker.writeEdit(Y.encodeStateAsUpdate(forged));
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(true);
    expect(notes.toString()).toBe('ours');
    notes.replace(4, 0, ' still');
    await project.flush();
    expect(notes.toString()).toBe('ours still');
  });

  test('a project founded by somebody else’s key is empty', async () => {
    const { project, mallory } = await scene();
    const copy = await openProject('33'.repeat(32) as ProjectId, mallory);
    expect(await deliver(project, copy)).toBe(false);
    expect(copy.state.members).toEqual([]);
  });

  test('a device that stands in the project already cannot be admitted again under another person', async () => {
    const { project, mallory } = await scene();
    const eve = await participant('Eve');
    await project.membership.admit({ ...eve.person, devices: mallory.person.devices }, 'admin');
    expect(project.state.members.map(({ name }) => name)).toEqual(['Anna', 'Mallory']);
    expect(fromHex(project.device)).toHaveLength(32);
  });
});
