/** `dendro sort`: one recording in, one NWB file out, without a browser. */
import { stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import * as v from 'valibot';
import { type ContentRoot, FileId } from '#lib/model/ids.ts';
import { mergeMetadata, type SessionMetadata } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { hashDefinition } from '#lib/project/canonical-json.ts';
import { engineProcessor, resolveParameters, type SortingParameters } from '#lib/sorting/parameters.ts';
import { sortToNwb } from '../apps/sort-to-nwb.ts';
import { fileContentRoot } from '../platform/file-content-root.ts';
import { writeFileWhole } from '../platform/file-source.ts';
import { nodeUnitClassifier } from '../platform/unit-classifier.ts';
import { version } from '../version.ts';
import { exitCode, UsageError } from './exit.ts';
import { readMetadata } from './metadata.ts';
import { progressReporter, type ProgressReporter } from './progress.ts';
import { openInput, type SortInput } from './sort-input.ts';
import { parseSortOptions, type SortOptions } from './sort-options.ts';
import { type StageClock, stageClock } from './stage-clock.ts';

interface Run {
  options: SortOptions;
  parameters: SortingParameters;
  metadata: SessionMetadata;
  input: SortInput;
  signal: AbortSignal;
  reporter: ProgressReporter;
  clock: StageClock;
}

/** Runs the command. @returns the exit code @throws what errorLines() in exit.ts turns into words */
export async function runSort(args: string[]): Promise<number> {
  const began = performance.now();
  const options = parseSortOptions(args);
  const parameters = resolveParameters(options.parameters);
  await checkOutput(options);
  const metadata = options.metadataPath === undefined ? {} : await readMetadata(options.metadataPath);
  const interruption = abortOnSignals();
  const input = await openInput(options);
  const reporter = progressReporter(process.stderr);
  const clock = stageClock(() => performance.now());
  const { signal } = interruption;
  try {
    for (const note of input.notes) process.stderr.write(`${note}\n`);
    const { sorting, bytes } = await sortInput({
      options,
      parameters,
      metadata,
      input,
      signal,
      reporter,
      clock
    });
    signal.throwIfAborted();
    await writeFileWhole(options.output, bytes);
    reporter.finish();
    report({
      options,
      sorting,
      parameters,
      stages: clock.finish(),
      seconds: (performance.now() - began) / 1000
    });
    return exitCode.done;
  } finally {
    reporter.finish();
    interruption.release();
    await input.close();
  }
}

async function sortInput(run: Run): Promise<{ sorting: Sorting; bytes: Uint8Array }> {
  const { options, parameters, input, signal, reporter, clock } = run;
  clock.enter('hash');
  const root = await fileContentRoot(input.file, {
    signal,
    onProgress: (done) => reporter.update({ stage: 'hash', fraction: done / input.file.size, overall: 0 })
  });
  const { selection, name, source } = input;
  return sortToNwb({
    source,
    parameters,
    seed: options.seed,
    workers: options.workers,
    signal,
    onProgress: (progress) => {
      clock.enter(progress.stage);
      reporter.update(progress);
    },
    onNote: (line) => process.stderr.write(`${line}\n`),
    openClassifier: nodeUnitClassifier,
    result: {
      metadata: mergeMetadata(input.metadata, run.metadata),
      source: {
        name,
        size: input.file.size,
        root,
        ...(selection.format === 'nwb' ? { seriesPath: selection.seriesPath } : {})
      },
      definitionHash: await hashRun(run, root),
      fileCreateDate: createDate(),
      ...(input.firstSample > 0 ? { firstSample: input.firstSample } : {}),
      ...linkToSource(options, selection)
    }
  });
}

/** The hash that a job of the same work would have; the input is named by its content, as there is no file id. */
function hashRun({ options, parameters, input }: Run, root: ContentRoot): Promise<string> {
  const { samplingRateHz, sampleCount, probe } = input.source.info;
  const window = options.window ? { firstSample: input.firstSample, sampleCount, samplingRateHz } : {};
  return hashDefinition({
    app: engineProcessor.app,
    processor: engineProcessor.name,
    version: engineProcessor.version,
    inputs: [
      {
        name: 'recording',
        file: v.parse(FileId, root.slice(0, 32)),
        selection: input.selection,
        ...(options.probePath === undefined ? {} : { probe: JSON.stringify(probe) })
      }
    ],
    outputs: [{ name: 'sorting', file: v.parse(FileId, root.slice(0, 32)), fileName: 'sorting.nwb' }],
    parameters: { ...parameters, ...window },
    seed: options.seed,
    resources: engineProcessor.resources
  });
}

/** A result beside its NWB input links to the series it was made from. */
function linkToSource(options: SortOptions, selection: SortInput['selection']) {
  const beside = dirname(resolve(options.recording)) === dirname(resolve(options.output));
  if (selection.format !== 'nwb' || !beside) return {};
  return { externalLink: { file: `./${basename(options.recording)}`, target: selection.seriesPath } };
}

/** Now, or SOURCE_DATE_EPOCH (seconds since 1970), as reproducible builds have it. */
function createDate(): string {
  const epoch = process.env.SOURCE_DATE_EPOCH;
  if (epoch === undefined || epoch === '') return new Date().toISOString().replace('Z', '+00:00');
  if (!/^\d{1,12}$/.test(epoch))
    throw new UsageError(`SOURCE_DATE_EPOCH is seconds since 1970, not "${epoch}".`);
  return new Date(Number(epoch) * 1000).toISOString().replace('Z', '+00:00');
}

/** A result that cannot be written is said before the work, not after it. */
async function checkOutput({ recording, output }: SortOptions): Promise<void> {
  const folder = dirname(resolve(output));
  const folderStat = await stat(folder).catch(() => undefined);
  if (!folderStat?.isDirectory())
    throw new UsageError(`There is no folder ${folder} to write the result to.`);
  const outputStat = await stat(output).catch(() => undefined);
  if (outputStat?.isDirectory()) throw new UsageError(`${output} is a folder: name a file in it.`);
  const inputStat = await stat(recording).catch(() => undefined);
  if (inputStat && outputStat && inputStat.ino === outputStat.ino && inputStat.dev === outputStat.dev)
    throw new UsageError(`${basename(output)} is the recording itself: give the result another name.`);
}

/** The first SIGINT or SIGTERM stops the work and cleans up; a second one ends the process at once. */
function abortOnSignals(): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const stop = () => {
    if (controller.signal.aborted) process.exit(exitCode.interrupted);
    controller.abort();
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return { signal: controller.signal, release: () => process.off('SIGINT', stop).off('SIGTERM', stop) };
}

function report(outcome: {
  options: SortOptions;
  sorting: Sorting;
  stages: Record<string, number>;
  parameters: SortingParameters;
  seconds: number;
}): void {
  const { options, sorting, stages, parameters, seconds } = outcome;
  const units = sorting.units.length;
  const spikes = sorting.units.reduce((sum, { spikeSamples }) => sum + spikeSamples.length, 0);
  if (!options.json) {
    process.stdout.write(`${units} units, ${spikes} spikes in ${options.output} (${seconds.toFixed(1)} s)\n`);
    return;
  }
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6;
  const peakMemoryBytes = maxRSS * 1024;
  const summary = { units, spikes, seconds, cpuSeconds, peakMemoryBytes, stages, parameters, version };
  process.stdout.write(`${JSON.stringify(summary)}\n`);
}
