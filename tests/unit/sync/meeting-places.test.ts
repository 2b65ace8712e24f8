import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';
import { type RtcFactory, type RtcSession } from '#lib/peer/transport.ts';
import { type SyncStatus } from '#lib/sync/sync-status.ts';
import { openDoors, type TestDoors } from '../../peers/signalling-for-tests.ts';
import { connectionsReach, type Session, startSession } from '../../peers/test-project.ts';

const rtc = nodeRtc();
const sessions: Session[] = [];
const doors: TestDoors[] = [];

async function start(options: Partial<Parameters<typeof startSession>[0]> & { secret: Uint8Array }) {
  const session = await startSession({ signalling: [], rtc, ...options });
  sessions.push(session);
  return session;
}
async function open(port?: number): Promise<TestDoors> {
  const door = await openDoors(port === undefined ? {} : { port });
  doors.push(door);
  return door;
}
afterEach(async () => {
  await Promise.all(sessions.splice(0).map(({ sync }) => sync.stop()));
  await Promise.all(doors.splice(0).map((door) => door.close()));
});
afterAll(closeWebRtc);

const newSecret = () => crypto.getRandomValues(new Uint8Array(32));

function statusBecomes({ sync }: Session, fits: (status: SyncStatus) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const stop = sync.onStatus((status) => {
      if (!fits(status)) return;
      resolve();
      queueMicrotask(() => stop());
    });
  });
}
const failsAt = (step: string) => (status: SyncStatus) => status.state === 'failing' && status.step === step;

/** Sessions that find no path, whatever their peers are: no candidate reaches them. */
const pathless: RtcFactory = () => {
  const session = rtc();
  const without = (sdp: string) => sdp.replaceAll(/^a=candidate.*\r?\n/gm, '');
  const deaf: Pick<RtcSession, 'acceptOffer' | 'acceptAnswer' | 'addCandidate'> = {
    acceptOffer: (sdp) => session.acceptOffer(without(sdp)),
    acceptAnswer: (sdp) => session.acceptAnswer(without(sdp)),
    addCandidate: () => undefined
  };
  return new Proxy(session, {
    get(target, name) {
      const value: unknown = Reflect.get(name in deaf ? deaf : target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    }
  });
};

describe('where members meet', () => {
  test('a project that names no place says so, until one is named', async () => {
    const secret = newSecret();
    const a = await start({ secret });
    expect(a.sync.status).toMatchObject({ state: 'failing', step: 'no-meeting-place' });
    const { signalling } = await open();
    const b = await start({ secret, signalling: [signalling] });
    a.sync.meetAt([signalling]);
    await Promise.all([connectionsReach(a, 1), connectionsReach(b, 1)]);
  });

  test('a change of address leaves connections alone, and newcomers are met at the new one', async () => {
    const secret = newSecret();
    const [first, second] = [await open(), await open()];
    const a = await start({ secret, signalling: [first.signalling] });
    const b = await start({ secret, signalling: [first.signalling] });
    await Promise.all([connectionsReach(a, 1), connectionsReach(b, 1)]);
    const [before] = a.sync.connections;
    a.sync.meetAt([second.signalling]);
    b.sync.meetAt([second.signalling]);
    const c = await start({ secret, signalling: [second.signalling] });
    await Promise.all([connectionsReach(a, 2), connectionsReach(c, 2)]);
    expect(a.sync.connections).toContain(before);
    expect(before?.closed).toBe(false);
  });

  test('an address that this device may not open counts as unreachable, and another still works', async () => {
    const secret = newSecret();
    // As a browser refuses ws:// to a page by HTTPS: the constructor throws.
    const a = await start({ secret, signalling: ['ws://[malformed'] });
    await statusBecomes(a, failsAt('signalling-unreachable'));
    const { signalling } = await open();
    a.sync.meetAt(['ws://[malformed', signalling]);
    await statusBecomes(a, ({ state }) => state === 'alone');
  });
});

describe('signalling that goes and comes back', () => {
  test('is named while it is gone, and members find each other again', async () => {
    const secret = newSecret();
    const door = await open();
    const shared = { secret, signalling: [door.signalling] };
    const a = await start(shared);
    await statusBecomes(a, ({ state }) => state === 'alone');
    await door.close();
    await statusBecomes(a, failsAt('signalling-unreachable'));
    await open(door.port);
    const b = await start(shared);
    await Promise.all([connectionsReach(a, 1), connectionsReach(b, 1)]);
  });
});

test('that no path was found to a peer is said while that peer is there, and no longer', async () => {
  const secret = newSecret();
  const { signalling } = await open();
  const shared = { secret, signalling: [signalling], rtc: pathless };
  const a = await start(shared);
  const b = await start(shared);
  await statusBecomes(a, failsAt('no-candidate-pair'));
  await b.sync.stop();
  await statusBecomes(a, ({ state }) => state === 'alone');
});
