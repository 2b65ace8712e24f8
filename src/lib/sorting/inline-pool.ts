/** A pool without workers: tasks run where they are asked for, on copies as in a worker. For tests and short windows. */
import { type WorkerPool } from '../model/engine.ts';
import { type SortingTasks, runSortingTask } from './tasks.ts';

export function inlinePool(): WorkerPool<SortingTasks> {
  return {
    size: 1,
    run: async (name, input, options) => {
      options?.signal?.throwIfAborted();
      return runSortingTask(name, input);
    },
    close: async () => {}
  };
}
