import fc from 'fast-check';
import * as encoding from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { type WriterId } from '#lib/model/ids.ts';
import { readLog } from '#lib/project/carrier.ts';
import { decodeEntry } from '#lib/project/entry.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { scene } from './attacker.ts';
import { deliverUpdate, folded, openProject, participant, syncAll } from './replicas.ts';

const notes = ({ view }: ProjectDocument) => view.notesOf('project');

/** Anna, and Jo who is an editor, in step; Mallory's device writes edits of its own making. */
async function twoReplicas() {
  const { project: anna, attacker, mallory } = await scene();
  const other = await participant('Jo');
  await anna.membership.admit(other.person, 'editor');
  const jo = await openProject(anna.id, other);
  await syncAll(anna, jo);
  return { anna, jo, attacker, mallory, writer: await attacker.writer() };
}

/** A Yjs document that writes as one client. */
function docOf(writer: WriterId): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = writer;
  return doc;
}

describe('an editor’s program', () => {
  test('that gives one place in its text two contents cannot set replicas apart', async () => {
    const { anna, jo, attacker, writer } = await twoReplicas();
    notes(jo).replace(0, 0, 'by Jo');
    await jo.flush();
    // One edit that builds on what Jo wrote and waits where that is not there yet, and one for the same place that waits for nothing.
    const building = docOf(writer);
    for (const { body } of await editsOf(jo)) Y.applyUpdate(building, body);
    building.getText('notes project').insert(5, 'FIRST');
    const since = Y.encodeStateVector(docWithout(building, writer));
    await attacker.writeEdit(Y.encodeStateAsUpdate(building, since));
    const other = docOf(writer);
    other.getText('notes project').insert(0, 'OTHER');
    await attacker.writeEdit(Y.encodeStateAsUpdate(other));
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(attacker.update(), anna, jo);
    await syncAll(anna, jo);
    expect(notes(anna).toString()).toBe(notes(jo).toString());
    expect(folded(jo)).toEqual(folded(anna));
  });

  test('that crafts places which no editor gives cannot set replicas apart', async () => {
    const letter = fc.record({ origin: fc.nat(20), right: fc.nat(20), text: fc.constantFrom('X', 'Y', 'Z') });
    await fc.assert(
      fc.asyncProperty(
        fc.array(letter, { minLength: 1, maxLength: 4 }),
        fc.array(fc.record({ byJo: fc.boolean(), at: fc.nat(8) }), { minLength: 1, maxLength: 5 }),
        async (crafted, typed) => {
          const { anna, jo, attacker, writer } = await twoReplicas();
          notes(anna).replace(0, 0, 'abcd');
          await syncAll(anna, jo);
          const [edit] = (await editsOf(anna)).slice(-1);
          const ids = Y.decodeUpdate(edit?.body ?? new Uint8Array()).structs.flatMap(({ id, length }) =>
            Array.from({ length }, (_, i) => Y.createID(id.client, id.clock + i))
          );
          await attacker.writeEdit(craft(writer, crafted, ids));
          // One gets it before what both type, the other afterwards.
          await deliverUpdate(attacker.update(), jo, anna);
          for (const { byJo, at } of typed) notes(byJo ? jo : anna).replace(at, 0, byJo ? 'q' : 'p');
          await jo.flush();
          await syncAll(anna, jo);
          await syncAll(anna, jo);
          expect(notes(jo).toString()).toBe(notes(anna).toString());
          for (const replica of [anna, jo]) notes(replica).replace(0, 1, 'still ');
          await syncAll(anna, jo);
          await syncAll(anna, jo);
          expect(folded(jo)).toEqual(folded(anna));
        }
      ),
      { numRuns: 60 }
    );
  });

  test('cannot give a name that nobody can change any more', async () => {
    const { anna, jo, attacker, writer } = await twoReplicas();
    const doc = docOf(writer);
    doc.getMap('names').set(`${writer}\nproject`, { clock: 2 ** 48, value: 'forged' });
    await attacker.writeEdit(Y.encodeStateAsUpdate(doc));
    await deliverUpdate(attacker.update(), anna, anna);
    await syncAll(anna, jo);
    for (const name of ['Named by Jo', 'Named again']) {
      jo.view.rename('project', name);
      await syncAll(anna, jo);
      for (const replica of [anna, jo]) expect(replica.name).toBe(name);
    }
  });

  test('that names something a little ahead is in nobody’s way', async () => {
    const { anna, jo, attacker, writer } = await twoReplicas();
    const doc = docOf(writer);
    doc.getMap('names').set(`${writer}\nproject`, { clock: 40, value: 'ahead' });
    await attacker.writeEdit(Y.encodeStateAsUpdate(doc));
    await deliverUpdate(attacker.update(), anna, anna);
    await syncAll(anna, jo);
    expect([anna.name, jo.name]).toEqual(['CA1', 'CA1']);
    notes(jo).replace(0, 0, 'x'.repeat(50));
    await syncAll(anna, jo);
    expect([anna.name, jo.name]).toEqual(['ahead', 'ahead']);
    anna.view.rename('project', 'Named by Anna');
    await syncAll(anna, jo);
    expect([anna.name, jo.name]).toEqual(['Named by Anna', 'Named by Anna']);
  });

  test('does not name anything in the name of another session', async () => {
    const { anna, jo, attacker, writer } = await twoReplicas();
    jo.view.rename('project', 'Named by Jo');
    await jo.flush();
    const doc = docOf(writer);
    const [clock, value] = [1000, 'forged'];
    doc.getMap('names').set(`${jo.writer}\nproject`, { clock, value });
    doc.getMap('names').set(`${anna.writer}\nproject`, { clock, value });
    doc.getMap('tags').set(`${jo.writer}\nproject\nforged`, { clock, value: true });
    await attacker.writeEdit(Y.encodeStateAsUpdate(doc));
    await deliverUpdate(attacker.update(), anna, anna);
    await syncAll(anna, jo);
    // As an editor it may take a name away; what stands there is nobody's but who set it.
    expect(anna.name).not.toBe('forged');
    jo.view.rename('project', 'Named again');
    await syncAll(anna, jo);
    for (const replica of [anna, jo]) {
      expect(replica.name).toBe('Named again');
      expect(replica.view.tagsOf('project')).toEqual([]);
    }
  });
});

async function editsOf(document: ProjectDocument): Promise<{ body: Uint8Array }[]> {
  const entries = await Promise.all(readLog(document.carrier, document.writer, 0).map(decodeEntry));
  return entries.filter(({ kind }) => kind === 'edit');
}

/** Letters between any two of what stands there, in whatever order these stand. */
function craft(
  writer: WriterId,
  letters: readonly { origin: number; right: number; text: string }[],
  ids: readonly Y.ID[]
): Uint8Array {
  const encoder = new Y.UpdateEncoderV1();
  for (const count of [1, letters.length]) encoding.writeVarUint(encoder.restEncoder, count);
  encoder.writeClient(writer);
  encoding.writeVarUint(encoder.restEncoder, 0);
  for (const [clock, { origin, right, text }] of letters.entries()) {
    const known = [...ids, ...letters.slice(0, clock).map((_, i) => Y.createID(writer, i)), null];
    const [left, next] = [known[origin % known.length] ?? null, known[right % known.length] ?? null];
    const parent = left || next ? null : ('notes project' as unknown as Y.Text);
    const id = Y.createID(writer, clock);
    new Y.Item(id, null, left, null, next, parent, null, new Y.ContentString(text)).write(encoder, 0);
  }
  encoding.writeVarUint(encoder.restEncoder, 0);
  return encoder.toUint8Array();
}

/** The document less what one client wrote. */
function docWithout(doc: Y.Doc, client: number): Y.Doc {
  const rest = new Y.Doc();
  const update = Y.encodeStateAsUpdate(doc);
  Y.applyUpdate(rest, Y.diffUpdate(update, Y.encodeStateVector(new Map([[client, 2 ** 50]]))));
  return rest;
}
