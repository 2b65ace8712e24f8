// `npm run bench:sync [-- --rounds N --entries 100,1000,10000]`: how long a member who has nothing of a project needs from the connection to all of
// it, by the project's size, and how long two members need to be connected and in step again after a connection was lost.
// Two processes over real WebRTC in a network namespace. Ends non-zero when the gate is missed; see bench/README.md.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type ProjectId } from '#lib/model/ids.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { inNetworkNamespace, insideNamespace, requirePrograms } from '../scripts/system.js';
import { openDoors } from '../tests/peers/signalling-for-tests.ts';
import { participant } from '../tests/unit/project/replicas.ts';
import { closeWebRtc, emptyDocument, startSync } from './sync-member.ts';

/** s from the connection to all of 10,000 entries, median. */
const gate = 2;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    entries: { type: 'string', default: '100,1000,10000' }
  }
});
const rounds = Number(values.rounds);
const sizes = values.entries.split(',').map(Number);
if (!insideNamespace) {
  requirePrograms({ '/usr/sbin/ip': 'iproute2' });
  process.exit(
    inNetworkNamespace(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  );
}

const door = await openDoors();
const rows = [];
for (const entries of sizes) rows.push(await measure(entries));
await door.close();
closeWebRtc();
console.table(rows);
const largest = rows.at(-1)?.['all there, s (median)'] ?? Infinity;
if (largest > gate) console.log(`missed: ${largest} s, ${gate} s are allowed`);
process.exit(largest > gate ? 1 : 0);

async function measure(entries: number) {
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const meeting = { secret, signalling: door.signalling };
  const bob = await participant('Bob');
  const holder = spawn(process.execPath, [fileURLToPath(new URL('sync-holder.ts', import.meta.url))], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  holder.stdin.write(
    `${JSON.stringify({ secret: [...secret], signalling: door.signalling, person: bob.person, entries })}\n`
  );
  const [line] = (await once(createInterface({ input: holder.stdout }), 'line')) as [string];
  const { project, bytes, files } = JSON.parse(line) as { project: ProjectId; bytes: number; files: number };

  const arrivals: number[] = [];
  const reconnects: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const document = await emptyDocument(project, bob);
    const sync = await startSync(bob, document, meeting);
    const connected = new Promise<number>((resolve) => sync.onConnection(() => resolve(performance.now())));
    await until(document, () => document.state.files.length >= files + round);
    arrivals.push(performance.now() - (await connected));

    const lost = performance.now();
    for (const connection of sync.connections) connection.close();
    holder.stdin.write('more\n');
    await until(document, () => document.state.files.length > files + round);
    reconnects.push(performance.now() - lost);
    await sync.stop();
    await document.close();
  }
  await end(holder);
  return {
    entries,
    MB: Number((bytes / 1e6).toFixed(2)),
    'all there, s (median)': seconds(median(arrivals)),
    'slowest, s': seconds(Math.max(...arrivals)),
    'in step after a loss, s (median)': seconds(median(reconnects))
  };
}

function until(document: ProjectDocument, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (holds()) return resolve();
    const stop = document.onChange(() => {
      if (!holds()) return;
      stop();
      resolve();
    });
  });
}

async function end(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.stdin?.end();
  await ended;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[times.length >> 1] ?? NaN;
}
function seconds(ms: number): number {
  return Number((ms / 1000).toFixed(2));
}
