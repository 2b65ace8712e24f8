// `npm run bench:parameters [-- --only detectThreshold,matchThreshold]`: what each parameter of the engine changes, on
// generated recordings. Sorts them once for each value, all other parameters at their defaults, and writes one figure a
// parameter and docs/parameters-measured.md; see bench/README.md. All but the processor time is the same every time.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { scoreSorting } from '#lib/metrics/score.ts';
import { type ParameterValue } from '#lib/model/processor.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { probe32Spec } from '#lib/simulation/specification.ts';
import { type SortingParameters, resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { sortingPool } from '../compute-node/platform/worker-pool.ts';
import { countFound } from './background.ts';
import { parameterPage } from './parameter-page.ts';
import { type Figures, type Measured, parameterPlot } from './parameter-plots.ts';
import { type KnownRecording, type Sweep, type SweepSet, sweeps } from './parameter-sweeps.ts';

const workers = 2;
const images = 'docs/images';
/** Sorted first, so that the engine's code is compiled when the first sort is timed. */
const warmSeconds = 10;

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = chooseSweeps(values.only?.split(','));
const pool = sortingPool({ size: workers });
const measured = await measureAll(chosen);
await pool.close();
writeFigures(measured);

function chooseSweeps(names: string[] | undefined): Sweep[] {
  for (const name of names ?? [])
    if (!sweeps.some(({ parameter }) => parameter === name))
      throw new Error(`"${name}" is none of ${sweeps.map(({ parameter }) => parameter).join(', ')}`);
  return sweeps.filter(({ parameter }) => names?.includes(parameter) ?? true);
}

/** One set after the other, each made once. */
async function measureAll(wanted: readonly Sweep[]): Promise<Measured[]> {
  await sort(generateRecording(probe32Spec(700, warmSeconds)), resolveParameters());
  const results: Measured[] = [];
  for (const set of new Set(wanted.flatMap(({ sets }) => sets))) {
    const measure = await measureOn(set);
    for (const { parameter, values, sets } of wanted)
      if (sets.includes(set))
        for (const value of values) {
          const figures = await measure({ [parameter]: value });
          results.push({ set: set.name, parameter, value, ...figures });
        }
  }
  return results;
}

/** Sorts the set's recordings with the given values; equal parameters are sorted once. */
async function measureOn({
  name,
  make
}: SweepSet): Promise<(given: Record<string, ParameterValue>) => Promise<Figures>> {
  const recordings = make.map((one) => one());
  // Their samples are made before anything is timed.
  for (const { source } of recordings) await source.read(0, source.info.sampleCount);
  const known = new Map<string, Figures>();
  return async (given) => {
    const parameters = resolveParameters(given);
    const key = JSON.stringify(parameters);
    let figures = known.get(key);
    if (!figures) {
      const sorted: Figures[] = [];
      for (const recording of recordings) sorted.push(await sort(recording, parameters));
      figures = together(sorted);
      known.set(key, figures);
      console.log(name, given, figures);
    }
    return figures;
  };
}

async function sort(
  { source, truth, background }: KnownRecording,
  parameters: SortingParameters
): Promise<Figures> {
  const before = process.cpuUsage();
  const { units } = await sortRecording({ source, parameters, pool, seed: 0 });
  const { user, system } = process.cpuUsage(before);
  const { samplingRateHz } = truth;
  const trains = units.map(({ spikeSamples }) => spikeSamples);
  const { trueUnits, wellDetected, falsePositive } = scoreSorting(truth, { samplingRateHz, trains });
  const unknown = falsePositive.map((unit) => trains[unit] ?? new Float64Array());
  return {
    accuracy: trueUnits.reduce((sum, unit) => sum + unit.accuracy, 0) / trueUnits.length,
    wellDetected: wellDetected.length,
    trueUnits: trueUnits.length,
    falsePositives: unknown.length - countFound(background, unknown),
    cpuSeconds: (user + system) / 1e6
  };
}

/** The figures of recordings that have equally many units. */
function together(sorted: readonly Figures[]): Figures {
  const sum = (of: (figures: Figures) => number) => sorted.reduce((total, one) => total + of(one), 0);
  return {
    accuracy: sum(({ accuracy }) => accuracy) / sorted.length,
    wellDetected: sum(({ wellDetected }) => wellDetected),
    trueUnits: sum(({ trueUnits }) => trueUnits),
    falsePositives: sum(({ falsePositives }) => falsePositives),
    cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds)
  };
}

function writeFigures(all: readonly Measured[]): void {
  mkdirSync(images, { recursive: true });
  const whole = chosen.length === sweeps.length;
  if (whole)
    for (const file of readdirSync(images)) if (/^parameter-.*\.svg$/.test(file)) rmSync(join(images, file));
  const plots = chosen.map((sweep) =>
    parameterPlot(
      sweep,
      all.filter(({ parameter }) => parameter === sweep.parameter)
    )
  );
  for (const { file, svg } of plots) writeFileSync(join(images, file), svg);
  if (whole) writeFileSync('docs/parameters-measured.md', parameterPage(all, plots));
}
