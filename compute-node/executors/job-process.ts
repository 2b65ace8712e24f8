/** The program of a job's process: reads its order, runs the app, tells the node, and ends when the node has ended. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import * as v from 'valibot';
import { type UnitClassifier } from '#lib/classifier/unit-classifier.ts';
import { fromErrorRecord, toErrorRecord } from '#lib/model/errors.ts';
import { runBuiltinEngine } from '../apps/builtin-engine.ts';
import { JobOrder, ProcessAnswer, type ProcessMessage, mostClassified } from './executor.ts';

process.on('disconnect', () => process.exit(1));

function tell(message: ProcessMessage): Promise<void> {
  return new Promise((resolve) => {
    if (process.send) process.send(message, undefined, undefined, () => resolve());
    else resolve();
  });
}

/** The node's classifier, asked over the process's channel. */
const classifierOfNode: UnitClassifier = {
  async classify(features, unitCount) {
    // The node would not take such a message, and so never answer it.
    if (unitCount > mostClassified) throw new Error(`${unitCount} units are more than ${mostClassified}`);
    const answered = once(process, 'message');
    const values = Array.from(features, (value) => (Number.isNaN(value) ? null : value));
    await tell({ type: 'classify', features: values, unitCount });
    const [message] = (await answered) as [unknown];
    const answer = v.parse(ProcessAnswer, message);
    if (answer.type === 'unclassified') throw fromErrorRecord(answer.error);
    return answer.classes;
  }
};

async function main(): Promise<void> {
  const order = v.parse(JobOrder, JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')));
  const result = await runBuiltinEngine(order, {
    onProgress: (progress) => void tell({ type: 'progress', ...progress }),
    log: (line) => process.stdout.write(`${line}\n`),
    openClassifier: () => Promise.resolve(classifierOfNode)
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
