/** Sorts a recording and makes the NWB file of the result: what the command line and the built-in app both do. */
import { classifySorting } from '#lib/classifier/classify-sorting.ts';
import { type UnitClassifier } from '#lib/classifier/unit-classifier.ts';
import { writeNwb, type WriteNwbOptions } from '#lib/formats/nwb/write-nwb.ts';
import { type Scratch, type StageProgress } from '#lib/model/engine.ts';
import { toErrorRecord } from '#lib/model/errors.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { engineProcessor, type SortingParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { polarityHint } from '#lib/sorting/polarity.ts';
import { sortingPool } from '../platform/worker-pool.ts';

export interface SortToNwbOptions {
  source: TraceSource;
  parameters: SortingParameters;
  seed: number;
  workers: number;
  /** Where finished stages are kept, so that a killed run goes on from there. */
  scratch?: Scratch;
  signal?: AbortSignal;
  onProgress(progress: StageProgress): void;
  /** What the user should know of the result, one line. */
  onNote(line: string): void;
  /** Tells units apart after the sort; where it fails the result has no classes. */
  openClassifier(): Promise<UnitClassifier>;
  /** What the result says of itself. */
  result: Pick<WriteNwbOptions, 'metadata' | 'source' | 'fileCreateDate' | 'externalLink'> & {
    definitionHash: string;
    jobId?: string;
    firstSample?: number;
  };
}

/** @returns the sorting and the bytes of its NWB file; equal arguments give equal bytes */
export async function sortToNwb(options: SortToNwbOptions): Promise<{ sorting: Sorting; bytes: Uint8Array }> {
  const { source, parameters, seed, result, onProgress } = options;
  const sorting = await withClasses(await sortInPool(options), options);
  onProgress({ stage: 'write', fraction: 0, overall: 1 });
  const { definitionHash, jobId, firstSample, ...described } = result;
  const bytes = await writeNwb({
    ...described,
    recording: source.info,
    sorting,
    provenance: {
      definitionHash,
      parameters: { ...parameters },
      seed,
      engine: `${engineProcessor.app} ${engineProcessor.name}`,
      engineVersion: engineProcessor.version,
      ...(jobId === undefined ? {} : { jobId }),
      ...(firstSample === undefined ? {} : { firstSample })
    }
  });
  return { sorting, bytes };
}

/** The threads end with the sort: their memory is not there twice while the file is written. */
async function sortInPool(options: SortToNwbOptions): Promise<Sorting> {
  const { source, parameters, seed, scratch, signal, onProgress, onNote } = options;
  const pool = sortingPool({ size: options.workers });
  try {
    const sorting = await sortRecording({ source, parameters, pool, scratch, seed, signal, onProgress });
    const hint = await polarityHint({ source, parameters, sorting, pool, signal });
    if (hint !== undefined) onNote(hint);
    return sorting;
  } finally {
    await pool.close();
  }
}

async function withClasses(
  sorting: Sorting,
  { openClassifier, onNote }: Pick<SortToNwbOptions, 'openClassifier' | 'onNote'>
): Promise<Sorting> {
  try {
    return await classifySorting(sorting, await openClassifier());
  } catch (error) {
    onNote(`The units have no classes: ${toErrorRecord(error).message}.`);
    return sorting;
  }
}
