import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { projectRoom } from '#lib/identity/rooms.ts';
import { invitationKeyFrom } from '#lib/identity/invitation.ts';
import { type NewInvitation } from '#lib/project/joining.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { joinProject } from '#lib/sync/joining.ts';
import { ProjectSync } from '#lib/sync/project-sync.ts';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';
import { openDoors, type TestDoors } from '../../peers/signalling-for-tests.ts';
import { foundProject, openProject, participant, type Participant } from '../project/replicas.ts';

const rtc = nodeRtc();
const secret = () => crypto.getRandomValues(new Uint8Array(32));
const syncs: ProjectSync[] = [];
const doors: TestDoors[] = [];

afterEach(async () => {
  await Promise.all(syncs.splice(0).map((sync) => sync.stop()));
  await Promise.all(doors.splice(0).map((door) => door.close()));
});
afterAll(closeWebRtc);

function identityOf(document: ProjectDocument, { keys }: Participant) {
  return { device: keys.device, sealingKey: keys.sealingKey, writer: document.writer, sign: keys.sign };
}

async function host(
  document: ProjectDocument,
  who: Participant,
  room: { secret: Uint8Array; signalling: string }
) {
  const sync = await ProjectSync.start({
    secret: room.secret,
    epoch: 0,
    carrier: document.carrier,
    admit: (update, from) => document.admit(update, from),
    histories: document.histories,
    admits: ({ device }) =>
      document.state.members.length === 0 || document.roleOfDevice(device) !== undefined,
    door: {
      problemWith: (proof) => document.invitationProblem(proof),
      letIn: (update, from) => document.letIn(update, from)
    },
    identity: identityOf(document, who),
    signalling: [room.signalling],
    rtc
  });
  document.onChange(() => sync.accessChanged());
  syncs.push(sync);
  return sync;
}

async function scene() {
  const door = await openDoors();
  doors.push(door);
  const anna = await participant('Anna');
  const project = await foundProject(anna);
  const room = { secret: secret(), signalling: door.signalling };
  const sync = await host(project, anna, room);
  return { project, room, sync };
}

async function ask(
  project: ProjectDocument,
  room: { secret: Uint8Array; signalling: string },
  invitation: NewInvitation
) {
  const who = await participant('Ed');
  const own = await openProject(project.id, who);
  await own.membership.join(invitation, who.person);
  const joined = joinProject({
    identity: identityOf(own, who),
    secret: room.secret,
    invite: invitation.invite,
    key: await invitationKeyFrom(invitation.seed),
    update: own.ownEntries,
    signalling: [room.signalling],
    rtc,
    patienceMs: 5000
  });
  return { own, who, joined };
}

const inADay = () => Date.now() + 24 * 60 * 60 * 1000;

describe('an invitation link', () => {
  test('leads from the door to a member in step with the others', async () => {
    const { project, room } = await scene();
    await project.addFile({ name: 'before', size: 1 });
    const invitation = await project.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const { own, who, joined } = await ask(project, room, invitation);
    await joined;
    expect(project.state.members.map(({ name, role }) => [name, role])).toContainEqual(['Ed', 'editor']);
    // Nothing but the joining was said at the door.
    expect(own.state.files).toEqual([]);
    await host(own, who, room);
    await new Promise<void>((resolve) => own.onChange(() => own.state.files.length === 1 && resolve()));
    expect(own.role).toBe('editor');
  });

  test.each(['expired', 'revoked', 'used'] as const)('that is %s is refused in words', async (problem) => {
    const { project, room } = await scene();
    const expires = problem === 'expired' ? Date.now() - 3_600_000 : inADay();
    const invitation = await project.membership.invite({ role: 'editor', expires, uses: 1 });
    if (problem === 'revoked') await project.membership.revokeInvitation(invitation.invite);
    if (problem === 'used') await (await ask(project, room, invitation)).joined;
    const members = project.state.members.length;
    const { joined } = await ask(project, room, invitation);
    await expect(joined).rejects.toMatchObject({ tag: `invitation-${problem}` });
    expect(project.state.members).toHaveLength(members);
  });

  test('whose key is not the invitation’s is refused', async () => {
    const { project, room } = await scene();
    const invitation = await project.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const { joined } = await ask(project, room, { ...invitation, seed: secret() });
    await expect(joined).rejects.toMatchObject({ tag: 'invitation-unknown' });
    expect(project.state.members).toHaveLength(1);
  });

  test('finds nobody with another project’s secret', async () => {
    const { project, room } = await scene();
    const invitation = await project.membership.invite({ role: 'editor', expires: inADay(), uses: 1 });
    const other = secret();
    expect((await projectRoom(other, 0)).name).not.toBe((await projectRoom(room.secret, 0)).name);
    const { joined } = await ask(project, { ...room, secret: other }, invitation);
    await expect(joined).rejects.toMatchObject({ tag: 'join-no-answer' });
  });
});
