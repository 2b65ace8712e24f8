import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { type FileId } from '#lib/model/ids.ts';
import { commentParts } from '#lib/project/comments.ts';
import { Attacker } from './attacker.ts';
import {
  deliver,
  deliverUpdate,
  folded,
  foundProject,
  openProject,
  participant,
  syncAll
} from './replicas.ts';

async function lab() {
  const [anna, ed, vera] = [await participant('Anna'), await participant('Ed'), await participant('Vera')];
  const here = await foundProject(anna);
  await here.membership.admit(ed.person, 'editor');
  await here.membership.admit(vera.person, 'viewer');
  const [there, watching] = [await openProject(here.id, ed), await openProject(here.id, vera)];
  const file = await here.addFile({ name: 'day3.nwb', size: 1000 });
  await syncAll(here, there, watching);
  return { anna, ed, vera, here, there, watching, file, on: { kind: 'file' as const, id: file } };
}

describe('comments', () => {
  test('of two people at once appear at both, in one order, with their edits', async () => {
    const { here, there, file, on } = await lab();
    const first = await here.comments.add(on, '  Two shanks?  ');
    await there.comments.add({ kind: 'unit', id: file, unit: 7 }, 'noise');
    await here.comments.edit(first, 'Two shanks.');
    await syncAll(here, there);
    expect(folded(there)).toEqual(folded(here));
    expect(there.state.comments.map(({ text }) => text).sort()).toEqual(['Two shanks.', 'noise']);
    expect(there.state.comments.find(({ comment }) => comment === first)?.editedAt).toBeGreaterThan(0);
  });

  test('are changed by who wrote them, and hidden by an admin too, whatever others write', async () => {
    const { here, there, ed, on } = await lab();
    const annas = await here.comments.add(on, 'keep');
    await deliver(here, there);
    const eds = await there.comments.add(on, 'rude');
    await syncAll(here, there);
    await expect(there.comments.edit(annas, 'x')).rejects.toMatchObject({ tag: 'comment-not-own' });
    await expect(there.comments.setHidden(annas, true)).rejects.toMatchObject({ tag: 'comment-not-own' });
    await expect(here.comments.edit(eds, 'x')).rejects.toMatchObject({ tag: 'comment-not-own' });
    await here.comments.setHidden(eds, true);
    await deliver(here, there);
    await there.comments.setHidden(eds, false);
    const attacker = new Attacker(ed.keys, here.id);
    attacker.lamport = 1000;
    await attacker.write({ type: 'comment-text', at: 0, comment: annas, text: 'forged' });
    await attacker.write({ type: 'comment-hidden', at: 0, comment: annas, hidden: true });
    await deliverUpdate(Y.encodeStateAsUpdate(attacker.carrier), there, here);
    expect(here.state.comments).toMatchObject([{ text: 'keep' }, { text: 'rude', hiddenBy: here.person }]);
    expect(here.state.comments[0]).not.toHaveProperty('hiddenBy');
    await here.comments.setHidden(eds, false);
    expect(here.state.comments[1]).not.toHaveProperty('hiddenBy');
  });

  test('are not a viewer’s to write', async () => {
    const { here, watching, vera, on } = await lab();
    await expect(watching.comments.add(on, 'hello')).rejects.toMatchObject({ tag: 'not-allowed' });
    const viewer = new Attacker(vera.keys, here.id);
    await viewer.write({ type: 'comment', at: 0, comment: 'ab'.repeat(16) as never, on, text: 'hello' });
    Y.applyUpdate(here.carrier, Y.encodeStateAsUpdate(viewer.carrier));
    await here.flush();
    expect(here.state.comments).toEqual([]);
  });

  test('stand on what is in the project, and come back with what was deleted', async () => {
    const { here, file, on } = await lab();
    await here.comments.add({ kind: 'file', id: 'ab'.repeat(16) as FileId }, 'nowhere');
    await here.comments.add(on, 'here');
    const deletion = await here.delete({ kind: 'file', id: file });
    await here.restore([deletion]);
    expect(here.state.comments).toMatchObject([{ text: 'here' }]);
  });

  test('without a text, or with a very long one, are refused', async () => {
    const { here, on } = await lab();
    await expect(here.comments.add(on, '  ')).rejects.toMatchObject({ tag: 'comment-empty' });
    await expect(here.comments.add(on, 'x'.repeat(4001))).rejects.toMatchObject({ tag: 'comment-too-long' });
  });
});

test('a mention is a person’s id in the text, and nothing else is', () => {
  const id = '0123456789abcdef'.repeat(2);
  expect(commentParts(`Hi @${id}, look <b>here</b>`)).toEqual([
    { text: 'Hi ' },
    { mention: id },
    { text: ', look <b>here</b>' }
  ]);
  expect(commentParts(`@${id}0 and @Anna`)).toEqual([{ text: `@${id}0 and @Anna` }]);
});
