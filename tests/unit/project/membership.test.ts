import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createInvitationKey, invitationKeyFrom, signJoining } from '#lib/identity/invitation.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { type PersonRecord } from '#lib/identity/person.ts';
import { type AccessBody } from '#lib/project/bodies.ts';
import { decodeEntry } from '#lib/project/entry.ts';
import { readLog } from '#lib/project/carrier.ts';
import { type NewInvitation } from '#lib/project/joining.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { accessEntries, Attacker, scene } from './attacker.ts';
import {
  deliver,
  deliverUpdate,
  folded,
  foundProject,
  openProject,
  participant,
  syncAll
} from './replicas.ts';

const roles = ({ state }: ProjectDocument) =>
  Object.fromEntries(state.members.map(({ name, role }) => [name, role]));
const device = ({ devices: [first] }: PersonRecord) => {
  if (!first) throw new Error('a participant has a device');
  return first;
};
const inADay = () => Date.now() + 24 * 60 * 60 * 1000;

/** Somebody opens the link, writes the joining, and shows it at a member's door. */
async function join(
  host: ProjectDocument,
  invitation: NewInvitation,
  who: Awaited<ReturnType<typeof participant>>
) {
  const own = await openProject(host.id, who);
  await own.membership.join(invitation, who.person);
  const problem = await host.letIn(own.ownEntries, own);
  return { own, problem };
}

describe('an invitation', () => {
  test('brings who holds it in with the role that it names, through any member', async () => {
    const anna = await foundProject(await participant('Anna'));
    const viewer = await anna.membership.invite({ role: 'viewer', expires: inADay(), uses: 1 });
    const editor = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const vic = await join(anna, viewer, await participant('Vic'));
    await syncAll(anna, vic.own);
    // A viewer relays the joining of somebody else: no admin need be there.
    const ed = await join(vic.own, editor, await participant('Ed'));
    expect([vic.problem, ed.problem]).toEqual([undefined, undefined]);
    await syncAll(anna, vic.own, ed.own);
    for (const replica of [anna, vic.own, ed.own])
      expect(roles(replica)).toEqual({ Anna: 'admin', Vic: 'viewer', Ed: 'editor' });
    await ed.own.addFile({ name: 'by Ed', size: 1 });
    await deliver(ed.own, anna);
    expect(anna.state.files.map(({ name }) => name)).toEqual(['by Ed']);
    await expect(vic.own.addFile({ name: 'by Vic', size: 1 })).rejects.toMatchObject({ tag: 'not-allowed' });
  });

  test('lets in as many as it says, and tells the next one', async () => {
    const anna = await foundProject(await participant('Anna'));
    const twice = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 2 });
    const outcomes = [];
    for (const name of ['One', 'Two', 'Three'])
      outcomes.push((await join(anna, twice, await participant(name))).problem);
    expect(outcomes).toEqual([undefined, undefined, 'used']);
    expect(anna.state.invitations).toMatchObject([{ uses: 2, revoked: true }]);
    expect(anna.state.invitations[0]?.joined).toHaveLength(2);
  });

  test('that is used up is closed: nobody takes another’s place by a joining that comes first', async () => {
    const anna = await foundProject(await participant('Anna'));
    const once = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const kim = await join(anna, once, await participant('Kim'));
    await anna.flush();
    // Of two joinings with one lamport the one of the smaller device comes first.
    for (let tries = 0; tries < 8; tries++) {
      const own = await openProject(anna.id, await participant('Late'));
      const { person } = await participant('Late');
      await own.membership.join(once, { ...person, devices: [{ ...device(person), device: own.device }] });
      await deliverUpdate(own.ownEntries, kim.own, anna);
    }
    expect(roles(anna)).toEqual({ Anna: 'admin', Kim: 'editor' });
  });

  test('used at two members at once counts as often as it says, the same on all', async () => {
    const anna = await foundProject(await participant('Anna'));
    const first = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const ed = await join(anna, first, await participant('Ed'));
    await syncAll(anna, ed.own);
    const once = await anna.membership.invite({ role: 'viewer', expires: inADay(), uses: 1 });
    await deliver(anna, ed.own);
    const [kim, lee] = [
      await join(anna, once, await participant('Kim')),
      await join(ed.own, once, await participant('Lee'))
    ];
    expect([kim.problem, lee.problem]).toEqual([undefined, undefined]);
    await syncAll(anna, ed.own);
    await syncAll(anna, ed.own);
    expect(folded(ed.own)).toEqual(folded(anna));
    expect(anna.state.members).toHaveLength(3);
  });

  test('is refused when it has expired, was revoked, or is not known', async () => {
    const anna = await foundProject(await participant('Anna'));
    const expired = await anna.membership.invite({
      role: 'editor',
      expires: Date.now() - 3_600_000,
      uses: 1
    });
    const revoked = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    await anna.membership.revokeInvitation(revoked.invite);
    const elsewhere = await foundProject(await participant('Bob'));
    const foreign = await elsewhere.membership.invite({ role: 'admin', expires: inADay(), uses: 1 });
    const problems = [];
    for (const invitation of [expired, revoked, foreign])
      problems.push((await join(anna, invitation, await participant('X'))).problem);
    expect(problems).toEqual(['expired', 'revoked', 'unknown']);
    expect(roles(anna)).toEqual({ Anna: 'admin' });
  });

  test('that was revoked counts only for those whom the revoking admin knew', async () => {
    const anna = await foundProject(await participant('Anna'));
    const first = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const ed = await join(anna, first, await participant('Ed'));
    await syncAll(anna, ed.own);
    const invitation = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 5 });
    await join(anna, invitation, await participant('Early'));
    await deliver(anna, ed.own);
    await join(ed.own, invitation, await participant('Meanwhile'));
    await anna.membership.revokeInvitation(invitation.invite);
    await syncAll(anna, ed.own);
    await syncAll(anna, ed.own);
    expect(roles(anna)).toEqual({ Anna: 'admin', Ed: 'editor', Early: 'editor' });
    expect(folded(ed.own)).toEqual(folded(anna));
  });

  test('of an admin who was removed before is worth nothing', async () => {
    const { project, mallory } = await scene();
    const access = await accessEntries(project);
    await project.membership.remove(mallory.person.person);
    const attacker = new Attacker(mallory.keys, project.id);
    const key = await createInvitationKey();
    const invite = 'ab'.repeat(16) as never;
    const body: AccessBody = {
      type: 'invite',
      at: 0,
      invite,
      key: key.publicKey,
      role: 'admin',
      expires: 1e15,
      uses: 9
    };
    await attacker.write(body, { kind: 'access', access });
    await deliverUpdate(attacker.update(), project, project);
    expect(project.state.invitations).toEqual([]);
  });

  test('cannot be used with a person that the invitation did not sign for, nor for a member', async () => {
    const { project, mallory } = await scene();
    const invitation = await project.membership.invite({ role: 'admin', expires: inADay(), uses: 5 });
    const thief = await participant('Thief');
    const joiner = await openProject(project.id, thief);
    await joiner.membership.join(invitation, thief.person);
    const [bytes] = readLog(joiner.carrier, joiner.writer, 0);
    if (!bytes) throw new Error('a joining was written');
    const honest = JSON.parse(new TextDecoder().decode((await decodeEntry(bytes)).body)) as Extract<
      AccessBody,
      { type: 'join' }
    >;
    const asOther = async (person: PersonRecord, signature = honest.signature) => {
      const attacker = new Attacker(thief.keys, project.id);
      await attacker.write({ ...honest, person, signature }, { kind: 'access', access: [invitation.entry] });
      await deliverUpdate(attacker.update(), project, project);
      return attacker;
    };
    await asOther({ ...thief.person, name: 'Somebody else' });
    // With the key in hand, but in the name of a member, or without a device of one's own.
    const key = await invitationKeyFrom(invitation.seed);
    for (const person of [
      { ...thief.person, person: mallory.person.person },
      (await participant('Else')).person
    ]) {
      const joining = { project: project.id, invite: invitation.invite, device: thief.keys.device, person };
      await asOther(person, toHex(await signJoining(key, joining)));
    }
    expect(roles(project)).toEqual({ Anna: 'admin', Mallory: 'admin' });
    // The same way brings in whom the invitation did sign for.
    await asOther(thief.person);
    expect(roles(project)).toEqual({ Anna: 'admin', Mallory: 'admin', Thief: 'admin' });
  });
});

describe('a person who was removed', () => {
  test('has done what they did, and does nothing more', async () => {
    const { project: anna, mallory } = await scene();
    const onMallory = await openProject(anna.id, mallory);
    await deliver(anna, onMallory);
    await onMallory.addFile({ name: 'before', size: 1 });
    await deliver(onMallory, anna);
    await anna.membership.remove(mallory.person.person);
    await onMallory.addFile({ name: 'unaware', size: 1 });
    onMallory.view.rename('project', 'unaware');
    await deliver(onMallory, anna);
    await deliver(anna, onMallory);
    for (const replica of [anna, onMallory]) {
      expect(roles(replica)).toEqual({ Anna: 'admin' });
      expect(replica.state.formerMembers.map(({ name }) => name)).toEqual(['Mallory']);
      expect(replica.state.files.map(({ name }) => name)).toEqual(['honest', 'before']);
      expect(replica.name).toBe('CA1');
    }
    expect(onMallory.role).toBeUndefined();
    await expect(onMallory.addFile({ name: 'after', size: 1 })).rejects.toMatchObject({ tag: 'not-allowed' });
  });

  test('comes back by a new invitation, and what they wrote in between stays void', async () => {
    const { project: anna, mallory } = await scene();
    const onMallory = await openProject(anna.id, mallory);
    await deliver(anna, onMallory);
    await anna.membership.remove(mallory.person.person);
    await onMallory.addFile({ name: 'unaware', size: 1 });
    await syncAll(anna, onMallory);
    const invitation = await anna.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const again = await join(anna, invitation, mallory);
    expect(again.problem).toBeUndefined();
    await syncAll(anna, again.own, onMallory);
    await again.own.addFile({ name: 'back', size: 1 });
    await onMallory.addFile({ name: 'back in the old tab', size: 1 });
    await syncAll(anna, again.own, onMallory);
    expect(roles(anna)).toEqual({ Anna: 'admin', Mallory: 'editor' });
    expect(anna.state.files.map(({ name }) => name).sort()).toEqual([
      'back',
      'back in the old tab',
      'honest'
    ]);
    expect(folded(onMallory)).toEqual(folded(anna));
  });

  test('has written nothing that counts since, however much, and voids nobody’s work with it', async () => {
    const [anna, bob, cleo] = [
      await participant('Anna'),
      await participant('Bob'),
      await participant('Cleo')
    ];
    const first = await foundProject(anna);
    await first.membership.admit(bob.person, 'admin');
    await first.membership.admit(cleo.person, 'admin');
    const second = await openProject(first.id, bob);
    const third = await openProject(first.id, cleo);
    await syncAll(first, second, third);
    // None knows of the others: what Bob writes comes early in the common order, his removal late.
    const dora = await participant('Dora');
    for (let count = 0; count < 100; count++) {
      await second.membership.setRole(cleo.person.person, count % 2 === 0 ? 'viewer' : 'editor');
      if (count === 50) await third.membership.admit(dora.person, 'editor');
    }
    await second.membership.admit((await participant('Eve')).person, 'admin');
    for (let count = 0; count < 150; count++) await first.addFile({ name: `${count}`, size: count });
    await first.membership.remove(bob.person.person);
    await syncAll(first, second, third);
    await syncAll(first, second, third);
    for (const document of [first, second, third])
      expect(document.state.members.map(({ name, role }) => `${name} ${role}`)).toEqual([
        'Anna admin',
        'Cleo admin',
        'Dora editor'
      ]);
    expect(folded(second)).toEqual(folded(first));
    expect(folded(third)).toEqual(folded(first));
  });

  test('stays removed when an admin changes their role without knowing', async () => {
    const { project: anna, mallory } = await scene();
    const bob = await participant('Bob');
    await anna.membership.admit(bob.person, 'admin');
    const onBob = await openProject(anna.id, bob);
    await deliver(anna, onBob);
    await anna.membership.remove(mallory.person.person);
    await onBob.membership.setRole(mallory.person.person, 'editor');
    await syncAll(anna, onBob);
    for (const replica of [anna, onBob]) expect(roles(replica)).toEqual({ Anna: 'admin', Bob: 'admin' });
    expect(folded(onBob)).toEqual(folded(anna));
  });

  test('has had fifty devices at most', async () => {
    const { project: anna, mallory, attacker } = await scene();
    const access = await accessEntries(anna);
    for (let i = 0; i < 60; i++) {
      const [device] = (await participant('Mallory')).person.devices;
      if (!device) throw new Error('a participant has a device');
      await attacker.write(
        { type: 'device', at: 0, person: mallory.person.person, device },
        { kind: 'access', access }
      );
    }
    await deliverUpdate(attacker.update(), anna, anna);
    const found = anna.state.members.find(({ name }) => name === 'Mallory');
    expect(found?.devices).toHaveLength(50);
  });

  test('may be a viewer who leaves, by their own connection alone', async () => {
    const { project: anna, mallory } = await scene();
    await anna.membership.setRole(mallory.person.person, 'viewer');
    const onMallory = await openProject(anna.id, mallory);
    await deliver(anna, onMallory);
    await onMallory.membership.remove(mallory.person.person);
    expect(await deliver(onMallory, anna)).toBe(true);
    expect(roles(anna)).toEqual({ Anna: 'admin' });
  });

  test('may be oneself, but not the last admin', async () => {
    const { project: anna, anna: founder, mallory } = await scene();
    const onMallory = await openProject(anna.id, mallory);
    await deliver(anna, onMallory);
    await onMallory.membership.remove(mallory.person.person);
    await deliver(onMallory, anna);
    expect(roles(anna)).toEqual({ Anna: 'admin' });
    await expect(anna.membership.remove(founder.person.person)).rejects.toMatchObject({
      tag: 'role-refused'
    });
  });
});

describe('an edit that turns out void', () => {
  test('leaves room for honest edits that were built on it', async () => {
    const { project: anna, mallory } = await scene();
    const bob = await participant('Bob');
    await anna.membership.admit(bob.person, 'editor');
    const onMallory = await openProject(anna.id, mallory);
    const onBob = await openProject(anna.id, bob);
    anna.view.notesOf('project').replace(0, 0, 'honest ');
    await syncAll(anna, onMallory, onBob);
    // Anna removes Mallory; Bob, who does not know, goes on writing after what Mallory wrote.
    await anna.membership.remove(mallory.person.person);
    onMallory.view.notesOf('project').replace(7, 0, 'VOID ');
    onMallory.view.rename('project', 'VOID');
    await deliver(onMallory, onBob);
    onBob.view.notesOf('project').replace(12, 0, 'by Bob');
    onBob.view.rename('project', 'Named by Bob');
    await syncAll(anna, onBob, onMallory);
    await syncAll(anna, onBob, onMallory);
    for (const replica of [anna, onBob, onMallory]) {
      expect(replica.view.notesOf('project').toString()).toBe('honest by Bob');
      expect(replica.name).toBe('Named by Bob');
    }
    // And whoever saw it void goes on as if nothing had been.
    onBob.view.notesOf('project').replace(0, 0, 'still ');
    await syncAll(anna, onBob);
    expect(anna.view.notesOf('project').toString()).toBe('still honest by Bob');
    const late = await openProject(anna.id, bob);
    Y.applyUpdate(late.carrier, Y.encodeStateAsUpdate(anna.carrier));
    await late.flush();
    expect(folded(late)).toEqual(folded(anna));
  });
});

describe('where members meet', () => {
  const at = 'wss://signal.example.org/signal';

  test('is an admin’s to say, the same on every replica, and the last word counts', async () => {
    const anna = await foundProject(await participant('Anna'));
    const ed = await participant('Ed');
    await anna.membership.admit(ed.person, 'editor');
    await anna.membership.setSignalling(['wss://old.example.org/signal']);
    await anna.membership.setSignalling([at]);
    const own = await openProject(anna.id, ed);
    await syncAll(anna, own);
    expect(own.state.signalling).toEqual([at]);
    await expect(own.membership.setSignalling([])).rejects.toMatchObject({ tag: 'not-allowed' });
  });

  test('what an editor’s program writes of it does not count', async () => {
    const { project, mallory } = await scene();
    const write = async (address: string) => {
      const attacker = new Attacker(mallory.keys, project.id);
      const access = await accessEntries(project);
      await attacker.write({ type: 'meet', at: 1, signalling: [address] }, { kind: 'access', access });
      await deliverUpdate(attacker.update(), project, project);
    };
    await write(at);
    expect(project.state.signalling).toEqual([at]);
    await project.membership.setRole(mallory.person.person, 'editor');
    await write('wss://evil.example/signal');
    expect(project.state.signalling).toEqual([at]);
  });
});
