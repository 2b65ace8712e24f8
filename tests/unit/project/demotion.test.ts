import { describe, expect, test } from 'vitest';
import { type AccessBody } from '#lib/project/bodies.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { accessEntries, Attacker, scene } from './attacker.ts';
import { deliver, deliverUpdate, folded, openProject, participant, syncAll } from './replicas.ts';

const roles = ({ state }: ProjectDocument) =>
  Object.fromEntries(state.members.map(({ name, role }) => [name, role]));

describe('a demoted admin with an entry dated back', () => {
  test.each(['that knows the admission', 'that claims to know nothing'])(
    'cannot demote who demoted them: %s',
    async (knowing) => {
      const { project, mallory, anna } = await scene();
      const known = await accessEntries(project);
      await project.membership.setRole(mallory.person.person, 'compute');
      const attacker = new Attacker(mallory.keys, project.id);
      const coup: AccessBody = { type: 'role', at: 0, person: anna.person.person, role: 'viewer', cut: [] };
      const access = knowing === 'that knows the admission' ? known : [];
      await attacker.write(coup, { kind: 'access', lamport: 4, access });
      await deliverUpdate(attacker.update(), project, project);
      expect(roles(project)).toEqual({ Anna: 'admin', Mallory: 'compute' });
      await project.addFile({ name: 'still admin', size: 1 });
      expect(project.state.files.map(({ name }) => name)).toEqual(['honest', 'still admin']);
    }
  );

  test('cannot put a device of their own under another person', async () => {
    const { project, mallory, anna } = await scene();
    const access = await accessEntries(project);
    await project.membership.setRole(mallory.person.person, 'compute');
    const attacker = new Attacker(mallory.keys, project.id);
    const [device] = (await participant('Mallory again')).person.devices;
    if (!device) throw new Error('a participant has a device');
    const intrusion: AccessBody = { type: 'device', at: 0, person: anna.person.person, device };
    await attacker.write(intrusion, { kind: 'access', lamport: 4, access });
    await deliverUpdate(attacker.update(), project, project);
    expect(project.roleOfDevice(device.device)).toBeUndefined();
  });
});

test('an admin who changes a role with an empty cut makes nothing void that they built on', async () => {
  const { project, mallory, anna } = await scene();
  const attacker = new Attacker(mallory.keys, project.id);
  const coup: AccessBody = { type: 'role', at: 0, person: anna.person.person, role: 'viewer', cut: [] };
  await attacker.write(coup, { kind: 'access', access: await accessEntries(project) });
  await deliverUpdate(attacker.update(), project, project);
  expect(roles(project)).toEqual({ Anna: 'viewer', Mallory: 'admin' });
});

test('of two admins who demote each other unknowingly, the one who came first stays, on every replica', async () => {
  const { project: anna, mallory } = await scene();
  const jo = await participant('Jo');
  await anna.membership.admit(jo.person, 'admin');
  const onMallory = await openProject(anna.id, mallory);
  const onJo = await openProject(anna.id, jo);
  await syncAll(anna, onMallory, onJo);
  // The junior's act comes first in the common order, since the senior's session wrote more.
  await onJo.membership.setRole(mallory.person.person, 'viewer');
  await onMallory.addFile({ name: 'work', size: 1 });
  await onMallory.membership.setRole(jo.person.person, 'viewer');
  await syncAll(anna, onMallory, onJo);
  await syncAll(anna, onMallory, onJo);
  expect(roles(anna)).toEqual({ Anna: 'admin', Mallory: 'admin', Jo: 'viewer' });
  expect(folded(onJo)).toEqual(folded(anna));
  expect(folded(onMallory)).toEqual(folded(anna));
});

test('a senior admin who knew of their demotion has no say any more', async () => {
  const { project: anna, anna: senior, mallory } = await scene();
  const onMallory = await openProject(anna.id, mallory);
  await deliver(anna, onMallory);
  await onMallory.membership.setRole(senior.person.person, 'viewer');
  await deliver(onMallory, anna);
  await expect(anna.membership.setRole(mallory.person.person, 'viewer')).rejects.toMatchObject({
    tag: 'not-allowed'
  });
  expect(roles(anna)).toEqual({ Anna: 'viewer', Mallory: 'admin' });
});
