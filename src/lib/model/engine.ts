/** What the sorting engine needs from where it runs: workers for its tasks and a place to spill to. */

/** A worker-safe task set: name → input and output. Inputs and outputs are structured-clonable. */
export type TaskMap = Record<string, { input: unknown; output: unknown }>;

/**
 * Runs pure tasks, at most `size` at a time, in any order. Results never depend on the number of workers: callers
 * reduce them in a fixed order.
 */
export interface WorkerPool<Tasks extends TaskMap> {
  readonly size: number;
  run<Name extends keyof Tasks & string>(
    name: Name,
    input: Tasks[Name]['input'],
    options?: { transfer?: ArrayBuffer[]; signal?: AbortSignal }
  ): Promise<Tasks[Name]['output']>;
  /** Gives the memory of idle workers back until the next task, where that can be done. */
  rest?(): Promise<void>;
  close(): Promise<void>;
}

/** Spill space of one run: named byte blobs that outlive a kill until the run is finished. */
export interface Scratch {
  write(name: string, bytes: Uint8Array): Promise<void>;
  read(name: string): Promise<Uint8Array | undefined>;
  remove(): Promise<void>;
}

/** Progress of a pipeline: which stage, and how far it is, from 0 to 1. */
export interface StageProgress {
  stage: string;
  /** 0 at the start of the stage, 1 at its end. */
  fraction: number;
  /** Whole run, from 0 to 1. */
  overall: number;
}
