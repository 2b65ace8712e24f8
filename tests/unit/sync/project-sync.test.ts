import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';
import { openDoors, type TestDoors } from '../../peers/signalling-for-tests.ts';
import {
  append,
  connectionsReach,
  entriesArrive,
  type Session,
  startSession
} from '../../peers/test-project.ts';

const rtc = nodeRtc();
const sessions: Session[] = [];
const doors: TestDoors[] = [];

async function start(options: Parameters<typeof startSession>[0]): Promise<Session> {
  const session = await startSession(options);
  sessions.push(session);
  return session;
}

afterEach(async () => {
  await Promise.all(sessions.splice(0).map(({ sync }) => sync.stop()));
  await Promise.all(doors.splice(0).map((door) => door.close()));
});
afterAll(closeWebRtc);

async function open(): Promise<TestDoors> {
  const door = await openDoors();
  doors.push(door);
  return door;
}

const secret = () => crypto.getRandomValues(new Uint8Array(32));

describe('two nodes of one project', () => {
  test('find each other and exchange their logs in both directions', async () => {
    const { signalling } = await open();
    const shared = { secret: secret(), signalling: [signalling], rtc };
    const a = await start(shared);
    const b = await start(shared);
    append(a, new Uint8Array([1]), new Uint8Array([2]));
    append(b, new Uint8Array([3]));
    await Promise.all([
      entriesArrive(b.carrier, a.identity.writer, 2),
      entriesArrive(a.carrier, b.identity.writer, 1)
    ]);
    expect(a.sync.connectionTo(b.identity.device)?.writer).toBe(b.identity.writer);
  });

  test('see what the other looks at, though it has written nothing', async () => {
    const { signalling } = await open();
    const shared = { secret: secret(), signalling: [signalling], rtc };
    const a = await start(shared);
    const b = await start(shared);
    b.sync.setPresence({ place: 'files' });
    await new Promise<void>((resolve) => a.sync.onPresence(() => a.sync.presence.length > 0 && resolve()));
    expect(a.sync.presence).toEqual([{ device: b.identity.device, presence: { place: 'files' } }]);
  });

  test('a carrier of 4 MB converges', async () => {
    const { signalling } = await open();
    const shared = { secret: secret(), signalling: [signalling], rtc };
    const a = await start(shared);
    append(a, ...Array.from({ length: 64 }, () => crypto.getRandomValues(new Uint8Array(65_536))));
    const b = await start(shared);
    await entriesArrive(b.carrier, a.identity.writer, 64);
  });

  test('a device that is not a member gets no connection, and is told that the handshake was refused', async () => {
    const { signalling } = await open();
    const shared = { secret: secret(), signalling: [signalling], rtc };
    const a = await start({ ...shared, admits: () => false });
    const b = await start(shared);
    append(a, new Uint8Array([1]));
    await new Promise<void>((resolve) => {
      b.sync.onStatus((status) => {
        if (status.state === 'failing' && status.step === 'handshake-refused') resolve();
      });
    });
    expect(b.sync.connections).toHaveLength(0);
    expect(b.carrier.getArray(`log:${a.identity.writer}`).length).toBe(0);
  });

  test('a connection ends when its device leaves the access state', async () => {
    const { signalling } = await open();
    const shared = { secret: secret(), signalling: [signalling], rtc };
    let members = true;
    const a = await start({ ...shared, admits: () => members });
    const b = await start(shared);
    await connectionsReach(a, 1);
    await connectionsReach(b, 1);
    members = false;
    a.sync.accessChanged();
    await connectionsReach(b, 0);
    expect(a.sync.connections).toHaveLength(0);
  });
});
