/** Where a job runs. One kind now: a child process; others (containers, clusters) have the same shape. */
import * as v from 'valibot';
import { unitLabels } from '#lib/classifier/unit-classifier.ts';
import { featureNames } from '#lib/metrics/unit-features.ts';
import { ErrorRecord } from '#lib/model/errors.ts';
import { JobDefinition } from '#lib/model/processor.ts';

const path = v.pipe(v.string(), v.maxLength(4096));

/** Everything a job's process is told; written into its folder, so that a repeated run is the same run. */
export const JobOrder = v.object({
  definition: JobDefinition,
  /** Files of the inputs, in the definition's order: readable, and nothing else outside the folder is. */
  inputs: v.array(
    v.object({
      name: v.string(),
      path,
      fileName: v.string(),
      root: v.string(),
      /** Names the generator's specification: the result is then scored against its truth. */
      simulation: v.optional(v.string())
    })
  ),
  /** Scratch and outputs go here. */
  folder: path,
  workers: v.pipe(v.number(), v.integer(), v.minValue(1)),
  /** Identifies the run in its result. */
  identifier: v.string(),
  /** ms since 1970; in the result, so that equal runs give equal bytes. */
  createdAt: v.number()
});
export type JobOrder = v.InferOutput<typeof JobOrder>;

export const JobResult = v.object({
  outputs: v.array(v.object({ name: v.string(), path })),
  /** Figures for the job list, such as units and spikes. */
  summary: v.record(v.string(), v.pipe(v.number(), v.finite()))
});
export type JobResult = v.InferOutput<typeof JobResult>;

/** Units of one job that the node classifies. */
export const mostClassified = 20_000;

/** From the job's process to the node. */
export const ProcessMessage = v.variant('type', [
  v.object({
    type: v.literal('progress'),
    stage: v.pipe(v.string(), v.maxLength(256)),
    fraction: v.number(),
    overall: v.number()
  }),
  /** Asks for the classes of units, as the process may not load what tells them; NaN is null in JSON. */
  v.pipe(
    v.object({
      type: v.literal('classify'),
      features: v.pipe(v.array(v.nullable(v.number())), v.maxLength(mostClassified * featureNames.length)),
      unitCount: v.pipe(v.number(), v.integer(), v.minValue(0))
    }),
    v.check(({ features, unitCount }) => features.length === unitCount * featureNames.length)
  ),
  v.object({ type: v.literal('done'), result: JobResult }),
  v.object({ type: v.literal('failed'), error: ErrorRecord })
]);
export type ProcessMessage = v.InferOutput<typeof ProcessMessage>;

const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

/** From the node to the job's process: the answer to `classify`. */
export const ProcessAnswer = v.variant('type', [
  v.object({
    type: v.literal('classes'),
    classes: v.array(
      v.object({ label: v.picklist(unitLabels), probabilities: v.tuple([share, share, share]) })
    )
  }),
  v.object({ type: v.literal('unclassified'), error: ErrorRecord })
]);
export type ProcessAnswer = v.InferOutput<typeof ProcessAnswer>;

export interface RunListeners {
  onProgress(progress: { stage: string; fraction: number; overall: number }): void;
  onConsole(lines: string[]): void;
  /** The process that runs it, once started. */
  onProcess(process: { pid: number; startTicks: string }): void;
}

export interface Executor {
  /**
   * Runs a job to its end; nothing of it runs any more when the promise settles.
   * @throws TaggedError what the job says; `job-crashed` when its process ended without a word; the signal's reason
   */
  run(order: JobOrder, listeners: RunListeners, signal: AbortSignal): Promise<JobResult>;
}
