// `npm run bench:memory [-- --channels 384] [--seconds 600] [--workers 1,2]`: the memory and the time that a sort of a long
// recording on many channels takes. Ends non-zero when it takes more than 1 GB; see bench/README.md.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { memoryEnvironment } from '../compute-node/executors/process-executor.ts';
import { writeLongRecording } from './memory-recording.ts';

const allowedBytes = 1e9;
/** So much is generated and read over and over: 0.5 GB of disk, whatever the length. */
const fileSeconds = 20;

const Answer = v.object({
  ...{ units: v.number(), spikes: v.number(), resultBytes: v.number() },
  ...{ seconds: v.number(), cpuSeconds: v.number(), peakMemoryBytes: v.number() },
  stages: v.array(v.object({ name: v.string(), seconds: v.number(), peakMemoryBytes: v.number() }))
});
type Answer = v.InferOutput<typeof Answer>;

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '384' },
    seconds: { type: 'string', default: '600' },
    workers: { type: 'string', default: '1,2' },
    keep: { type: 'boolean' }
  }
});
const channelCount = Number(values.channels);
const repeats = Math.ceil(Number(values.seconds) / fileSeconds);
const path = writeLongRecording({ channelCount, seconds: fileSeconds });
console.log(`${channelCount} channels, ${repeats * fileSeconds} s, in ${path}`);
const missed: string[] = [];
for (const workers of values.workers.split(',')) {
  const answer = sort(workers);
  console.table(answer.stages.map(stageRow));
  console.log(`${workers} workers: ${summary(answer)}`);
  if (answer.peakMemoryBytes > allowedBytes)
    missed.push(
      `${gigabytes(answer.peakMemoryBytes)} with ${workers} workers, most while it is at ${largest(answer)}`
    );
}
if (!values.keep) rmSync(path);
for (const line of missed) console.log(`missed: ${line} (${gigabytes(allowedBytes)} is allowed)`);
process.exitCode = missed.length === 0 ? 0 : 1;

function sort(workers: string): Answer {
  const layout = ['--channels', String(channelCount), '--repeats', String(repeats), '--workers', workers];
  const { status, stdout } = spawnSync(process.execPath, ['bench/memory-run.ts', path, ...layout], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    // As the node runs its jobs.
    env: { ...process.env, ...memoryEnvironment }
  });
  if (status !== 0) throw new Error(`the sort with ${workers} workers ended with ${String(status)}`);
  return v.parse(Answer, JSON.parse(stdout));
}

function stageRow({ name, seconds, peakMemoryBytes }: Answer['stages'][number]) {
  return { stage: name, seconds: seconds.toFixed(1), 'largest memory': gigabytes(peakMemoryBytes) };
}

function summary({ units, spikes, seconds, cpuSeconds, peakMemoryBytes, resultBytes }: Answer): string {
  const speed = (repeats * fileSeconds) / seconds;
  const found = `${units} units, ${spikes} spikes, ${(resultBytes / 1e6).toFixed(0)} MB of NWB`;
  return `${gigabytes(peakMemoryBytes)}, ${seconds.toFixed(0)} s (${speed.toFixed(2)} times real time), ${cpuSeconds.toFixed(0)} CPU s, ${found}`;
}

function largest({ stages }: Answer): string {
  return stages.toSorted((a, b) => b.peakMemoryBytes - a.peakMemoryBytes)[0]?.name ?? '';
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
