/** The built-in sorter as a job: reads the recording, sorts it, writes the result as NWB. */
import { TaggedError } from '#lib/model/errors.ts';
import { type JobOrder, type JobResult } from '../executors/executor.ts';

export interface EngineListeners {
  onProgress(progress: { stage: string; fraction: number; overall: number }): void;
  /** One line of console text. */
  log(line: string): void;
}

/** @throws TaggedError what is wrong with the input, the parameters or the machine */
export async function runBuiltinEngine(order: JobOrder, listeners: EngineListeners): Promise<JobResult> {
  listeners.log(`job ${order.identifier}`);
  throw new TaggedError('engine-unavailable', 'This version of the node cannot write results yet.');
}
