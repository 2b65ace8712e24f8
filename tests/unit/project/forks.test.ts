import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { logLength } from '#lib/project/carrier.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { Attacker, file, scene } from './attacker.ts';
import { deliver, deliverUpdate, folded, openProject, participant, syncAll } from './replicas.ts';

const names = ({ state }: ProjectDocument) => state.files.map(({ name }) => name);

/** Anna and Jo hold the honest part; Mallory's session has two histories after `both`. */
async function twoHistories() {
  const { project: anna, attacker, mallory } = await scene();
  const other = await participant('Jo');
  await anna.membership.admit(other.person, 'admin');
  const jo = await openProject(anna.id, other);
  await syncAll(anna, jo);
  await attacker.write(file('both'));
  const second = attacker.clone();
  await attacker.write(file('for Anna'));
  await second.write(file('for Jo'));
  return { anna, jo, attacker, second, mallory };
}

describe('a writer that signed two histories', () => {
  test('counts for nobody once one replica has seen both', async () => {
    const { anna, jo, attacker, second } = await twoHistories();
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(second.update(), anna, jo);
    expect(names(anna)).toContain('for Anna');
    expect(names(jo)).toContain('for Jo');
    await deliverUpdate(second.update(), jo, anna);
    await anna.flush();
    expect(names(anna)).toEqual(['honest']);
    await syncAll(anna, jo);
    expect(names(jo)).toEqual(['honest']);
    expect(folded(jo)).toEqual(folded(anna));
  });

  test('is found out by a later entry that builds on what another replica does not hold', async () => {
    const { anna, jo, attacker, second } = await twoHistories();
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(second.update(), anna, jo);
    await second.write(file('more for Jo'));
    await deliverUpdate(second.update(), anna, jo);
    // Only what Anna lacks by count: an entry whose predecessor is not hers.
    await deliver(jo, anna);
    await anna.flush();
    await syncAll(anna, jo);
    expect(names(anna)).toEqual(['honest']);
    expect(folded(jo)).toEqual(folded(anna));
  });

  test('does not keep honest replicas from exchanging everything else', async () => {
    const { anna, jo, attacker, second } = await twoHistories();
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(second.update(), anna, jo);
    await second.write(file('more for Jo'));
    await deliverUpdate(second.update(), anna, jo);
    await jo.addFile({ name: 'honest work', size: 1 });
    const update = Y.encodeStateAsUpdate(jo.carrier, Y.encodeStateVector(anna.carrier));
    const passed = await anna.admit(update, jo);
    expect(passed).toBeInstanceOf(Uint8Array);
    Y.applyUpdate(anna.carrier, passed as Uint8Array);
    await anna.flush();
    expect(names(anna)).toEqual(['honest', 'honest work']);
  });

  test('is void also for a replica that comes later', async () => {
    const { anna, jo, attacker, second, mallory } = await twoHistories();
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(second.update(), jo, anna);
    await anna.flush();
    const late = await openProject(anna.id, mallory);
    await deliver(anna, late);
    expect(folded(late)).toEqual(folded(anna));
    expect(names(late)).toEqual(['honest']);
  });

  test('cannot be made up by somebody else', async () => {
    const { anna, attacker, mallory } = await twoHistories();
    const framed = new Attacker(mallory.keys, anna.id);
    await attacker.write({ type: 'fork', at: 0, first: 'AAAA', second: 'AAAA' }, { kind: 'access' });
    await framed.write(file('framed'));
    await deliverUpdate(attacker.update(), anna, anna);
    await deliverUpdate(framed.update(), anna, anna);
    expect(names(anna)).toEqual(expect.arrayContaining(['honest', 'for Anna', 'framed']));
  });
});

describe('admission under way', () => {
  test('checks an update against those admitted before it, applied or not', async () => {
    const { project, attacker } = await scene();
    await attacker.write(file('first'));
    const fork = attacker.clone();
    const first = attacker.update();
    await attacker.write(file('second'));
    fork.prev = '22'.repeat(32);
    await fork.write(file('second of another history'));
    const since = Y.encodeStateVectorFromUpdate(first);
    const [a, b] = await Promise.all([
      project.admit(first, project),
      project.admit(Y.diffUpdate(fork.update(), since), project)
    ]);
    expect(a).toBe(true);
    expect(b).not.toBe(true);
  });

  test('leaves an update that outran the ones before it for the next sync step', async () => {
    const { project, attacker } = await scene();
    await attacker.write(file('first'));
    const since = Y.encodeStateVector(attacker.carrier);
    await attacker.write(file('second'));
    const passed = await project.admit(Y.encodeStateAsUpdate(attacker.carrier, since), project);
    Y.applyUpdate(project.carrier, passed as Uint8Array);
    expect(logLength(project.carrier, await attacker.writer())).toBe(0);
    expect(await deliverUpdate(attacker.update(), project, project)).toBe(true);
    expect(names(project)).toEqual(['honest', 'first', 'second']);
  });
});
