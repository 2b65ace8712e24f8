import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import {
  formatInvitationLink,
  formatPairingLink,
  parseInvitationLink,
  parsePairingLink
} from '#lib/identity/links.ts';
import { fromBase64Url, fromUtf8, toBase64Url, utf8 } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { decodeAccessBody, decodeFactBody } from '#lib/project/bodies.ts';
import { readLog } from '#lib/project/carrier.ts';
import { decodeEntry, decodeSignedHeader, verifyEntry } from '#lib/project/entry.ts';
import { scene } from '../unit/project/attacker.ts';
import { folded, sortDefinition } from '../unit/project/replicas.ts';
import { fuzzRuns, mutated } from './mutations.ts';

const timeout = 600_000;

test(
  'no changed entry is taken for a signed one, and none throws but entry-invalid',
  { timeout },
  async () => {
    const { project } = await scene();
    const entries = readLog(project.carrier, project.writer, 0);
    const hashes = new Set((await Promise.all(entries.map(decodeEntry))).map(({ hash }) => hash));
    const target = fc.asyncProperty(mutated(...entries), async (bytes) => {
      const entry = await decodeEntry(bytes).catch(expectInvalid);
      if (entry && (await verifyEntry(entry))) expect(hashes).toContain(entry.hash);
      await decodeSignedHeader(bytes).catch(expectInvalid);
      decodeAccessBody(bytes);
      decodeFactBody(bytes);
    });
    await fc.assert(target, { numRuns: fuzzRuns });
  }
);

test('no changed update changes a project', { timeout }, async () => {
  const { project, attacker } = await scene();
  const file = project.state.files[0]?.file;
  if (!file) throw new Error('the scene has a file');
  await project.submitJob(sortDefinition(file));
  const before = folded(project);
  const honest = Y.encodeStateAsUpdate(project.carrier);
  await attacker.write({ type: 'delete', at: 0, kind: 'file', id: file });
  const target = fc.asyncProperty(mutated(honest, attacker.update()), async (update) => {
    const passed = await project.admit(update, project);
    // What passes holds only entries that were signed as they are; the deletion is one.
    if (passed === false || sameBytes(update, attacker.update())) return;
    const copy = new Y.Doc();
    Y.applyUpdate(copy, honest);
    Y.applyUpdate(copy, passed === true ? update : passed);
    for (const [writer] of Y.decodeStateVector(Y.encodeStateVector(copy)))
      for (const entry of readLog(copy, writer, 0))
        expect(await verifyEntry(await decodeEntry(entry))).toBe(true);
  });
  await fc.assert(target, { numRuns: fuzzRuns });
  await project.flush();
  expect(folded(project)).toEqual(before);
});

test.each([
  ['that counts', 'admin'],
  ['that does not count', 'viewer']
] as const)(
  'no signed edit %s, whatever its update, stops a project from folding',
  { timeout },
  async (_, role) => {
    const { project, attacker, mallory } = await scene();
    if (role === 'viewer') await project.membership.setRole(mallory.person.person, role);
    const writer = await attacker.writer();
    const asExpected = new Y.Doc();
    asExpected.clientID = writer;
    asExpected.getText('notes project').insert(0, 'a note');
    asExpected.getMap('names').set(`${writer}\nproject`, { value: 'renamed', clock: 9 });
    asExpected.getText('notes project').delete(1, 2);
    asExpected.getMap('names').set(`${writer}\nnested`, new Y.Map([['a', new Y.Array()]]));
    const asOtherTypes = new Y.Doc();
    asOtherTypes.clientID = writer;
    asOtherTypes.getArray('names').push(['not a map', new Y.XmlElement('p')]);
    asOtherTypes.getMap('notes project').set('not', 'a text');
    const edits = [asExpected, asOtherTypes].map((doc) => Y.encodeStateAsUpdate(doc));
    const target = fc.asyncProperty(mutated(...edits), async (edit) => {
      await attacker.writeEdit(edit);
      Y.applyUpdate(project.carrier, attacker.update());
      await project.flush();
      expect(typeof project.name).toBe('string');
      project.view.notesOf('project').toString();
      if (role === 'viewer')
        expect([project.name, project.view.notesOf('project').toString()]).toEqual(['CA1', '']);
    });
    await fc.assert(target, { numRuns: Math.ceil(fuzzRuns / 10) });
    await project.addFile({ name: 'after all that', size: 1 });
    expect(project.state.files.map(({ name }) => name)).toEqual(['honest', 'after all that']);
  }
);

test('a changed pairing link is refused as such, or is a whole one', () => {
  const link = parsePairingLink(
    formatPairingLink('http://localhost:4317', {
      v: 1,
      node: '11'.repeat(32) as never,
      fingerprint: Array.from({ length: 32 }, () => 'AB').join(':'),
      signalling: ['ws://localhost:4317/signal'],
      secret: 'AAAAAAAAAAAAAAAAAAAAAA',
      expires: 1
    })
  );
  const json = utf8(JSON.stringify(link));
  const inside = mutated(json).map((bytes) => `#${toBase64Url(bytes)}`);
  const outside = mutated(utf8(toBase64Url(json))).map((bytes) => new TextDecoder().decode(bytes));
  const target = fc.property(fc.oneof(inside, outside), (text) => {
    try {
      const parsed = parsePairingLink(text);
      expect(fromBase64Url(parsed.secret)).toHaveLength(16);
      expect(fromUtf8(utf8(parsed.node))).toMatch(/^[0-9a-f]{64}$/);
    } catch (error) {
      if (!(error instanceof TaggedError) || error.tag !== 'link-invalid') throw error;
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('a changed invitation link is refused as such, or is a whole one', () => {
  const link = parseInvitationLink(
    formatInvitationLink('http://localhost:4317', {
      v: 1,
      project: '11'.repeat(32) as never,
      secret: 'A'.repeat(43),
      invite: '22'.repeat(16) as never,
      seed: 'A'.repeat(43),
      entry: '33'.repeat(32),
      lamport: 7,
      signalling: ['ws://localhost:4317/signal'],
      expires: 1,
      role: 'editor',
      projectName: 'CA1',
      inviterName: 'Anna'
    })
  );
  const changed = mutated(utf8(JSON.stringify(link))).map((bytes) => `#${toBase64Url(bytes)}`);
  const target = fc.property(changed, (text) => {
    try {
      const parsed = parseInvitationLink(text);
      expect(['admin', 'editor', 'viewer']).toContain(parsed.role);
      for (const secret of [parsed.secret, parsed.seed]) expect(fromBase64Url(secret)).toHaveLength(32);
    } catch (error) {
      if (!(error instanceof TaggedError) || error.tag !== 'invitation-invalid') throw error;
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

function expectInvalid(error: unknown): undefined {
  if (!(error instanceof TaggedError) || error.tag !== 'entry-invalid') throw error;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
