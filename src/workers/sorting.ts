/**
 * Sorts a recording in a worker, with helpers of its own for the stages' tasks, and writes the result as a file. Ending
 * the worker cancels the sort.
 */
import { expose, transfer } from 'comlink';
import { classifySorting } from '#lib/classifier/classify-sorting.ts';
import { type ResultSource } from '#lib/formats/nwb/write-nwb.ts';
import { type Scratch, type StageProgress } from '#lib/model/engine.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ParameterValue } from '#lib/model/processor.ts';
import { type SessionMetadata } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { engineProcessor, resolveParameters } from '#lib/sorting/parameters.ts';
import { keepSamples } from '#lib/simulation/kept-source.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { polarityHint } from '#lib/sorting/polarity.ts';
import { installErrorTransfer } from './error-transfer.ts';
import { openOrigin, type OpenedOrigin, type RecordingOrigin } from './recording-origin.ts';
import { withScratch } from './run-scratch.ts';
import { taskWorkerPool } from './task-worker-pool.ts';
import { compareWithTruth, type TruthComparison } from './truth-comparison.ts';

export type { TruthComparison } from './truth-comparison.ts';

export interface SortRequest {
  origin: RecordingOrigin;
  parameters: Record<string, ParameterValue>;
  seed: number;
  /** Workers that run tasks; they end with the sort. */
  workers: number;
}
export interface SortOutcome {
  sorting: Sorting;
  /** What to try where the sort seems to have looked for spikes of the wrong sign. */
  hint: string | undefined;
  /** Only of a generated recording. */
  truth: TruthComparison | undefined;
  /** Wall time of the sort. */
  seconds: number;
}

/** The last finished sort, for its export. */
let finished: { opened: OpenedOrigin; request: SortRequest; sorting: Sorting } | undefined;

const api = {
  async sort(request: SortRequest, onProgress: (progress: StageProgress) => void): Promise<SortOutcome> {
    const parameters = resolveParameters(request.parameters);
    const opened = await openOrigin(request.origin);
    const { truth } = opened;
    // A sort reads its recording more than twice, and generating costs more than keeping.
    const source = request.origin.kind === 'demonstration' ? keepSamples(opened.source) : opened.source;
    const pool = taskWorkerPool(request.workers);
    const started = performance.now();
    try {
      const sort = (scratch?: Scratch) =>
        sortRecording({ source, parameters, pool, scratch, seed: request.seed, onProgress });
      const found = await (request.origin.kind === 'demonstration'
        ? sort()
        : withScratch(await runName(request, request.origin.file), sort));
      const sorting = await withClasses(found);
      const seconds = (performance.now() - started) / 1000;
      finished = { opened, request, sorting };
      const hint = await polarityHint({ source, parameters, sorting, pool });
      return { sorting, hint, truth: truth && compareWithTruth(truth, sorting), seconds };
    } finally {
      await pool.close();
    }
  },

  /** The finished sorting as the bytes of an NWB file. */
  async exportNwb(metadata: SessionMetadata): Promise<Uint8Array<ArrayBuffer>> {
    if (!finished) throw new TaggedError('sorting-missing', 'nothing has been sorted in this worker');
    const { opened, request, sorting } = finished;
    const { writeNwb } = await import('#lib/formats/nwb/write-nwb.ts');
    const parameters = resolveParameters(request.parameters);
    const bytes = await writeNwb({
      recording: opened.source.info,
      sorting,
      metadata,
      source: sourceOf(request.origin),
      provenance: {
        definitionHash: await hashRequest(request),
        parameters: { ...parameters },
        seed: request.seed,
        engine: `${engineProcessor.app} ${engineProcessor.name}`,
        engineVersion: engineProcessor.version
      },
      fileCreateDate: new Date().toISOString().replace('Z', '+00:00')
    });
    return transfer(bytes as Uint8Array<ArrayBuffer>, [bytes.buffer as ArrayBuffer]);
  }
};
export type SortingApi = typeof api;

/** Units without classes are worth showing too: what went wrong stands in the console. */
async function withClasses(sorting: Sorting): Promise<Sorting> {
  try {
    const { webUnitClassifier } = await import('./unit-classifier.ts');
    return await classifySorting(sorting, await webUnitClassifier());
  } catch (error) {
    console.warn('The units have no classes:', error);
    return sorting;
  }
}

function sourceOf(origin: RecordingOrigin): ResultSource {
  if (origin.kind === 'demonstration') return { name: 'demonstration', size: 0 };
  const { name, file, selection } = origin;
  const seriesPath = selection.format === 'nwb' ? { seriesPath: selection.seriesPath } : {};
  return { name, size: file.size, ...seriesPath };
}

/** The same for the same file, parameters and seed. */
async function runName(request: SortRequest, file: Blob): Promise<string> {
  const changed = file instanceof File ? file.lastModified : 0;
  return `${await hashRequest(request)}-${changed}`;
}

/** Names what was asked for: equal requests give equal results. */
async function hashRequest({ origin, parameters, seed }: SortRequest): Promise<string> {
  const asked = JSON.stringify({ source: sourceOf(origin), parameters, seed });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(asked)));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

if ('DedicatedWorkerGlobalScope' in globalThis) {
  installErrorTransfer();
  expose(api);
}
