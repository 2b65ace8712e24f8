/** Somebody with a link that lets nobody in any more, or who wants more of it than it gives. */
import { afterAll, describe, expect, test } from 'vitest';
import { endLabs, Lab } from './lab.ts';
import { joiningLog, joinRequest, type LinkContent } from './program/joining.ts';
import { invitationKey, newDevice, personWith } from './program/keys.ts';
import { fileFact } from './program/log.ts';

afterAll(endLabs);

const inADay = () => Date.now() + 24 * 60 * 60 * 1000;
const names = (lab: Lab) => lab.honest.map(({ document }) => document.state.members.map(({ name }) => name));
const expected = (lab: Lab, ...others: string[]) =>
  lab.honest.map(() => ['Anna', 'Mallory', 'editor 0', ...others]);

function stranger(lab: Lab, link: LinkContent, name = 'Stranger') {
  const device = newDevice();
  const person = personWith(device, name);
  const log = joiningLog(link, { project: lab.project, device, person });
  const { publicKey, sign } = invitationKey(link.seed);
  const invitation = { invite: link.invite, publicKey, sign };
  const enter = () => lab.enter({ device, writer: log.writer, invitation });
  return { device, person, log, enter };
}

/** At Anna's door, with an invitation that is good. */
async function atTheDoor(lab: Lab) {
  const link = await lab.anna.membership.invite({ role: 'viewer', expires: inADay(), uses: 5 });
  const guest = stranger(lab, link);
  const peer = await guest.enter();
  return { ...guest, link, victim: await peer.victim(lab.member(0).keys.device) };
}

test.concurrent('a good invitation lets the program in, so that the refusals mean something', async () => {
  const lab = await Lab.open();
  const { victim, log } = await atTheDoor(lab);
  victim.link.send('control', joinRequest(log));
  await victim.until(() => victim.heard.some((text) => text.includes('joined')));
  await lab.expectHonestWork();
  expect(names(lab)).toEqual(expected(lab, 'Stranger'));
});

describe.each(['expired', 'revoked', 'used'] as const)('an invitation that is %s', (problem) => {
  async function spent(lab: Lab): Promise<LinkContent> {
    const expires = problem === 'expired' ? Date.now() - 3_600_000 : inADay();
    const link = await lab.anna.membership.invite({ role: 'admin', expires, uses: 1 });
    if (problem === 'revoked') await lab.anna.membership.revokeInvitation(link.invite);
    if (problem === 'used') {
      const first = stranger(lab, link, 'First');
      const { document } = lab.member(0);
      await document.letIn(first.log.update(), {
        device: first.device.id as never,
        writer: first.log.writer as never
      });
    }
    await lab.expectHonestWork();
    return link;
  }

  test.concurrent('opens no door', async () => {
    const lab = await Lab.open();
    const guest = stranger(lab, await spent(lab));
    const peer = await guest.enter();
    expect(await peer.refused()).toBe(`invitation-${problem}`);
    await lab.expectHonestWork();
    expect(names(lab)).toEqual(expected(lab, ...(problem === 'used' ? ['First'] : [])));
  });

  // Whether it has expired is the word of the member who lets somebody in: clocks are no matter of the record.
  if (problem === 'expired') return;
  test.concurrent('brings nobody in through a member who lets in everybody', async () => {
    const lab = await Lab.open();
    const guest = stranger(lab, await spent(lab));
    const accomplice = await lab.attack();
    accomplice.sendUpdate(guest.log.update());
    guest.log.write('fact', fileFact('evil'));
    accomplice.sendUpdate(guest.log.update());
    await accomplice.settled();
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(names(lab)).toEqual(expected(lab, ...(problem === 'used' ? ['First'] : [])));
  });
});

describe('whoever stands at the door', () => {
  test.concurrent('is told nothing of the project, and says nothing but that they join', async () => {
    const lab = await Lab.open();
    const { victim, log } = await atTheDoor(lab);
    log.write('fact', fileFact('evil'));
    victim.sendUpdate(log.update());
    victim.sendStep1(new Uint8Array([0]));
    victim.sendPresence({ client: log.writer, clock: 1, state: { place: 'evil' } });
    victim.link.send('control', joinRequest(log));
    await victim.until(() => victim.heard.length > 0);
    expect(victim.heard).toEqual([JSON.stringify({ type: 'refused', reason: 'malformed' })]);
    expect(victim.carrier.share.size).toBe(0);
    victim.link.send('control', joinRequest(log));
    await victim.link.closed;
    await lab.expectHonestWork();
    lab.expectUntouched();
    expect(lab.member(0).sync.presence).toEqual([]);
    expect(names(lab)).toEqual(expected(lab));
  });

  test.concurrent.each([
    'somebody whom the invitation did not sign for',
    'a member',
    'a device that is a member’s',
    'somebody who was removed'
  ])('does not come in as %s', async (whom) => {
    const lab = await Lab.open();
    const { person: anna } = lab.member(0);
    const former = personWith(newDevice(), 'Former');
    await lab.anna.membership.admit(former as never, 'editor');
    await lab.anna.membership.remove(former.person as never);
    await lab.expectHonestWork();
    const { victim, link, device, person, log: session } = await atTheDoor(lab);
    const as = {
      'somebody whom the invitation did not sign for': { ...person, name: 'Somebody' },
      'a member': { ...person, person: anna.person },
      'a device that is a member’s': { ...person, devices: [...person.devices, ...anna.devices] },
      'somebody who was removed': { ...person, person: former.person }
    }[whom];
    const signedFor = whom.startsWith('somebody whom') ? person : as;
    const log = joiningLog(link, {
      project: lab.project,
      device,
      person: as ?? person,
      nonce: session.nonce,
      ...(signedFor && { signedFor })
    });
    victim.link.send('control', joinRequest(log));
    await victim.until(() => victim.heard.length > 0);
    // It is well formed and kept, and says nothing.
    expect(victim.heard).toEqual([JSON.stringify({ type: 'refused', reason: 'used' })]);
    await lab.expectHonestWork();
    expect(names(lab)).toEqual(expected(lab));
  });
});
