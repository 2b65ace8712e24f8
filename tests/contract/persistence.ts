/** What every ProjectPersistence promises; each adapter runs this suite. */
import { expect, test } from 'vitest';
import * as v from 'valibot';
import { createDeviceKeys } from '#lib/identity/device-keys.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { PersonId, ProjectId } from '#lib/model/ids.ts';
import { type ProjectPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';

const person = async (keys: Awaited<ReturnType<typeof createDeviceKeys>>) => ({
  person: v.parse(PersonId, toHex(randomBytes(16))),
  name: 'Anna',
  color: 0,
  devices: [{ device: keys.device, sealingKey: keys.sealingKey, name: 'laptop' }]
});

/** @param reopen closes everything of an earlier instance and opens the same store anew */
export function persistenceContract(reopen: () => Promise<ProjectPersistence>): void {
  test('what was flushed is there after a reopening', async () => {
    const keys = await createDeviceKeys();
    const persistence = await reopen();
    const project = await ProjectDocument.found({
      keys,
      person: await person(keys),
      name: 'CA1',
      persistence
    });
    for (let i = 0; i < 20; i++) await project.addFile({ name: `file ${i}`, size: i });
    project.view.notesOf('project').replace(0, 0, 'notes');
    await project.flush();
    await project.close();
    const again = await ProjectDocument.open({ id: project.id, keys, persistence: await reopen() });
    expect(again.state.files.map(({ name }) => name)).toEqual(project.state.files.map(({ name }) => name));
    expect(again.view.notesOf('project').toString()).toBe('notes');
    await again.addFile({ name: 'later', size: 1 });
    await again.close();
    const third = await ProjectDocument.open({ id: project.id, keys, persistence: await reopen() });
    expect(third.state.files).toHaveLength(21);
    await third.close();
  });

  test('projects are listed until they are removed', async () => {
    const keys = await createDeviceKeys();
    const persistence = await reopen();
    const one = await ProjectDocument.found({ keys, person: await person(keys), name: 'one', persistence });
    const two = await ProjectDocument.found({ keys, person: await person(keys), name: 'two', persistence });
    await Promise.all([one.close(), two.close()]);
    expect(await persistence.list()).toEqual(expect.arrayContaining([one.id, two.id]));
    await persistence.remove(one.id);
    expect(await persistence.list()).not.toContain(one.id);
    const gone = await ProjectDocument.open({ id: one.id, keys, persistence });
    expect(gone.state.members).toEqual([]);
    await gone.close();
  });

  test('an unknown project starts empty', async () => {
    const keys = await createDeviceKeys();
    const id = v.parse(ProjectId, toHex(randomBytes(32)));
    const project = await ProjectDocument.open({ id, keys, persistence: await reopen() });
    expect(project.state).toMatchObject({ members: [], files: [], jobs: [] });
    await project.close();
  });
}
