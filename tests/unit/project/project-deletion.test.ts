/** Deleting a project for everybody: an admin's say, alike on every replica, and to be taken back. */
import { describe, expect, test } from 'vitest';
import { type AccessBody } from '#lib/project/bodies.ts';
import { accessEntries, Attacker } from './attacker.ts';
import { deliverUpdate, folded, foundProject, openProject, participant, syncAll } from './replicas.ts';

async function lab() {
  const [anna, bob, ed] = [await participant('Anna'), await participant('Bob'), await participant('Ed')];
  const here = await foundProject(anna);
  await here.membership.admit(bob.person, 'admin');
  await here.membership.admit(ed.person, 'editor');
  const second = await openProject(here.id, bob);
  const there = await openProject(here.id, ed);
  await syncAll(here, second, there);
  return { anna, bob, ed, here, second, there };
}

describe('a project deleted for everybody', () => {
  test('is deleted at every member, who deleted it is told, and nobody changes it', async () => {
    const { anna, here, there } = await lab();
    await here.whole.delete();
    await syncAll(here, there);
    expect(there.whole.deletion).toMatchObject({ by: anna.person.person });
    expect(folded(there)).toEqual(folded(here));
    await expect(there.addFile({ name: 'late.nwb', size: 1 })).rejects.toMatchObject({
      tag: 'project-deleted'
    });
  });

  test('is brought back by any admin, with all that was in it', async () => {
    const { here, second, there } = await lab();
    await there.addFile({ name: 'day3.nwb', size: 1 });
    await syncAll(here, second, there);
    await here.whole.delete();
    await syncAll(here, second, there);
    await second.whole.restore();
    await syncAll(here, second, there);
    for (const replica of [here, second, there]) {
      expect(replica.whole.deletion).toBeUndefined();
      expect(replica.state.files.map(({ name }) => name)).toEqual(['day3.nwb']);
    }
    await there.addFile({ name: 'day4.nwb', size: 1 });
  });

  test('stays deleted when somebody took back another deletion without knowing of this one', async () => {
    const { here, second } = await lab();
    await here.whole.delete();
    await syncAll(here, second);
    await here.whole.restore();
    await second.whole.delete();
    await syncAll(here, second);
    for (const replica of [here, second]) expect(replica.whole.deletion).toBeDefined();
    expect(folded(here)).toEqual(folded(second));
  });

  test('no editor deletes it, nor takes a deletion back, whatever program they use', async () => {
    const { here, ed, there } = await lab();
    await expect(there.whole.delete()).rejects.toMatchObject({ tag: 'not-allowed' });
    const attacker = new Attacker(ed.keys, here.id);
    const access = await accessEntries(here);
    const deletion: AccessBody = { type: 'delete-project', at: 1 };
    await attacker.write(deletion, { kind: 'access', access });
    await deliverUpdate(attacker.update(), there, here);
    expect(here.whole.deletion).toBeUndefined();
    await here.whole.delete();
    const entry = here.whole.deletion?.entry ?? '';
    await attacker.write(
      { type: 'restore-project', at: 2, deletions: [entry] },
      { kind: 'access', access: await accessEntries(here) }
    );
    await deliverUpdate(attacker.update(), there, here);
    expect(here.whole.deletion?.entry).toBe(entry);
  });

  test('what an admin deleted before the cut of their demotion counts, and nothing after it', async () => {
    const { here, second, bob } = await lab();
    await second.whole.delete();
    await syncAll(here, second);
    await here.membership.setRole(bob.person.person, 'viewer');
    await syncAll(here, second);
    for (const replica of [here, second]) expect(replica.whole.deletion).toBeDefined();
    await here.whole.restore();
    await here.membership.setRole(bob.person.person, 'admin');
    await syncAll(here, second);
    // Unaware of being demoted, Bob deletes it past the cut.
    const cutting = here.membership.setRole(bob.person.person, 'viewer');
    const deleting = second.whole.delete();
    await Promise.all([cutting, deleting]);
    await syncAll(here, second);
    for (const replica of [here, second]) expect(replica.whole.deletion).toBeUndefined();
    expect(folded(here)).toEqual(folded(second));
  });
});
