import { expect, test } from 'vitest';
import { foundProject, memoryRows, openProject, participant } from './replicas.ts';

/** Rows on a disk that can be full. */
function fillableRows() {
  const rows = memoryRows();
  const disk = { full: false };
  const append: typeof rows.append = (project, update) =>
    disk.full ? Promise.reject(new Error('database or disk is full')) : rows.append(project, update);
  return { rows: { ...rows, append }, disk };
}

test('what could not be stored is said so, kept, and stored once there is room', async () => {
  const { rows, disk } = fillableRows();
  const anna = await participant('Anna');
  const project = await foundProject(anna, rows);
  disk.full = true;
  await expect(project.addFile({ name: 'a', size: 1 })).rejects.toThrow('full');
  await expect(project.addFile({ name: 'b', size: 1 })).rejects.toThrow('full');
  await expect(project.flush()).rejects.toThrow('full');
  disk.full = false;
  await project.addFile({ name: 'c', size: 1 });
  await project.close();
  const again = await openProject(project.id, anna, rows);
  expect(again.state.files.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
});

test('a project closes also when its last changes cannot be stored', async () => {
  const { rows, disk } = fillableRows();
  const project = await foundProject(await participant('Anna'), rows);
  disk.full = true;
  project.view.rename('project', 'unsaved');
  await expect(project.close()).rejects.toThrow('full');
  expect(project.carrier.isDestroyed).toBe(true);
});

test('damaged rows are refused with a reason', async () => {
  const rows = memoryRows();
  const anna = await participant('Anna');
  const project = await foundProject(anna, rows);
  await project.close();
  await rows.append(project.id, new Uint8Array([1, 255, 255, 255]));
  await expect(openProject(project.id, anna, rows)).rejects.toMatchObject({ tag: 'project-damaged' });
});
