// A process of its own that holds a project of many entries. Told on stdin: {secret, signalling, person, entries}, a line;
// each further line makes it write one more entry. Says on stdout: {project, bytes}, once it is in the room.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import * as Y from 'yjs';
import { closeWebRtc, startSync } from './sync-member.ts';
import { foundProject, participant } from '../tests/unit/project/replicas.ts';

const lines = createInterface({ input: process.stdin });
const [order] = (await once(lines, 'line')) as [string];
const { secret, signalling, person, entries } = JSON.parse(order);
const anna = await participant('Anna');
const document = await foundProject(anna);
await document.membership.admit(person, 'editor');
const missing = entries - 2;
for (let count = 0; count < missing; count++)
  await document.addFile({ name: `recording ${count}.nwb`, size: count });
await document.flush();
const sync = await startSync(anna, document, { secret: Uint8Array.from(secret), signalling });
const bytes = Y.encodeStateAsUpdate(document.carrier).byteLength;
console.log(JSON.stringify({ project: document.id, bytes, files: document.state.files.length }));
lines.on('line', () => void document.addFile({ name: 'one more.nwb', size: 1 }));
lines.on('close', async () => {
  await sync.stop();
  await document.close();
  closeWebRtc();
  process.exit(0);
});
