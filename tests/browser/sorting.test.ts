import { expect, it } from 'vitest';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { taskWorkerPool } from '../../src/workers/task-worker-pool.ts';
import { digestOf, shortDigest, shortRecording } from '../fixtures/sorting/short-recording.ts';

it(
  'sorts to the same bits in Chromium as in Node, alone and with three workers',
  { timeout: 60_000 },
  async () => {
    const { source } = await shortRecording();
    const parameters = resolveParameters();
    const alone = await sortRecording({ source, parameters, pool: inlinePool(), seed: 5 });
    expect(await digestOf(alone)).toBe(shortDigest);
    const pool = taskWorkerPool(3);
    try {
      expect(await digestOf(await sortRecording({ source, parameters, pool, seed: 5 }))).toBe(shortDigest);
    } finally {
      await pool.close();
    }
  }
);
