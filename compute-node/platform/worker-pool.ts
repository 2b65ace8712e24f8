/** The engine's worker pool over Node's worker threads. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { type WorkerPool } from '#lib/model/engine.ts';
import { type ErrorRecord, TaggedError, fromErrorRecord } from '#lib/model/errors.ts';
import { type SortingTasks } from '#lib/sorting/tasks.ts';

type TaskName = keyof SortingTasks;

export interface TaskRequest {
  id: number;
  name: TaskName;
  input: SortingTasks[TaskName]['input'];
}

export type TaskAnswer = { id: number } & (
  { output: SortingTasks[TaskName]['output']; error?: undefined } | { error: ErrorRecord }
);

interface PendingTask {
  request: TaskRequest;
  transfer: ArrayBuffer[];
  resolve: (output: never) => void;
  reject: (error: unknown) => void;
}

interface Thread {
  worker: Worker;
  task: PendingTask | undefined;
}

/** Tasks make few objects: their memory is traces. */
const maxYoungGenerationSizeMb = 12;

/** The source runs as it is; the package's bundle has the worker beside it (scripts/bundle-node.js). */
const workerUrl = new URL(
  import.meta.url.endsWith('.ts') ? './sorting-worker.ts' : './sorting-worker.js',
  import.meta.url
);

/** A pool of `size` threads (by default one a processor), which start when first needed and end with `close`. */
export function sortingPool({
  size = availableParallelism()
}: { size?: number } = {}): WorkerPool<SortingTasks> {
  return new ThreadPool(Math.max(1, Math.floor(size)));
}

class ThreadPool implements WorkerPool<SortingTasks> {
  readonly size: number;
  readonly #threads: Thread[] = [];
  readonly #queue: PendingTask[] = [];
  #nextId = 0;
  #closed = false;

  constructor(size: number) {
    this.size = size;
  }

  run<Name extends TaskName>(
    name: Name,
    input: SortingTasks[Name]['input'],
    options: { transfer?: ArrayBuffer[]; signal?: AbortSignal } = {}
  ): Promise<SortingTasks[Name]['output']> {
    const { transfer = [], signal } = options;
    if (this.#closed) return Promise.reject(new TaggedError('pool-closed', 'The worker pool is closed.'));
    if (signal?.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
      const task: PendingTask = { request: { id: this.#nextId++, name, input }, transfer, resolve, reject };
      const abandon = () => {
        // A task that runs is let finish: it is short, and the thread is needed again.
        const at = this.#queue.indexOf(task);
        if (at >= 0) this.#queue.splice(at, 1);
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abandon, { once: true });
      const settled = () => signal?.removeEventListener('abort', abandon);
      task.resolve = (output) => (settled(), resolve(output));
      task.reject = (error) => (settled(), reject(error));
      this.#queue.push(task);
      this.#startNext();
    });
  }

  /** Ends the threads that have no task; new ones start when they are needed. */
  async rest(): Promise<void> {
    const idle = this.#threads.filter(({ task }) => !task);
    for (const thread of idle) this.#threads.splice(this.#threads.indexOf(thread), 1);
    await Promise.all(idle.map(({ worker }) => worker.terminate()));
  }

  async close(): Promise<void> {
    this.#closed = true;
    const error = new TaggedError('pool-closed', 'The worker pool was closed.');
    for (const task of this.#queue.splice(0)) task.reject(error);
    for (const thread of this.#threads) thread.task?.reject(error);
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #startNext(): void {
    const thread = this.#threads.find(({ task }) => !task) ?? this.#addThread();
    if (!thread) return;
    const task = this.#queue.shift();
    if (!task) return;
    thread.task = task;
    try {
      thread.worker.postMessage(task.request, task.transfer);
    } catch (error) {
      thread.task = undefined;
      task.reject(error);
    }
  }

  #addThread(): Thread | undefined {
    if (this.#threads.length >= this.size || this.#queue.length === 0) return undefined;
    const worker = new Worker(workerUrl, { resourceLimits: { maxYoungGenerationSizeMb } });
    const thread: Thread = { worker, task: undefined };
    thread.worker.on('message', (answer: TaskAnswer) => this.#finish(thread, answer));
    thread.worker.on('error', (error) => this.#lose(thread, error));
    thread.worker.on('exit', (code) => this.#lose(thread, new Error(`exit code ${code}`)));
    this.#threads.push(thread);
    return thread;
  }

  #finish(thread: Thread, answer: TaskAnswer): void {
    const { task } = thread;
    thread.task = undefined;
    if (answer.error) task?.reject(fromErrorRecord(answer.error));
    else task?.resolve(answer.output as never);
    this.#startNext();
  }

  /** A thread that ended by itself fails its task; the next task gets a new thread. */
  #lose(thread: Thread, cause: unknown): void {
    const at = this.#threads.indexOf(thread);
    if (at < 0) return;
    this.#threads.splice(at, 1);
    thread.task?.reject(
      new TaggedError('worker-failed', 'A worker thread of the sorter ended unexpectedly.', {}, { cause })
    );
    this.#startNext();
  }
}
