import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Awareness, encodeAwarenessUpdate } from 'y-protocols/awareness';
import { writeSyncStep1, writeUpdate } from 'y-protocols/sync';
import * as encoding from 'lib0/encoding';
import { Doc, encodeStateAsUpdate } from 'yjs';
import { SyncGate } from '../../../src/lib/sync/sync-gate.ts';
import { createIdentity } from '../../peers/test-project.ts';

async function gateFor(admit: (update: Uint8Array) => boolean = () => true) {
  const peer = await createIdentity();
  const own = await createIdentity();
  let misbehaved = 0;
  const gate = new SyncGate({
    peer,
    own: own.writer,
    presenceId: 1,
    admit,
    onMisbehaved: () => (misbehaved += 1)
  });
  return { gate, peer, own, misbehaved: () => misbehaved };
}

function awarenessOf(...entries: { client: number; state: Record<string, unknown> }[]): Uint8Array {
  const states = entries.map(({ client, state }) => {
    const doc = new Doc();
    doc.clientID = client;
    const awareness = new Awareness(doc);
    awareness.setLocalState(state);
    const update = encodeAwarenessUpdate(awareness, [client]);
    awareness.destroy();
    return update.subarray(1);
  });
  const update = encoding.createEncoder();
  encoding.writeVarUint(update, entries.length);
  for (const state of states) encoding.writeUint8Array(update, state);
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint8Array(encoder, encoding.toUint8Array(update));
  return encoding.toUint8Array(encoder);
}

function syncMessage(write: (encoder: encoding.Encoder) => void): Uint8Array {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 0);
  write(encoder);
  return encoding.toUint8Array(encoder);
}

const anUpdate = () => {
  const doc = new Doc();
  doc.getArray('log:1').push([new Uint8Array([1])]);
  return syncMessage((encoder) => writeUpdate(encoder, encodeStateAsUpdate(doc)));
};

describe('from a peer', () => {
  test('a state vector and an admitted update pass', async () => {
    const { gate } = await gateFor();
    const step1 = syncMessage((encoder) => writeSyncStep1(encoder, new Doc()));
    expect(await gate.incoming(step1)).toEqual(step1);
    const update = anUpdate();
    expect(await gate.incoming(update)).toEqual(update);
  });

  test('an update that is not admitted is dropped, and the twentieth ends the connection', async () => {
    const { gate, misbehaved } = await gateFor(() => false);
    for (let i = 0; i < 19; i++) expect(await gate.incoming(anUpdate())).toBeUndefined();
    expect(misbehaved()).toBe(0);
    await gate.incoming(anUpdate());
    expect(misbehaved()).toBe(1);
  });

  test('presence passes for the peer alone, under its connection’s id, whatever it says of others', async () => {
    const { gate, peer, own } = await gateFor();
    const mine = { client: peer.writer, state: { place: 'files' } };
    const message = awarenessOf(mine, { client: own.writer, state: { place: 'forged' } });
    expect(await gate.incoming(message)).toEqual(awarenessOf({ ...mine, client: 1 }));
    expect(await gate.incoming(awarenessOf({ client: own.writer, state: {} }))).toBeUndefined();
  });

  test('presence that is too large or not as agreed is dropped', async () => {
    const { gate, peer } = await gateFor();
    const client = peer.writer;
    expect(await gate.incoming(awarenessOf({ client, state: { place: 'x'.repeat(201) } }))).toBeUndefined();
    expect(await gate.incoming(awarenessOf({ client, state: { place: 7 } }))).toBeUndefined();
    expect(await gate.incoming(awarenessOf({ client, state: { junk: 'x'.repeat(5000) } }))).toBeUndefined();
  });

  test('no more than twenty presences a second pass', async () => {
    const { gate, peer } = await gateFor();
    const message = awarenessOf({ client: peer.writer, state: { place: 'files' } });
    const passed = await Promise.all(Array.from({ length: 100 }, () => gate.incoming(message)));
    // A little time passes meanwhile, and with it a few more may.
    expect(passed.filter((it) => it !== undefined).length).toBeLessThan(40);
  });

  test('of many questions for everything only some are answered, and the peer is not blamed', async () => {
    const { gate } = await gateFor();
    const step1 = syncMessage((encoder) => writeSyncStep1(encoder, new Doc()));
    const passed = await Promise.all(Array.from({ length: 200 }, () => gate.incoming(step1)));
    expect(passed.filter((it) => it !== undefined).length).toBeLessThan(40);
    expect(gate.violations).toBe(0);
  });

  test('any bytes are passed or dropped, never thrown', async () => {
    const { gate } = await gateFor();
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), async (bytes) => {
        await gate.incoming(bytes);
      })
    );
  });
});

describe('to a peer', () => {
  test('only this side’s own presence goes out', async () => {
    const { gate, peer, own } = await gateFor();
    const mine = { client: own.writer, state: { focus: 'a file' } };
    const both = awarenessOf({ client: peer.writer, state: { place: 'files' } }, mine);
    expect(gate.outgoing(both)).toEqual(awarenessOf(mine));
    expect(gate.outgoing(awarenessOf({ client: peer.writer, state: {} }))).toBeUndefined();
  });
});
