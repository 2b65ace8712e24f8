/** The program of a job's process: reads its order, runs the app, tells the node, and ends when the node has ended. */
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { toErrorRecord } from '#lib/model/errors.ts';
import { runBuiltinEngine } from '../apps/builtin-engine.ts';
import { JobOrder, type ProcessMessage } from './executor.ts';

process.on('disconnect', () => process.exit(1));

function tell(message: ProcessMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

async function main(): Promise<void> {
  const order = v.parse(JobOrder, JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
  const result = await runBuiltinEngine(order, {
    onProgress: (progress) => void tell({ type: 'progress', ...progress }),
    log: (line) => process.stdout.write(`${line}\n`)
  });
  await tell({ type: 'done', result });
}

main().then(
  () => process.exit(0),
  async (error: unknown) => {
    await tell({ type: 'failed', error: toErrorRecord(error) });
    process.exit(1);
  }
);
