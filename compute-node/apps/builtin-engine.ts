/** The built-in sorter as a job: reads the recording, sorts it, writes the result as NWB. */
import { rename, writeFile } from 'node:fs/promises';
import * as v from 'valibot';
import { type UnitClassifier } from '#lib/classifier/unit-classifier.ts';
import { openRecording } from '#lib/formats/open-recording.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { scoreSorting } from '#lib/metrics/score.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type JobDefinition } from '#lib/model/processor.ts';
import { mergeMetadata, Probe, SessionMetadata } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { hashDefinition } from '#lib/project/canonical-json.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { type JobOrder, type JobResult } from '../executors/executor.ts';
import { type FileSource, openFileSource } from '../platform/file-source.ts';
import { folderScratch } from '../platform/scratch.ts';
import { sortToNwb } from './sort-to-nwb.ts';

export interface EngineListeners {
  onProgress(progress: { stage: string; fraction: number; overall: number }): void;
  /** One line of console text. */
  log(line: string): void;
  openClassifier(): Promise<UnitClassifier>;
}

type JobInput = JobDefinition['inputs'][number];

/** @throws TaggedError what is wrong with the input, the parameters or the machine */
export async function runBuiltinEngine(order: JobOrder, listeners: EngineListeners): Promise<JobResult> {
  const { definition } = order;
  const [input] = definition.inputs;
  const [given] = order.inputs;
  const [output] = definition.outputs;
  if (!input?.selection || !given || !output)
    throw new TaggedError('job-invalid', 'The job names no recording, or does not say how to read it.');
  const parameters = resolveParameters(definition.parameters);
  const file = await openFileSource(given.path, { noFollow: true });
  try {
    const recording = await openRecording(file, input.selection, parseJson(Probe, input.probe));
    describe(recording.info, listeners);
    const began = performance.now();
    const { sorting, bytes } = await sortToNwb({
      source: recording,
      parameters,
      seed: definition.seed,
      workers: order.workers,
      scratch: folderScratch(`${order.folder}/scratch`),
      onProgress: listeners.onProgress,
      onNote: listeners.log,
      openClassifier: listeners.openClassifier,
      result: {
        metadata: await resultMetadata(file, input),
        source: {
          name: given.fileName,
          size: file.size,
          ...(input.selection.format === 'nwb' ? { seriesPath: input.selection.seriesPath } : {}),
          root: given.root as never
        },
        definitionHash: await hashDefinition(definition),
        jobId: order.identifier,
        fileCreateDate: new Date(order.createdAt).toISOString().replace('Z', '+00:00')
      }
    });
    recording.close();
    const path = `${order.folder}/${output.name}.nwb`;
    await writeFile(`${path}.partial`, bytes);
    await rename(`${path}.partial`, path);
    const summary = { ...summarize(sorting, given.simulation), seconds: (performance.now() - began) / 1000 };
    listeners.log(`${summary.units} units, ${summary.spikes} spikes, ${summary.seconds.toFixed(1)} s`);
    return { outputs: [{ name: output.name, path }], summary };
  } finally {
    file.close();
  }
}

function describe(
  {
    channelCount,
    sampleCount,
    samplingRateHz,
    probe
  }: { channelCount: number; sampleCount: number; samplingRateHz: number; probe: Probe },
  { log }: EngineListeners
): void {
  log(`${channelCount} channels, ${(sampleCount / samplingRateHz).toFixed(1)} s at ${samplingRateHz} Hz`);
  if (probe.origin === 'assumed')
    log('no channel positions known: the channels stand in one column at 20 µm');
}

/** What the submitter told goes before what an NWB input says of itself. */
async function resultMetadata(file: FileSource, input: JobInput): Promise<SessionMetadata> {
  const told = parseJson(SessionMetadata, input.metadata) ?? {};
  if (input.selection?.format !== 'nwb') return told;
  const nwb = await openNwb(file);
  const own = nwb.metadata;
  nwb.close();
  return mergeMetadata(own, told);
}

function parseJson<Schema extends v.GenericSchema>(
  schema: Schema,
  text: string | undefined
): v.InferOutput<Schema> | undefined {
  if (text === undefined) return undefined;
  try {
    return v.parse(schema, JSON.parse(text));
  } catch (cause) {
    throw new TaggedError(
      'job-invalid',
      'The job holds a probe or metadata that cannot be read.',
      {},
      { cause }
    );
  }
}

/** Figures for the job list; against the truth where the recording is a generated one. */
function summarize(
  sorting: Sorting,
  simulation: string | undefined
): Record<'units' | 'spikes', number> & Record<string, number> {
  const trains = sorting.units.map(({ spikeSamples }) => spikeSamples);
  const figures = { units: trains.length, spikes: trains.reduce((sum, { length }) => sum + length, 0) };
  if (simulation !== demonstrationSpec.name) return figures;
  const { truth } = generateRecording(demonstrationSpec);
  const { wellDetected } = scoreSorting(truth, { samplingRateHz: sorting.samplingRateHz, trains });
  return { ...figures, trueUnits: truth.trains.length, trueUnitsFound: wellDetected.length };
}
