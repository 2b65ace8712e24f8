import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { fromHex, toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type ProjectId, type WriterId } from '#lib/model/ids.ts';
import { encodeBody, type FactBody } from '#lib/project/bodies.ts';
import { appendToCarrier } from '#lib/project/carrier.ts';
import { decodeEntry, deriveWriter, encodeEntry, type EntryHeader } from '#lib/project/entry.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { deliver, deliverUpdate, folded, foundProject, openProject, participant } from './replicas.ts';

/** A member's keys in the hands of a program of its own, which writes what it likes. */
class Attacker {
  readonly carrier = new Y.Doc({ gc: false });
  seq = 0;
  prev = '';
  lamport = 1000;
  readonly #keys: DeviceKeys;
  readonly #project: ProjectId;
  readonly #nonce = randomBytes(16);

  constructor(keys: DeviceKeys, project: ProjectId) {
    this.#keys = keys;
    this.#project = project;
  }

  writer(): Promise<WriterId> {
    return deriveWriter(this.#project, this.#keys.device, this.#nonce);
  }

  async entry(body: FactBody, changes: Partial<EntryHeader> = {}): Promise<Uint8Array> {
    const header: EntryHeader = {
      project: this.#project,
      epoch: 0,
      writer: await this.writer(),
      nonce: toHex(this.#nonce),
      seq: this.seq,
      device: this.#keys.device,
      prev: this.prev,
      access: [],
      lamport: this.lamport++,
      kind: 'fact',
      ...changes
    };
    const bytes = await encodeEntry(header, encodeBody(body), (message) => this.#keys.sign(message));
    this.seq++;
    this.prev = (await decodeEntry(bytes)).hash;
    return bytes;
  }

  async append(bytes: Uint8Array, writer?: WriterId): Promise<void> {
    appendToCarrier(this.carrier, writer ?? (await this.writer()), bytes);
  }

  update(): Uint8Array {
    return Y.encodeStateAsUpdate(this.carrier);
  }
}

const file = (name: string): FactBody => ({
  type: 'file',
  at: 0,
  file: toHex(randomBytes(16)) as never,
  name,
  size: 1
});

async function scene() {
  const [anna, mallory] = [await participant('Anna'), await participant('Mallory')];
  const project = await foundProject(anna);
  await project.admitPerson(mallory.person, 'admin');
  await project.addFile({ name: 'honest', size: 1 });
  const attacker = new Attacker(mallory.keys, project.id);
  return { anna, mallory, project, attacker };
}

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

  test('a second entry for a place that is taken is refused', async () => {
    const { project, attacker } = await scene();
    await attacker.append(await attacker.entry(file('first')));
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(true);
    attacker.seq = 0;
    attacker.prev = '';
    const fork = new Y.Doc({ gc: false });
    appendToCarrier(fork, await attacker.writer(), await attacker.entry(file('other first')));
    await refused(project, Y.encodeStateAsUpdate(fork));
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
    await project.setRole(mallory.person.person, 'viewer');
    const attacker = new Attacker(mallory.keys, project.id);
    await attacker.append(await attacker.entry(file('x')));
    // Not at the viewer's own connection, but through somebody else's.
    expect(await project.admit(attacker.update(), { device: mallory.keys.device })).toBe(false);
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

  test('a project founded by somebody else’s key is empty', async () => {
    const { project, mallory } = await scene();
    const copy = await openProject('33'.repeat(32) as ProjectId, mallory);
    expect(await deliver(project, copy)).toBe(false);
    expect(copy.state.members).toEqual([]);
  });

  test('a device that stands in the project already cannot be admitted again under another person', async () => {
    const { project, mallory } = await scene();
    const eve = await participant('Eve');
    await project.admitPerson({ ...eve.person, devices: mallory.person.devices }, 'admin');
    expect(project.state.members.map(({ name }) => name)).toEqual(['Anna', 'Mallory']);
    expect(fromHex(project.device)).toHaveLength(32);
  });
});
