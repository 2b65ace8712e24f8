/** One worker of the engine's pool: runs pure tasks, one after the other. */
import { toErrorRecord } from '#lib/model/errors.ts';
import { runOwnTask, transferables } from '#lib/sorting/tasks.ts';
import { type TaskAnswer, type TaskRequest } from './task-worker-pool.ts';

function answer({ name, input }: TaskRequest): { answer: TaskAnswer; transfer: ArrayBuffer[] } {
  try {
    const output = runOwnTask(name, input as never);
    return { answer: { ok: true, output }, transfer: transferables(name, output) };
  } catch (error) {
    return { answer: { ok: false, error: toErrorRecord(error) }, transfer: [] };
  }
}

if ('DedicatedWorkerGlobalScope' in globalThis)
  addEventListener('message', (event: MessageEvent<TaskRequest>) => {
    const { answer: message, transfer } = answer(event.data);
    postMessage(message, { transfer });
  });
