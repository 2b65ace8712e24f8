import { describe, expect, test } from 'vitest';
import { hashDefinition } from '#lib/project/canonical-json.ts';
import { provenanceGraph } from '#lib/project/provenance.ts';
import {
  deliver,
  folded,
  foundProject,
  memoryRows,
  openProject,
  participant,
  sortDefinition,
  syncAll
} from './replicas.ts';

async function labProject() {
  const [anna, node] = [await participant('Anna'), await participant('lab-gpu')];
  const project = await foundProject(anna);
  await project.membership.admit(node.person, 'compute');
  const onNode = await openProject(project.id, node);
  await deliver(project, onNode);
  return { anna, node, project, onNode };
}

const recording = { name: 'day3.nwb', size: 1000 };
const noted = { job: '', attempt: 1, n: 0, state: 'accepted' };

describe('a project', () => {
  test('stands as it was left after a reopening', async () => {
    const rows = memoryRows();
    const anna = await participant('Anna');
    const project = await foundProject(anna, rows);
    const file = await project.addFile(recording);
    project.view.rename(`file ${file}`, 'Day 3');
    project.view.notesOf('project').replace(0, 0, 'mouse 7');
    await project.close();
    const again = await openProject(project.id, anna, rows);
    expect(again.name).toBe('CA1');
    expect(again.state.files).toMatchObject([{ file, name: 'day3.nwb', addedBy: anna.person.person }]);
    expect(again.view.nameOf(`file ${file}`)).toBe('Day 3');
    expect(again.view.notesOf('project').toString()).toBe('mouse 7');
    expect(again.state.members).toMatchObject([{ name: 'Anna', role: 'admin', founder: true }]);
  });

  test('is the same on both sides after both worked offline', async () => {
    const [anna, jo] = [await participant('Anna'), await participant('Jo')];
    const here = await foundProject(anna);
    await here.membership.admit(jo.person, 'admin');
    const there = await openProject(here.id, jo);
    await deliver(here, there);
    here.view.notesOf('project').replace(0, 0, 'from Anna. ');
    there.view.notesOf('project').replace(0, 0, 'from Jo. ');
    await here.addFile({ ...recording, name: 'a.nwb' });
    await there.addFile({ ...recording, name: 'b.nwb' });
    await syncAll(here, there);
    expect(folded(here)).toEqual(folded(there));
    const notes = here.view.notesOf('project').toString();
    expect(notes).toContain('from Anna. ');
    expect(notes).toContain('from Jo. ');
    expect(here.state.files).toHaveLength(2);
  });

  test('tells of a new name at once, before it is an entry', async () => {
    const project = await foundProject(await participant('Anna'));
    const seen: string[] = [];
    project.onChange(() => seen.push(project.name));
    project.view.rename('project', 'CA3');
    expect(seen).toEqual(['CA3']);
  });

  test('tells listeners of a text when it changes from afar', async () => {
    const [anna, jo] = [await participant('Anna'), await participant('Jo')];
    const here = await foundProject(anna);
    await here.membership.admit(jo.person, 'admin');
    const there = await openProject(here.id, jo);
    await deliver(here, there);
    let heard = 0;
    there.view.notesOf('project').observe(() => heard++);
    here.view.notesOf('project').replace(0, 0, 'x');
    await deliver(here, there);
    expect(heard).toBe(1);
  });
});

describe('jobs', () => {
  test('run from submission to a result whose provenance is known', async () => {
    const { project, onNode, node } = await labProject();
    const file = await project.addFile(recording);
    const definition = sortDefinition(file);
    const job = await project.submitJob(definition, { device: node.keys.device });
    expect(project.job(job)).toMatchObject({
      state: 'waiting',
      current: { attempt: 1, device: node.keys.device }
    });
    await deliver(project, onNode);
    const output = definition.outputs[0]?.file ?? file;
    const root = '11'.repeat(32) as never;
    await onNode.appendJobEvent({ job, attempt: 1, n: 0, state: 'accepted' });
    await onNode.appendJobEvent({ job, attempt: 1, n: 1, state: 'started' });
    await onNode.addFile({
      file: output,
      name: 'sorting.nwb',
      size: 5,
      root,
      generatedBy: { job, output: 'sorting' }
    });
    const outputs = [{ name: 'sorting', file: output, root, size: 5 }];
    await onNode.appendJobEvent({ job, attempt: 1, n: 2, state: 'completed', outputs });
    await deliver(onNode, project);
    expect(project.job(job)).toMatchObject({ state: 'completed', lastEvent: { outputs } });
    expect(project.state.files.find((made) => made.file === output)).toMatchObject({
      root,
      generatedBy: { job }
    });
    expect(provenanceGraph(project.state).nodes.map(({ id }) => id)).toEqual([file, job, output]);
  });

  test('only the assigned device may say what happened', async () => {
    const { project, onNode, anna } = await labProject();
    const file = await project.addFile(recording);
    const job = await project.submitJob(sortDefinition(file), { device: anna.keys.device });
    await deliver(project, onNode);
    await onNode.appendJobEvent({ ...noted, job, state: 'completed' });
    await deliver(onNode, project);
    expect(project.job(job)?.state).toBe('waiting');
  });

  test('a job that is given to a node is never seen without it, here or elsewhere', async () => {
    const { project, node } = await labProject();
    const file = await project.addFile(recording);
    const seen = new Set<unknown>();
    project.onChange(() => project.state.jobs.forEach(({ current }) => seen.add(current?.device)));
    let updates = 0;
    project.carrier.on('update', () => updates++);
    const job = await project.submitJob(sortDefinition(file), { device: node.keys.device });
    expect([...seen]).toEqual([node.keys.device]);
    expect(updates).toBe(1);
    await project.cancelJob(job);
    expect(project.job(job)).toMatchObject({ cancelRequested: true, current: { attempt: 1 } });
  });

  test('the first terminal event of an attempt stands', async () => {
    const { project, onNode, node } = await labProject();
    const job = await project.submitJob(sortDefinition(await project.addFile(recording)), {
      device: node.keys.device
    });
    await deliver(project, onNode);
    await onNode.appendJobEvent({
      job,
      attempt: 1,
      n: 0,
      state: 'failed',
      reason: { tag: 'x', message: 'y' }
    });
    await onNode.appendJobEvent({ job, attempt: 1, n: 1, state: 'completed' });
    await deliver(onNode, project);
    expect(project.job(job)).toMatchObject({
      state: 'failed',
      attempts: [{ events: [{ state: 'failed' }] }]
    });
  });

  test('events that arrive with a gap wait for what is missing', async () => {
    const { project, onNode, node } = await labProject();
    const job = await project.submitJob(sortDefinition(await project.addFile(recording)), {
      device: node.keys.device
    });
    await deliver(project, onNode);
    await onNode.appendJobEvent({ job, attempt: 1, n: 1, state: 'started' });
    await deliver(onNode, project);
    expect(project.job(job)?.state).toBe('waiting');
    await onNode.appendJobEvent({ job, attempt: 1, n: 0, state: 'accepted' });
    await deliver(onNode, project);
    expect(project.job(job)?.state).toBe('started');
  });

  test('a retry is a next attempt, and attempts have no gaps', async () => {
    const { project, onNode, node } = await labProject();
    const job = await project.submitJob(sortDefinition(await project.addFile(recording)), {
      device: node.keys.device
    });
    await project.cancelJob(job);
    expect(project.job(job)?.cancelRequested).toBe(true);
    await project.assignJob(job, 3, node.keys.device);
    expect(project.job(job)?.attempts).toHaveLength(1);
    await project.assignJob(job, 2, node.keys.device);
    await deliver(project, onNode);
    expect(onNode.job(job)).toMatchObject({
      cancelRequested: false,
      current: { attempt: 2 },
      state: 'waiting'
    });
  });

  test('the same work has the same definition hash, whatever its outputs are called by id', async () => {
    const file = 'ab'.repeat(16) as never;
    expect(await hashDefinition(sortDefinition(file))).toBe(await hashDefinition(sortDefinition(file)));
    expect(await hashDefinition({ ...sortDefinition(file), seed: 1 })).not.toBe(
      await hashDefinition(sortDefinition(file))
    );
  });
});

describe('roots', () => {
  test('a second root for one file is a conflict, not an overwrite', async () => {
    const { project } = await labProject();
    const file = await project.addFile(recording);
    const [a, b] = ['11'.repeat(32) as never, '22'.repeat(32) as never];
    await project.addRoot(file, a);
    expect(project.state.files[0]?.root).toBe(a);
    await project.addRoot(file, b);
    expect(project.state.files[0]).toMatchObject({ roots: [a, b] });
    expect(project.state.files[0]?.root).toBeUndefined();
  });
});

describe('roles', () => {
  test('a compute node adds no file but what its job made, and edits nothing', async () => {
    const { project, onNode } = await labProject();
    await expect(onNode.addFile(recording)).rejects.toMatchObject({
      tag: 'not-allowed',
      details: { admins: 'Anna' }
    });
    await expect(onNode.submitJob(sortDefinition('ab'.repeat(16) as never))).rejects.toMatchObject({
      tag: 'not-allowed'
    });
    onNode.view.rename('project', 'hijacked');
    await deliver(onNode, project);
    expect(project.name).toBe('CA1');
    expect(onNode.name).toBe('CA1');
  });

  test('a node hands its founding over: it admits an admin and becomes compute', async () => {
    const [node, anna] = [await participant('lab-gpu'), await participant('Anna')];
    const onNode = await foundProject(node);
    await onNode.addFile(recording);
    await onNode.membership.admit(anna.person, 'admin');
    await onNode.membership.setRole(node.person.person, 'compute');
    expect(onNode.role).toBe('compute');
    expect(onNode.state.files).toHaveLength(1);
    await expect(onNode.membership.admit((await participant('Eve')).person, 'admin')).rejects.toMatchObject({
      tag: 'not-allowed'
    });
    const here = await openProject(onNode.id, anna);
    await deliver(onNode, here);
    expect(here.role).toBe('admin');
    expect(here.state.files).toHaveLength(1);
    await here.addFile(recording);
    expect(here.state.files).toHaveLength(2);
  });

  test('the last admin stays one', async () => {
    const { project, anna } = await labProject();
    await expect(project.membership.setRole(anna.person.person, 'compute')).rejects.toMatchObject({
      tag: 'role-refused'
    });
    expect(project.role).toBe('admin');
  });

  test('what was written before a change of role stands, what came after does not', async () => {
    const [anna, jo] = [await participant('Anna'), await participant('Jo')];
    const here = await foundProject(anna);
    await here.membership.admit(jo.person, 'admin');
    const there = await openProject(here.id, jo);
    await deliver(here, there);
    await there.addFile({ ...recording, name: 'before' });
    await deliver(there, here);
    await here.membership.setRole(jo.person.person, 'viewer');
    await there.addFile({ ...recording, name: 'unaware' });
    there.view.rename('project', 'unaware');
    await syncAll(here, there);
    expect(here.state.files.map(({ name }) => name)).toEqual(['before']);
    expect(here.name).toBe('CA1');
    expect(folded(here)).toEqual(folded(there));
  });
});
