import { describe, expect, test } from 'vitest';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { Attacker } from './attacker.ts';
import { foundProject, openProject, participant, syncAll } from './replicas.ts';

async function lab() {
  const [anna, ed] = [await participant('Anna'), await participant('Ed')];
  const here = await foundProject(anna);
  await here.membership.admit(ed.person, 'editor');
  const there = await openProject(here.id, ed);
  await syncAll(here, there);
  return { anna, ed, here, there };
}

const changes = async (project: ProjectDocument) =>
  (await project.history()).items.map(({ change }) => change);

describe('the history of a project', () => {
  test('tells who did what and when, alike at all', async () => {
    const { here, there, ed } = await lab();
    const before = Date.now();
    const file = await there.addFile({ name: 'day3.nwb', size: 1 });
    there.view.rename(`file ${file}`, 'Day 3');
    there.view.notesOf('project').replace(0, 0, 'Two shanks.');
    await there.flush();
    await syncAll(here, there);
    expect((await here.history()).items).toEqual((await there.history()).items);
    const items = (await here.history()).items.filter(({ person }) => person === ed.person.person);
    expect(items.map(({ change }) => change)).toMatchObject([
      { type: 'file', file, name: 'day3.nwb' },
      { type: 'name', subject: `file ${file}`, name: 'Day 3', before: undefined },
      { type: 'note', subject: 'project', grown: 11 }
    ]);
    for (const { at } of items) expect(at).toBeGreaterThanOrEqual(before);
  });

  test('tells tags, archiving and bringing back', async () => {
    const { here } = await lab();
    here.view.setTag('project', 'CA1', true);
    await here.flush();
    here.view.setTag('project', 'CA1', false);
    here.view.setArchived(true);
    await here.flush();
    here.view.setArchived(false);
    await here.flush();
    expect(
      (await changes(here)).filter((change) => change.type === 'tag' || change.type === 'archive')
    ).toEqual([
      { type: 'tag', subject: 'project', tag: 'CA1', present: true },
      { type: 'tag', subject: 'project', tag: 'CA1', present: false },
      { type: 'archive', archived: true },
      { type: 'archive', archived: false }
    ]);
  });

  test('takes what one person writes in one go as one item, and what another writes as another', async () => {
    const { here, there } = await lab();
    const notes = here.view.notesOf('project');
    for (const word of ['One ', 'two ', 'three']) {
      notes.replace(notes.toString().length, 0, word);
      await here.flush();
    }
    await syncAll(here, there);
    there.view.notesOf('project').replace(0, 4, '');
    await there.flush();
    await syncAll(here, there);
    expect((await changes(here)).filter((change) => change.type === 'note')).toMatchObject([
      { grown: 13, edits: 4 },
      { grown: -4, edits: 5 }
    ]);
  });

  test('shows names and notes as they were after any edit', async () => {
    const { here } = await lab();
    const notes = here.view.notesOf('project');
    notes.replace(0, 0, 'before');
    await here.flush();
    const then = (await changes(here)).at(-1);
    notes.replace(0, 6, 'after');
    here.view.rename('project', 'CA3');
    await here.flush();
    if (then?.type !== 'note') throw new Error('a note');
    const past = (await here.history()).viewAfter(then.edits);
    expect(past.texts.get('project')).toBe('before');
    expect(past.names.get('project')).toBe('CA1');
    expect(notes.toString()).toBe('after');
  });

  test('names the loser of two who rename at once', async () => {
    const { here, there, anna, ed } = await lab();
    here.view.rename('project', 'Anna’s');
    there.view.rename('project', 'Ed’s');
    await syncAll(here, there);
    const [first, second] = (await changes(here)).slice(-2);
    expect(first).not.toHaveProperty('crossed');
    const isAnnasFirst = first && 'name' in first && first.name === 'Anna’s';
    expect(second).toMatchObject({
      crossed: {
        name: isAnnasFirst ? 'Anna’s' : 'Ed’s',
        by: (isAnnasFirst ? anna : ed).person.person,
        won: here.name === (isAnnasFirst ? 'Ed’s' : 'Anna’s')
      }
    });
  });

  test('holds nothing of who has no say', async () => {
    const { here } = await lab();
    const known = (await here.history()).items.length;
    const stranger = new Attacker((await participant('Eve')).keys, here.id);
    await stranger.write({ type: 'file', at: 0, file: 'ab'.repeat(16) as never, name: 'x', size: 1 });
    const { applyUpdate, encodeStateAsUpdate } = await import('yjs');
    applyUpdate(here.carrier, encodeStateAsUpdate(stranger.carrier));
    await here.flush();
    expect((await here.history()).items).toHaveLength(known);
  });
});
