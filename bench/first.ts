// `npm run bench:first [-- --seeds 1,2,3] [--details]`: how well and how fast the engine sorts the demonstration and `probe32` sets
// of SpikeInterface's generator (60 s; seeds drawn now unless given), and how long the first start takes. Ends non-zero
// when a gate is missed; see bench/README.md.
import { parseArgs } from 'node:util';
import { type Score, scoreSorting } from '#lib/metrics/score.ts';
import { type UnitSnr, measureSnr } from '#lib/metrics/snr.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { sortingPool } from '../compute-node/platform/worker-pool.ts';
import { pythonEnvironment } from '../scripts/python-env.js';
import { bandPassed } from './band-passed.ts';
import { timeFirstStart } from './first-start.ts';
import { drawSeeds, makeSet } from './sets.ts';

const workers = 2;
const gates = { found: 0.8, falsePositives: 0.15, redundant: 0.15, timesRealTime: 4 };
/** Units of at least this SNR are asked for. */
const clearSnr = 6;

interface Result {
  set: string;
  clear: number;
  found: number;
  units: number;
  falsePositives: number;
  redundant: number;
  seconds: number;
  timesRealTime: number;
  /** Processor time of all threads while sorting. */
  cpuSeconds: number;
}

const { values } = parseArgs({
  options: { seeds: { type: 'string' }, details: { type: 'boolean' }, 'skip-start': { type: 'boolean' } }
});
const seeds = values.seeds?.split(',').map(Number) ?? drawSeeds(3);
const python = pythonEnvironment();
console.log(`probe32 seeds: ${seeds.join(', ')}`);

const demonstration = generateRecording(demonstrationSpec);
const results = [await measure('demonstration', await kept(demonstration.source), demonstration.truth)];
for (const seed of seeds) results.push(await measureSet(seed));

console.table(results.map(tableRow));
const missed = results.flatMap(missedGates);
if (!values['skip-start'])
  for (const { what, seconds, allowed } of await timeFirstStart()) {
    console.log(`${what}: ${seconds.toFixed(1)} s (${allowed} s are allowed)`);
    if (seconds > allowed) missed.push(`${what}: ${seconds.toFixed(1)} s`);
  }
for (const line of missed) console.log(`missed: ${line}`);
process.exitCode = missed.length === 0 ? 0 : 1;

/** Makes a set, measures it and removes it. */
async function measureSet(seed: number): Promise<Result> {
  const set = makeSet(python, { set: 'probe32', seed, seconds: 60 });
  const { source, close } = await set.open();
  const result = await measure(`probe32 ${seed}`, source, set.truth);
  close();
  set.remove();
  return result;
}

async function measure(set: string, source: TraceSource, truth: SpikeTrains): Promise<Result> {
  const pool = sortingPool({ size: workers });
  const began = performance.now();
  const cpuBefore = process.cpuUsage();
  const sorting = await sortRecording({ source, parameters: resolveParameters({}), pool, seed: 0 });
  const seconds = (performance.now() - began) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  await pool.close();
  const trains = sorting.units.map(({ spikeSamples }) => spikeSamples);
  const score = scoreSorting(truth, { samplingRateHz: truth.samplingRateHz, trains });
  const snrs = await measureSnr(bandPassed(source), truth);
  if (values.details) printUnits(set, score, snrs);
  const clear = score.trueUnits.filter((_, unit) => (snrs[unit]?.snr ?? 0) > clearSnr);
  return {
    set,
    clear: clear.length,
    found: clear.filter(({ accuracy }) => accuracy >= 0.8).length,
    units: trains.length,
    falsePositives: score.falsePositive.length,
    redundant: score.redundant.length,
    seconds,
    timesRealTime: source.info.sampleCount / source.info.samplingRateHz / seconds,
    cpuSeconds: (cpu.user + cpu.system) / 1e6
  };
}

/** The generated recording with its samples kept, so that the engine's time is not the generator's. */
async function kept(source: TraceSource): Promise<TraceSource> {
  const { info } = source;
  const { channelCount, sampleCount } = info;
  const all = await source.read(0, sampleCount);
  return {
    info,
    async read(start, end) {
      const out = new Float32Array(channelCount * (end - start));
      for (let channel = 0; channel < channelCount; channel++)
        out.set(
          all.subarray(channel * sampleCount + start, channel * sampleCount + end),
          channel * (end - start)
        );
      return out;
    }
  };
}

function tableRow(result: Result) {
  const { set, clear, found, units, falsePositives, redundant, seconds, timesRealTime, cpuSeconds } = result;
  return {
    set,
    [`found, SNR > ${clearSnr}`]: `${found} of ${clear}`,
    units,
    'false positives': falsePositives,
    redundant,
    seconds: seconds.toFixed(1),
    'times real time': timesRealTime.toFixed(1),
    'CPU seconds': cpuSeconds.toFixed(1)
  };
}

function printUnits(set: string, { trueUnits }: Score, snrs: UnitSnr[]): void {
  trueUnits.forEach(({ accuracy, match, truePositives, falseNegatives, falsePositives }, unit) => {
    const who = `${set}, true unit ${unit}: SNR ${snrs[unit]?.snr.toFixed(1)}`;
    const spikes = `${truePositives} found, ${falseNegatives} missed, ${falsePositives} false`;
    console.log(`${who}, accuracy ${accuracy.toFixed(3)}, sorted as ${match?.unit ?? 'none'}, ${spikes}`);
  });
}

function missedGates({
  set,
  clear,
  found,
  units,
  falsePositives,
  redundant,
  timesRealTime
}: Result): string[] {
  const checks: [boolean, string][] = [
    [found >= gates.found * clear, `${found} of ${clear} clear units found`],
    [
      falsePositives <= gates.falsePositives * units,
      `${falsePositives} of ${units} units are false positives`
    ],
    [redundant <= gates.redundant * units, `${redundant} of ${units} units are redundant`],
    [timesRealTime >= gates.timesRealTime, `${timesRealTime.toFixed(1)} times real time`]
  ];
  return checks.flatMap(([met, text]) => (met ? [] : [`${set}: ${text}`]));
}
