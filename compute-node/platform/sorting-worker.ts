/** One thread of the engine's pool: runs pure tasks, one after the other. */
import { parentPort } from 'node:worker_threads';
import { toErrorRecord } from '#lib/model/errors.ts';
import { runOwnTask, transferables } from '#lib/sorting/tasks.ts';
import { type TaskAnswer, type TaskRequest } from './worker-pool.ts';

const port = parentPort;
if (!port) throw new Error('This is a worker thread; it is started by the worker pool.');

port.on('message', ({ id, name, input }: TaskRequest) => {
  try {
    const output = runOwnTask(name, input);
    const answer: TaskAnswer = { id, output };
    port.postMessage(answer, transferables(name, output));
  } catch (error) {
    const answer: TaskAnswer = { id, error: toErrorRecord(error) };
    port.postMessage(answer);
  }
});
