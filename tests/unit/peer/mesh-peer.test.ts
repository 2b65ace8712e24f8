import { expect, test } from 'vitest';
import { FailureGate } from '#lib/peer/failure-gate.ts';
import { MeshPeer } from '#lib/peer/mesh-peer.ts';
import { type PeerConnection } from '#lib/peer/peer-connection.ts';
import { type Credential, type PeerIdentity } from '#lib/peer/peer-identity.ts';
import { openPeer } from '#lib/peer/peer-link.ts';
import { type Signal } from '#lib/peer/signal-cipher.ts';
import { type PeerTransport, type RtcSession } from '#lib/peer/transport.ts';
import { memoryWire } from '../../peers/memory-transport.ts';
import { createIdentity } from '../../peers/test-project.ts';

const member: Credential = { kind: 'member', admits: () => true };
const [ownId, peerId] = ['ff'.repeat(16), '11'.repeat(16)];

/** A mesh's view of one other session; whoever answers its offers is the test's to choose. */
async function scene() {
  const far: PeerTransport[] = [];
  const sent: Signal[] = [];
  const connections: PeerConnection[] = [];
  let gone = 0;
  const offered: (() => void)[] = [];
  const linkOptions = {
    room: 'room',
    identity: await createIdentity(),
    credential: member,
    gate: new FailureGate()
  };
  const peer = new MeshPeer({
    ownId,
    peerId,
    offers: true,
    linkOptions,
    newSession() {
      const { ends } = memoryWire();
      far.push(ends[1]);
      return {
        ...ends[0],
        createOffer: () => Promise.resolve('offer'),
        acceptOffer: () => Promise.resolve('answer'),
        acceptAnswer: () => Promise.resolve(),
        addCandidate: () => undefined,
        onCandidate: () => undefined,
        localDescription: '',
        gathered: Promise.resolve()
      } satisfies RtcSession;
    },
    send(signal) {
      sent.push(signal);
      if (signal.type === 'offer') offered.shift()?.();
    },
    onConnection: (connection) => connections.push(connection) > 0,
    onTrouble: () => undefined,
    onGone: () => (gone += 1)
  });
  /** Lets a session answer what is offered upon a signal. */
  async function connect(identity: PeerIdentity, signal: Parameters<MeshPeer['receive']>[0]) {
    const offer = new Promise<void>((resolve) => offered.push(resolve));
    peer.receive(signal);
    await offer;
    const transport = far.at(-1);
    if (!transport) throw new Error('nothing was offered');
    const theirs = await openPeer({ ...linkOptions, identity, transport, side: 'answerer' });
    return { theirs, ours: connections.at(-1) };
  }
  const lastAttempt = () =>
    sent.flatMap((signal) => (signal.type === 'offer' ? [signal.attempt] : [])).at(-1);
  return { peer, connect, connections, lastAttempt, gone: () => gone };
}

const announce = { type: 'announce', from: peerId } as const;

test('whoever answers in another session’s name takes nobody’s place', async () => {
  const { peer, connect, connections, lastAttempt } = await scene();
  await connect(await createIdentity(), announce);
  const seen = lastAttempt() ?? '';
  const mallory = await createIdentity();
  await connect(mallory, { type: 'want', from: peerId, to: ownId, seen });
  expect(connections.map(({ closed }) => closed)).toEqual([false, false]);
  expect(connections[1]?.device).toBe(mallory.device);
  peer.stop();
});

test('a session that connects anew takes the place of its own older connection', async () => {
  const { peer, connect, connections, lastAttempt } = await scene();
  const identity = await createIdentity();
  await connect(identity, announce);
  await connect(identity, { type: 'want', from: peerId, to: ownId, seen: lastAttempt() ?? '' });
  expect(connections.map(({ closed }) => closed)).toEqual([true, false]);
  peer.stop();
});

test('a farewell in a session’s name ends no connection that lives; after its end nobody is looked for', async () => {
  const { peer, connect, connections, gone } = await scene();
  const { theirs } = await connect(await createIdentity(), announce);
  peer.leave();
  expect([connections[0]?.closed, gone()]).toEqual([false, 0]);
  const ended = new Promise<void>((resolve) => connections[0]?.onClose(() => resolve()));
  theirs.close();
  await ended;
  expect(gone()).toBe(1);
});
