import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { expect, test } from 'vitest';
import { readSyncMessage, writeUpdate } from 'y-protocols/sync';
import * as Y from 'yjs';
import { type RemotePeer } from '#lib/peer/peer-identity.ts';
import { SyncGate } from '#lib/sync/sync-gate.ts';
import { Attacker, file, scene } from '../project/attacker.ts';

const syncMessage = 0;

test('of a message in which one writer forked, y-webrtc sees the others’ entries, and the peer is not blamed', async () => {
  const { project, attacker, mallory } = await scene();
  const other = new Attacker(mallory.keys, project.id);
  await other.write(file('of another session'));
  const fork = attacker.clone();
  await attacker.write(file('here'));
  await fork.write(file('there'));
  Y.applyUpdate(project.carrier, attacker.update());
  const there = new Y.Doc({ gc: false });
  for (const update of [fork.update(), other.update()]) Y.applyUpdate(there, update);
  const gate = new SyncGate({
    peer: { device: project.device, writer: project.writer } as RemotePeer,
    own: project.writer,
    presenceId: 1,
    admit: (update, from) => project.admit(update, from),
    onMisbehaved: () => undefined
  });
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, syncMessage);
  writeUpdate(encoder, Y.encodeStateAsUpdate(there));
  const passed = await gate.incoming(encoding.toUint8Array(encoder));
  const decoder = decoding.createDecoder(passed ?? new Uint8Array());
  expect(decoding.readVarUint(decoder)).toBe(syncMessage);
  readSyncMessage(decoder, encoding.createEncoder(), project.carrier, 'peer');
  await project.flush();
  expect(gate.violations).toBe(0);
  expect(project.state.files.map(({ name }) => name)).toEqual(['honest', 'of another session']);
});
