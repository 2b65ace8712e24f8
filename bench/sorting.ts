// `npm run bench:sorting [-- --sets probe32,tetrode] [--draw 3 | --seeds 7,8,9] [--seconds 300] [--peers tridesclous2,…]`:
// our engine and other sorters on recordings with known units, made with SpikeInterface's generator. Each sorter has one
// thread, and its code is compiled before it is timed. Writes docs/benchmarks.md; see bench/README.md.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import * as v from 'valibot';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { scoreSorting } from '#lib/metrics/score.ts';
import { measureSnr } from '#lib/metrics/snr.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { pythonEnvironment } from '../scripts/python-env.js';
import { bandPassed } from './band-passed.ts';
import { drawSeeds, makeSet, run, type TestSet } from './sets.ts';
import { benchmarkPage, shortRow, type SortingResult } from './sorting-page.ts';

const ours = 'Dendro';
const allSets = ['tetrode', 'probe32', 'probe64', 'drift32', 'hard64'];
const allPeers = ['tridesclous2', 'lupin', 'spykingcircus2', 'mountainsort5'];
/** Sorters that correct motion do so on the set that moves; there each is also shown without. */
const correctsMotion = ['tridesclous2', 'lupin', 'spykingcircus2'];
const warmSeconds = 20;

const Sorted = v.object({
  trains: v.array(v.array(v.number())),
  cpuSeconds: v.number(),
  seconds: v.number(),
  peakMemoryBytes: v.number()
});
type Sorted = v.InferOutput<typeof Sorted>;

const option = { type: 'string' } as const;
const { values } = parseArgs({
  options: { sets: option, seeds: option, draw: option, seconds: option, peers: option }
});
const sets = chosen(values.sets, allSets);
const peers = values.peers === '' ? [] : chosen(values.peers, allPeers);
const seconds = Number(values.seconds ?? 300);
const seeds = values.seeds?.split(',').map(Number) ?? drawSeeds(Number(values.draw ?? 3));
const python = pythonEnvironment({ requirements: 'bench/requirements.txt', name: '.venv-bench' });
console.log(`seeds: ${seeds.join(', ')}`);

const results: SortingResult[] = [];
for (const set of sets) {
  const [warmSeed = 0] = drawSeeds(1);
  const warm = makeSet(python, { set, seed: warmSeed, seconds: warmSeconds });
  for (const seed of seeds) {
    const recording = makeSet(python, { set, seed, seconds });
    const found = await compareOn(recording, { set, seed, warm });
    console.table(found.map(shortRow));
    results.push(...found);
    recording.remove();
    // After each, so that a run that is cut short leaves what it found.
    writeFileSync('docs/benchmarks.md', benchmarkPage(results, { seconds, ours }));
  }
  warm.remove();
}

function chosen(text: string | undefined, known: readonly string[]): string[] {
  const names = text?.split(',') ?? [...known];
  for (const name of names)
    if (!known.includes(name)) throw new Error(`"${name}" is none of ${known.join(', ')}`);
  return names;
}

async function compareOn(
  recording: TestSet,
  { set, seed, warm }: { set: string; seed: number; warm: TestSet }
): Promise<SortingResult[]> {
  const { source, close } = await recording.open();
  const snrs = (await measureSnr(bandPassed(source), recording.truth)).map(({ snr }) => snr);
  close();
  const found: SortingResult[] = [];
  for (const { sorter, sort } of runsOn(set, recording, warm)) {
    try {
      found.push({ set, seed, sorter, ...scored(await sort(), recording.truth, snrs) });
    } catch (error) {
      console.error(`${sorter} failed on ${set}, seed ${seed}:`, error);
    }
  }
  return found;
}

function runsOn(
  set: string,
  recording: TestSet,
  warm: TestSet
): { sorter: string; sort: () => Promise<Sorted> }[] {
  const moves = set.startsWith('drift');
  return [
    { sorter: ours, sort: () => sortOurs(recording) },
    ...peers.flatMap((peer) => {
      const plain = { sorter: peer, sort: () => sortPeer(recording, { peer, warm, motion: false }) };
      if (!moves || !correctsMotion.includes(peer)) return [plain];
      const corrected = () => sortPeer(recording, { peer, warm, motion: true });
      return [plain, { sorter: `${peer}, motion corrected`, sort: corrected }];
    })
  ];
}

/** As a user runs it: from the command to the written file, nothing warm. */
async function sortOurs({ stem, description }: TestSet): Promise<Sorted> {
  const { samplingRateHz, channelCount, gainUv, contacts } = description;
  const [probe, out] = [`${stem}.probe.json`, `${stem}.nwb`];
  writeFileSync(probe, JSON.stringify(probeinterface(contacts)));
  const layout = ['--sampling-rate', samplingRateHz, '--channels', channelCount, '--gain-uv', gainUv];
  const files = [`${stem}.raw`, '-o', out, '--probe', probe];
  const began = performance.now();
  const command = ['bin/dendro.js', 'sort', ...files, ...layout.map(String), '--workers', '1', '--json'];
  const told: unknown = JSON.parse(run(process.execPath, command));
  const seconds = (performance.now() - began) / 1000;
  const costs = v.parse(v.object({ cpuSeconds: v.number(), peakMemoryBytes: v.number() }), told);
  const trains = await readTrains(out, samplingRateHz);
  for (const path of [probe, out]) rmSync(path);
  return { ...costs, seconds, trains };
}

async function sortPeer(
  { stem }: TestSet,
  { peer, warm, motion }: { peer: string; warm: TestSet; motion: boolean }
): Promise<Sorted> {
  const out = `${stem}.peer.json`;
  const files = ['--set', stem, '--warm', warm.stem, '--out', out];
  run(python, ['bench/run-peer.py', '--sorter', peer, ...files, ...(motion ? ['--motion'] : [])]);
  const sorted = v.parse(Sorted, JSON.parse(readFileSync(out, 'utf8')));
  rmSync(out);
  return sorted;
}

function scored(
  { trains, cpuSeconds, seconds, peakMemoryBytes }: Sorted,
  truth: SpikeTrains,
  snrs: readonly number[]
): Omit<SortingResult, 'set' | 'seed' | 'sorter'> {
  const { samplingRateHz } = truth;
  const score = scoreSorting(truth, {
    samplingRateHz,
    trains: trains.map((train) => Float64Array.from(train))
  });
  return {
    units: score.trueUnits.map(({ accuracy }, unit) => ({ snr: snrs[unit] ?? 0, accuracy })),
    sortedUnits: trains.length,
    wellDetected: score.wellDetected.length,
    falsePositives: score.falsePositive.length,
    redundant: score.redundant.length,
    ...{ cpuSeconds, seconds, peakMemoryBytes }
  };
}

function probeinterface(contacts: TestSet['description']['contacts']) {
  const probe = {
    ...{ ndim: 2, si_units: 'um' },
    contact_positions: contacts.map(({ x, y }) => [x, y]),
    device_channel_indices: contacts.map((_, channel) => channel)
  };
  return { specification: 'probeinterface', version: '0.2', probes: [probe] };
}

async function readTrains(path: string, samplingRateHz: number): Promise<number[][]> {
  const nwb = await openNwb(memorySource(new Uint8Array(readFileSync(path))));
  try {
    return (nwb.readUnitTimes()?.times ?? []).map((times) =>
      Array.from(times, (time) => Math.round(time * samplingRateHz))
    );
  } finally {
    nwb.close();
  }
}
