// `npm run bench:sorting [-- --sets probe32,tetrode] [--draw 3 | --seeds 7,8,9] [--seconds 300] [--peers tridesclous2,…]
// [--keep] [--cold]`: our engine and other sorters on recordings with known units, made with SpikeInterface's generator.
// Each sorter has one thread, and its code is compiled before it is timed; on the first seed of a set some are timed
// cold as well. Writes docs/benchmarks.md and its figures, with --keep beside what is measured of other sets, with
// --cold only its cold runs anew; see bench/README.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { scoreSorting } from '#lib/metrics/score.ts';
import { measureSnr } from '#lib/metrics/snr.ts';
import { pythonEnvironment } from '../scripts/python-env.js';
import { countFound } from './background.ts';
import { bandPassed } from './band-passed.ts';
import { drawSeeds, folder, makeSet, type TestSet } from './sets.ts';
import {
  allPeers,
  type ColdTimes,
  ours,
  slowPeers,
  sortAllOurs,
  type Sorted,
  sortPeerOnAll,
  timeOursCold,
  timePeerCold
} from './sorters.ts';
import { benchmarkPage, shortRow, type SortingResult } from './sorting-page.ts';
import { sortingPlots } from './sorting-plots.ts';

const allSets = ['tetrode', 'probe32', 'probe64', 'drift32', 'hard64'];
/** Sorters that correct motion do so on the set that moves; there each is also shown without. */
const correctsMotion = ['tridesclous2', 'lupin', 'spykingcircus2', 'kilosort4'];
const warmSeconds = 20;

/** Timed in a fresh process too, as ours is. */
const alsoCold = ['tridesclous2'];
const images = 'docs/images';
const resultsPath = join(folder, 'sorting-results.json');

const option = { type: 'string' } as const;
const { values } = parseArgs({
  options: {
    sets: option,
    seeds: option,
    draw: option,
    seconds: option,
    peers: option,
    keep: { type: 'boolean' },
    /** Only times again what was timed cold, and keeps all else. */
    cold: { type: 'boolean' }
  }
});
const sets = chosen(values.sets ?? allSets.join(), allSets);
const peers = values.peers === '' ? [] : chosen(values.peers ?? allPeers.join(), [...allPeers, ...slowPeers]);
const seconds = Number(values.seconds ?? 300);
const seeds = values.seeds?.split(',').map(Number) ?? drawSeeds(Number(values.draw ?? 3));
const python = pythonEnvironment({ requirements: 'bench/requirements.txt', name: '.venv-bench' });
console.log(`seeds: ${seeds.join(', ')}`);

const results: SortingResult[] = [];
for (const set of sets) {
  if (values.cold) {
    results.push(...(await timedAgain(set)));
    writePage();
    continue;
  }
  const [warmSeed = 0] = drawSeeds(1);
  const warm = makeSet(python, { set, seed: warmSeed, seconds: warmSeconds });
  const recordings = seeds.map((seed) => ({ seed, ...makeSet(python, { set, seed, seconds }) }));
  results.push(...(await compareOn(recordings, { set, warm })));
  for (const recording of [warm, ...recordings]) recording.remove();
  // After each, so that a run that is cut short leaves what it found.
  writePage();
}

function writePage(): void {
  const measured = new Set(results.map(({ set }) => set));
  const kept = values.keep || values.cold ? keptResults().filter(({ set }) => !measured.has(set)) : [];
  const all = [...kept, ...results].toSorted((a, b) => allSets.indexOf(a.set) - allSets.indexOf(b.set));
  writeFileSync(resultsPath, JSON.stringify(all));
  const plots = sortingPlots(all);
  mkdirSync(images, { recursive: true });
  for (const name of readdirSync(images)) if (/^bench-.*\.svg$/.test(name)) rmSync(join(images, name));
  for (const { file, svg } of [...plots.costs, ...plots.accuracy.values()])
    writeFileSync(join(images, file), svg);
  writeFileSync('docs/benchmarks.md', benchmarkPage(all, { seconds, ours, plots }));
}

/** What was measured of a set, with new times of cold runs. @throws Error where there is nothing yet */
async function timedAgain(set: string): Promise<SortingResult[]> {
  const kept = keptResults().filter((result) => result.set === set);
  const [first] = kept;
  if (!first) throw new Error(`${set} has not been measured yet: leave out --cold`);
  const recording = makeSet(python, { set, seed: first.seed, seconds });
  const times = new Map<string, ColdTimes>([[ours, await timeOursCold(recording)]]);
  for (const peer of alsoCold) times.set(peer, timePeerCold(recording, { python, peer }));
  recording.remove();
  console.table(Object.fromEntries([...times].map(([sorter, time]) => [`${set}, ${sorter}`, time])));
  return kept.map((result) => {
    const time = result.seed === first.seed ? times.get(result.sorter) : undefined;
    return { ...result, ...time };
  });
}

/** What was measured last. */
function keptResults(): SortingResult[] {
  return existsSync(resultsPath) ? (JSON.parse(readFileSync(resultsPath, 'utf8')) as SortingResult[]) : [];
}

function chosen(text: string, known: readonly string[]): string[] {
  const names = text.split(',');
  for (const name of names)
    if (!known.includes(name)) throw new Error(`"${name}" is none of ${known.join(', ')}`);
  return names;
}

type SeededSet = TestSet & { seed: number };

/** By seed, then by sorter. */
async function compareOn(
  recordings: readonly SeededSet[],
  { set, warm }: { set: string; warm: TestSet }
): Promise<SortingResult[]> {
  const snrs = new Map<SeededSet, number[]>();
  for (const recording of recordings) snrs.set(recording, await trueSnrs(recording));
  const found: SortingResult[] = [];
  for (const { sorter, sort } of runsOn(set, warm)) {
    const sortings = await sort(recordings);
    const colds = await Promise.all(recordings.slice(0, 1).map((recording) => timedCold(sorter, recording)));
    const of = recordings.flatMap((recording, i): SortingResult[] => {
      const sorted = sortings[i] ?? new Error('no answer');
      if (sorted instanceof Error) {
        console.error(`${sorter} failed on ${set}, seed ${recording.seed}:`, sorted);
        return [];
      }
      const cold = colds[i];
      const score = scored(sorted, recording, snrs.get(recording) ?? []);
      return [{ set, seed: recording.seed, sorter, ...score, ...cold }];
    });
    console.table(of.map(shortRow));
    found.push(...of);
  }
  return found.toSorted((a, b) => seeds.indexOf(a.seed) - seeds.indexOf(b.seed));
}

async function trueSnrs(recording: TestSet): Promise<number[]> {
  const { source, close } = await recording.open();
  try {
    return (await measureSnr(bandPassed(source), recording.truth)).map(({ snr }) => snr);
  } finally {
    close();
  }
}

type SortAll = (recordings: readonly TestSet[]) => Promise<(Sorted | Error)[]>;

/** Ours in a process for each recording, a peer in one for all of them, as its code is compiled anew in each. */
function runsOn(set: string, warm: TestSet): { sorter: string; sort: SortAll }[] {
  const moves = set.startsWith('drift');
  const sortPeers =
    (peer: string, motion = false): SortAll =>
    (recordings) =>
      Promise.resolve(sortPeerOnAll(recordings, { python, peer, warm, motion }));
  return [
    { sorter: ours, sort: sortAllOurs },
    ...peers.flatMap((peer) => [
      { sorter: peer, sort: sortPeers(peer) },
      ...(moves && correctsMotion.includes(peer)
        ? [{ sorter: `${peer}, motion corrected`, sort: sortPeers(peer, true) }]
        : [])
    ])
  ];
}

/** On the first recording ours and those of the others that are timed cold run once more. */
async function timedCold(sorter: string, recording: TestSet): Promise<ColdTimes | undefined> {
  if (sorter === ours) return timeOursCold(recording);
  return alsoCold.includes(sorter) ? timePeerCold(recording, { python, peer: sorter }) : undefined;
}

function scored(
  { trains, cpuSeconds, seconds, peakMemoryBytes }: Sorted,
  { truth, background }: TestSet,
  snrs: readonly number[]
): Omit<SortingResult, 'set' | 'seed' | 'sorter'> {
  const sorted = trains.map((train) => Float64Array.from(train));
  const score = scoreSorting(truth, { samplingRateHz: truth.samplingRateHz, trains: sorted });
  const unknown = score.falsePositive.map((unit) => sorted[unit] ?? new Float64Array());
  const backgroundFound = countFound(background, unknown);
  return {
    units: score.trueUnits.map(({ accuracy }, unit) => ({ snr: snrs[unit] ?? 0, accuracy })),
    backgroundUnits: background.trains.length,
    sortedUnits: trains.length,
    wellDetected: score.wellDetected.length,
    falsePositives: unknown.length - backgroundFound,
    backgroundFound,
    redundant: score.redundant.length,
    ...{ cpuSeconds, seconds, peakMemoryBytes }
  };
}
