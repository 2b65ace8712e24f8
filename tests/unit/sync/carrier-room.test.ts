import { expect, test } from 'vitest';
import { Doc } from 'yjs';
import { FailureGate } from '#lib/peer/failure-gate.ts';
import { openPeer } from '#lib/peer/peer-link.ts';
import { CarrierRoom } from '#lib/sync/carrier-room.ts';
import { memoryWire } from '../../peers/memory-transport.ts';
import { createIdentity } from '../../peers/test-project.ts';

test('a peer that sends faster than can be checked is cut off before memory runs out', async () => {
  const own = await createIdentity();
  const [a, b] = memoryWire().ends;
  const common = {
    room: 'room',
    credential: { kind: 'member', admits: () => true },
    gate: new FailureGate()
  } as const;
  const [theirs, ours] = await Promise.all([
    openPeer({ ...common, transport: a, side: 'offerer', identity: await createIdentity() }),
    openPeer({ ...common, transport: b, side: 'answerer', identity: own })
  ]);
  const room = await CarrierRoom.open({
    carrier: new Doc(),
    own: own.writer,
    // The check of the first update takes for ever.
    admit: () => new Promise(() => undefined)
  });
  room.add(ours);
  const reason = new Promise((resolve) => ours.onClose((record) => resolve(record?.tag)));
  const update = new Uint8Array(40 * 1024 * 1024);
  // An update message: its kind, its step, and its length as a variable-length number.
  update.set([0, 2, 0xf0, 0xff, 0xff, 0x13]);
  for (let i = 0; i < 3; i++)
    theirs
      .channel('sync')
      .send(update)
      .catch(() => undefined);
  expect(await reason).toBe('peer-misbehaved');
  room.close();
});
