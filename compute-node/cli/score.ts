/** `dendro score`: the units of one NWB file compared with those of another, which are taken for the truth. */
import { parseArgs } from 'node:util';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { type UnitTimes } from '#lib/formats/nwb/read-sorting.ts';
import { type Score, scoreSorting } from '#lib/metrics/score.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { openFileSource } from '../platform/file-source.ts';
import { exitCode, InputRefused, UsageError } from './exit.ts';

interface ScoreCommand {
  truth: string;
  sorting: string;
  deltaMs: number;
  samplingRateHz: number | undefined;
  json: boolean;
}

/** Runs the command. @returns the exit code @throws UsageError, InputRefused */
export async function score(args: string[]): Promise<number> {
  const command = parseScoreOptions(args);
  const truth = await readUnits(command.truth);
  const sorting = await readUnits(command.sorting);
  const samplingRateHz = commonRate(command, truth, sorting);
  const compared = scoreSorting(trainsOf(truth, samplingRateHz), trainsOf(sorting, samplingRateHz), command);
  const report = scoreReport(compared, { truth, sorting, samplingRateHz, deltaMs: command.deltaMs });
  process.stdout.write(command.json ? `${JSON.stringify(report)}\n` : `${scoreTable(report)}\n`);
  return exitCode.done;
}

/** @throws UsageError naming what is wrong */
function parseScoreOptions(args: string[]): ScoreCommand {
  const { values, positionals } = parse(args);
  const [truth, sorting, ...extra] = positionals;
  if (truth === undefined || sorting === undefined)
    throw new UsageError('Name two NWB files: the truth, then the sorting.');
  if (extra.length > 0) throw new UsageError(`Two files are compared: "${extra.join(' ')}" is too much.`);
  const rate = values['sampling-rate'];
  return {
    ...{ truth, sorting },
    deltaMs: positive('--delta-ms', values['delta-ms'] ?? '0.4'),
    samplingRateHz: rate === undefined ? undefined : positive('--sampling-rate', rate),
    json: values.json === true
  };
}

function parse(args: string[]) {
  const option = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    return parseArgs({
      args,
      options: { 'delta-ms': option, 'sampling-rate': option, json: flag, verbose: flag },
      strict: true,
      allowPositionals: true
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value))
    throw new UsageError(`${name} takes a number above 0, not "${text}".`);
  return value;
}

async function readUnits(path: string): Promise<UnitTimes> {
  try {
    const file = await openFileSource(path);
    try {
      const nwb = await openNwb(file);
      try {
        const units = nwb.readUnitTimes();
        if (!units)
          throw new TaggedError(
            'nwb-no-units',
            `${path} has no units: choose an NWB file with a Units table`
          );
        return units;
      } finally {
        nwb.close();
      }
    } finally {
      file.close();
    }
  } catch (error) {
    throw new InputRefused(error);
  }
}

/** Rates that differ are of two recordings, or of one that was resampled: neither can be compared. */
function commonRate({ samplingRateHz }: ScoreCommand, truth: UnitTimes, sorting: UnitTimes): number {
  const said = [truth.samplingRateHz, sorting.samplingRateHz].filter((rate) => rate !== undefined);
  const rate = samplingRateHz ?? said[0];
  if (rate === undefined)
    throw new UsageError('Neither file says its sampling rate: give it with --sampling-rate HZ.');
  if (samplingRateHz === undefined && said.some((other) => Math.abs(other - rate) >= 0.001 * rate))
    throw new InputRefused(
      new TaggedError(
        'sampling-rates-differ',
        `The truth was sampled at ${String(said[0])} Hz and the sorting at ${String(said[1])} Hz: they are not of one recording. Give --sampling-rate HZ if they are.`
      )
    );
  return rate;
}

function trainsOf({ times }: UnitTimes, samplingRateHz: number): SpikeTrains {
  return {
    samplingRateHz,
    trains: times.map((train) => Float64Array.from(train, (time) => Math.round(time * samplingRateHz)))
  };
}

interface ReportedUnit {
  unit: number;
  spikes: number;
  /** The unit that stands for it, if one does. */
  match: number | null;
  /** Agreement with the match; 0 without one. */
  accuracy: number;
  truePositives: number;
  falseNegatives: number;
  falsePositives: number;
}

/** What is printed; units by what their file calls them. */
export interface ScoreReport {
  deltaMs: number;
  samplingRateHz: number;
  meanAccuracy: number;
  trueUnits: ReportedUnit[];
  sortedUnits: { unit: number; spikes: number; match: number | null; accuracy: number }[];
  wellDetected: number[];
  falsePositive: number[];
  redundant: number[];
  overmerged: number[];
}

function scoreReport(
  compared: Score,
  { truth, sorting, ...of }: { truth: UnitTimes; sorting: UnitTimes; samplingRateHz: number; deltaMs: number }
): ScoreReport {
  const nameIn =
    ({ ids }: UnitTimes) =>
    (unit: number) =>
      ids[unit] ?? unit;
  const [trueName, sortedName] = [nameIn(truth), nameIn(sorting)];
  const accuracies = compared.trueUnits.map(({ accuracy }) => accuracy);
  return {
    ...of,
    meanAccuracy:
      accuracies.length === 0 ? 0 : accuracies.reduce((sum, value) => sum + value, 0) / accuracies.length,
    trueUnits: compared.trueUnits.map(
      ({ match, accuracy, truePositives, falseNegatives, falsePositives }, unit) => ({
        unit: trueName(unit),
        spikes: truth.times[unit]?.length ?? 0,
        match: match ? sortedName(match.unit) : null,
        ...{ accuracy, truePositives, falseNegatives, falsePositives }
      })
    ),
    sortedUnits: compared.sortedUnits.map(({ match }, unit) => ({
      unit: sortedName(unit),
      spikes: sorting.times[unit]?.length ?? 0,
      match: match ? trueName(match.unit) : null,
      accuracy: match?.agreement ?? 0
    })),
    wellDetected: compared.wellDetected.map(sortedName),
    falsePositive: compared.falsePositive.map(sortedName),
    redundant: compared.redundant.map(sortedName),
    overmerged: compared.overmerged.map(sortedName)
  };
}

const columns = ['true unit', 'spikes', 'sorted unit', 'accuracy', 'found', 'missed', 'extra'];

function scoreTable(report: ScoreReport): string {
  const rows = report.trueUnits.map((unit) => [
    String(unit.unit),
    String(unit.spikes),
    unit.match === null ? '–' : String(unit.match),
    unit.accuracy.toFixed(3),
    String(unit.truePositives),
    String(unit.falseNegatives),
    String(unit.falsePositives)
  ]);
  const widths = columns.map((column, at) =>
    Math.max(column.length, ...rows.map((row) => (row[at] ?? '').length))
  );
  const line = (cells: string[]) => cells.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  ');
  const { trueUnits, sortedUnits, wellDetected, falsePositive, redundant, overmerged } = report;
  return [
    line(columns),
    ...rows.map(line),
    '',
    `${wellDetected.length} of ${trueUnits.length} true units well detected, mean accuracy ${report.meanAccuracy.toFixed(3)}`,
    `Of ${sortedUnits.length} sorted units: ${falsePositive.length} false positives, ${redundant.length} redundant, ${overmerged.length} overmerged`
  ].join('\n');
}
