/** Runs the engine's tasks in web workers: as many at a time as the pool has workers, the rest in turn. */
import { type WorkerPool } from '#lib/model/engine.ts';
import { type ErrorRecord, fromErrorRecord, TaggedError } from '#lib/model/errors.ts';
import { type SortingTasks } from '#lib/sorting/tasks.ts';

export interface TaskRequest {
  name: keyof SortingTasks & string;
  input: unknown;
}
export type TaskAnswer = { ok: true; output: unknown } | { ok: false; error: ErrorRecord };

interface Waiting extends TaskRequest {
  transfer: ArrayBuffer[];
  resolve(output: unknown): void;
  reject(reason: unknown): void;
}

/** Must be closed: its workers live until then. */
export function taskWorkerPool(size: number): WorkerPool<SortingTasks> {
  const idle: Worker[] = [];
  const running = new Map<Worker, Waiting>();
  const queue: Waiting[] = [];
  let closed = false;

  function take(): Worker | undefined {
    const worker = idle.pop();
    if (worker || running.size >= size) return worker;
    const made = new Worker(new URL('./sorting-task.ts', import.meta.url), {
      type: 'module',
      name: 'sorting-task'
    });
    made.addEventListener('message', (event: MessageEvent<TaskAnswer>) => settle(made, event.data));
    made.addEventListener('error', (event) => {
      event.preventDefault();
      running
        .get(made)
        ?.reject(new TaggedError('worker-failed', event.message || 'a sorting worker stopped'));
      running.delete(made);
      made.terminate();
      next();
    });
    return made;
  }

  function settle(worker: Worker, answer: TaskAnswer): void {
    const task = running.get(worker);
    running.delete(worker);
    if (!closed) idle.push(worker);
    if (answer.ok) task?.resolve(answer.output);
    else task?.reject(fromErrorRecord(answer.error));
    next();
  }

  function next(): void {
    while (queue.length > 0 && !closed) {
      const worker = take();
      if (!worker) return;
      const task = queue.shift();
      if (!task) return;
      running.set(worker, task);
      const request: TaskRequest = { name: task.name, input: task.input };
      worker.postMessage(request, task.transfer);
    }
  }

  return {
    size,
    run(name, input, options = {}) {
      return new Promise((resolve, reject) => {
        options.signal?.throwIfAborted();
        if (closed) throw new TaggedError('aborted', 'the worker pool is closed');
        queue.push({
          name,
          input,
          transfer: options.transfer ?? [],
          resolve: (output) => resolve(output as never),
          reject
        });
        next();
      });
    },
    close() {
      closed = true;
      const reason = new TaggedError('aborted', 'the worker pool was closed');
      for (const task of [...queue.splice(0), ...running.values()]) task.reject(reason);
      for (const worker of [...idle, ...running.keys()]) worker.terminate();
      running.clear();
      return Promise.resolve();
    }
  };
}
