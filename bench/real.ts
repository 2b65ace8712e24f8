// `npm run bench:real [-- --peers tridesclous2,…]`: our engine and other sorters on recordings of real brains, from the
// folder that DENDRO_RECORDINGS names or ../shared/recordings. Writes docs/benchmarks-real.md; see bench/README.md.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { scoreSorting } from '#lib/metrics/score.ts';
import { pythonEnvironment } from '../scripts/python-env.js';
import { realPage, type RealSorting, type StarlingScore } from './real-page.ts';
import { joinTrials, locustSets, type RealSet, recordings, starlingTrials } from './real-recordings.ts';
import { allPeers, ours, sortAllOurs, sortPeerOnAll } from './sorters.ts';

/** What of a train of the expert's a sorter found. */
interface Found {
  /** Spikes in both. */
  common: number;
  expert: number;
  sorted: number;
}

const { values } = parseArgs({ options: { peers: { type: 'string' } } });
const peers = values.peers === '' ? [] : (values.peers?.split(',') ?? allPeers);
const locust = locustSets();
const trials = starlingTrials();
if (locust.length + trials.length === 0) {
  console.log(`skipped: no real recordings in ${recordings} (DENDRO_RECORDINGS names another folder)`);
  process.exit(0);
}
const python =
  peers.length === 0
    ? ''
    : pythonEnvironment({ requirements: 'bench/requirements.txt', name: '.venv-bench' });

const joined = trials.length === 0 ? [] : [joinTrials('starling_joined', trials)];
const alone = trials.map((trial, k) => joinTrials(`starling_${k + 1}`, [trial]));
const sets = [...locust, ...joined, ...alone];
const sorted = await sortAll(sets);
for (const set of sets) set.remove();

const expertSpikes = trials.reduce((sum, { expert }) => sum + expert.length, 0);
const page = realPage({
  locust: locust.map(({ name, seconds }, i) => ({ name, seconds, sorted: sorted[i] ?? [] })),
  starling: compareWithExpert(sorted.slice(locust.length)),
  expertSpikes
});
writeFileSync('docs/benchmarks-real.md', page);

/** Recordings × sorters; one that fails says why. */
async function sortAll(all: RealSet[]): Promise<RealSorting[][]> {
  const found: RealSorting[][] = all.map(() => []);
  for (const sorter of [ours, ...peers]) {
    const answers = sorter === ours ? await sortAllOurs(all) : sortPeerOnAll(all, { python, peer: sorter });
    answers.forEach((answer, i) => {
      const { samplingRateHz } = all[i]?.description ?? { samplingRateHz: 1 };
      const failed = answer instanceof Error;
      const trains = failed ? [] : answer.trains.map((train) => Float64Array.from(train));
      const one = { sorter, samplingRateHz, trains, ...(failed ? { failure: lastWords(answer) } : {}) };
      found[i]?.push(one);
      console.log(`${all[i]?.name}, ${sorter}: ${one.failure ?? `${trains.length} units`}`);
    });
  }
  return found;
}

/** The last line of what a sorter complained about. */
function lastWords(error: Error): string {
  const lines = error.message.trim().split('\n');
  return (lines.findLast((line) => /error|exception/i.test(line)) ?? lines.at(-1) ?? '').trim().slice(0, 200);
}

/** Of the trials joined and sorted once, and of each sorted by itself. */
function compareWithExpert([together = [], ...single]: RealSorting[][]): StarlingScore[] {
  const lengths = trials.map(({ counts }) => counts.length);
  const starts = lengths.map((_, k) => lengths.slice(0, k).reduce((sum, length) => sum + length, 0));
  const expert = trials.flatMap(({ expert: samples }, k) =>
    samples.map((sample) => sample + (starts[k] ?? 0))
  );
  return together.map((sorting, i) => {
    const ofTrials = trials.map((trial, k) => bestUnit(single[k]?.[i] ?? sorting, trial.expert));
    const pooled = ofTrials.reduce((sum, one) => ({
      common: sum.common + one.common,
      expert: sum.expert + one.expert,
      sorted: sum.sorted + one.sorted
    }));
    const best = bestUnit(sorting, expert);
    const union = compare(sorting, { train: merged(sorting.trains), expert });
    return {
      ...{ sorter: sorting.sorter, units: sorting.trains.length },
      ...(sorting.failure === undefined ? {} : { failure: sorting.failure }),
      ...{ best: { ...best, agreement: agreement(best) }, unionAgreement: agreement(union) },
      alone: single.map((sortings) => {
        const { trains = [], failure } = sortings[i] ?? {};
        return { units: trains.length, ...(failure === undefined ? {} : { failure }) };
      }),
      agreementAlone: agreement(pooled)
    };
  });
}

/** The unit that agrees best with the expert's spikes; where there is none, nothing is found. */
function bestUnit(sorting: RealSorting, expert: number[]): Found {
  const found = sorting.trains.map((train) => compare(sorting, { train, expert }));
  return found.reduce((best, one) => (agreement(one) > agreement(best) ? one : best), {
    ...{ common: 0, expert: expert.length, sorted: 0 }
  });
}

function compare(
  { samplingRateHz }: RealSorting,
  { train, expert }: { train: Float64Array; expert: number[] }
): Found {
  const score = scoreSorting(
    { samplingRateHz, trains: [Float64Array.from(expert)] },
    { samplingRateHz, trains: [train] }
  );
  return { common: score.matchCounts[0] ?? 0, expert: expert.length, sorted: train.length };
}

function agreement({ common, expert, sorted }: Found): number {
  return expert + sorted === 0 ? 0 : common / (expert + sorted - common);
}

function merged(trains: readonly Float64Array[]): Float64Array {
  return Float64Array.from(trains.flatMap((train) => [...train])).toSorted();
}
