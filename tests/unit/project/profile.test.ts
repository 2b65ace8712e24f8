/** What a project is about, and whether it is put away: written by several people at once. */
import { describe, expect, test } from 'vitest';
import { mostTags } from '#lib/project/view.ts';
import { foundProject, openProject, participant, syncAll } from './replicas.ts';

async function lab() {
  const [anna, ed, vic] = [await participant('Anna'), await participant('Ed'), await participant('Vic')];
  const here = await foundProject(anna);
  await here.membership.admit(ed.person, 'editor');
  await here.membership.admit(vic.person, 'viewer');
  const there = await openProject(here.id, ed);
  const viewing = await openProject(here.id, vic);
  await syncAll(here, there, viewing);
  return { here, there, viewing };
}

describe('the profile of a project', () => {
  test('what two write in the description at once merges', async () => {
    const { here, there } = await lab();
    here.view.description.replace(0, 0, 'shanks');
    await here.flush();
    await syncAll(here, there);
    here.view.description.replace(0, 0, 'Two ');
    there.view.description.replace(6, 0, ' in CA1');
    await here.flush();
    await there.flush();
    await syncAll(here, there);
    for (const { view } of [here, there]) expect(view.description.toString()).toBe('Two shanks in CA1');
    const kinds = (await here.history()).items.map(({ change }) => change);
    expect(kinds).toContainEqual(expect.objectContaining({ type: 'note', subject: 'description' }));
  });

  test('the last who says so puts it away or brings it back', async () => {
    const { here, there } = await lab();
    expect(here.view.archived).toBe(false);
    there.view.setArchived(true);
    await there.flush();
    await syncAll(here, there);
    expect(here.view.archived).toBe(true);
    here.view.setArchived(false);
    await here.flush();
    await syncAll(here, there);
    expect(there.view.archived).toBe(false);
  });

  test('what a viewer writes of it shows nowhere', async () => {
    const { here, viewing } = await lab();
    viewing.view.description.replace(0, 0, 'mine');
    viewing.view.setTag('project', 'mine', true);
    viewing.view.setArchived(true);
    await viewing.flush();
    await syncAll(viewing, here);
    for (const { view } of [here, viewing]) {
      expect(view.description.toString()).toBe('');
      expect(view.tagsOf('project')).toEqual([]);
      expect(view.archived).toBe(false);
    }
  });

  test('tags are few and short, whoever sets them', async () => {
    const { here } = await lab();
    for (let i = 0; i < mostTags + 5; i++) here.view.setTag('project', `tag ${i}`, true);
    here.view.setTag('project', 'x'.repeat(1000), true);
    here.view.setTag('project', '  ', true);
    await here.flush();
    const tags = here.view.tagsOf('project');
    expect(tags).toHaveLength(mostTags);
    for (const tag of tags) expect(tag).toMatch(/^(tag \d+|x{64})$/);
  });
});
