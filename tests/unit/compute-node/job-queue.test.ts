import { describe, expect, test } from 'vitest';
import { type JobId, type ProjectId } from '#lib/model/ids.ts';
import { JobQueue } from '../../../compute-node/queue/job-queue.ts';

const key = { project: 'ab'.repeat(32) as ProjectId, job: 'cd'.repeat(16) as JobId, attempt: 1 };

function queueWithAttempt(): JobQueue {
  const queue = new JobQueue(':memory:');
  queue.take(key, 1000);
  return queue;
}

describe('job queue', () => {
  test('an attempt is taken once, and keeps the time at which it was', () => {
    const queue = queueWithAttempt();
    expect(queue.take(key, 2000)).toBe(false);
    expect(queue.unfinished()).toMatchObject([{ ...key, takenAt: 1000 }]);
  });

  test('events are numbered in order and a repeated state is not stored again', () => {
    const queue = queueWithAttempt();
    expect(queue.record(key, { state: 'accepted' })?.n).toBe(0);
    expect(queue.record(key, { state: 'queued' })?.n).toBe(1);
    expect(queue.record(key, { state: 'queued' })).toBeUndefined();
  });

  test('there is exactly one terminal event, the first', () => {
    const queue = queueWithAttempt();
    queue.record(key, { state: 'accepted' });
    expect(
      queue.record(key, { state: 'cancelled', reason: { tag: 'cancelled', message: 'x' } })
    ).toBeDefined();
    expect(queue.record(key, { state: 'completed', outputs: [] })).toBeUndefined();
    expect(queue.record(key, { state: 'started' })).toBeUndefined();
    expect(queue.unfinished()).toEqual([]);
    const states = queue
      .attemptsOf(key.project)
      .flatMap((attempt) => queue.events(attempt).map(({ state }) => state));
    expect(states).toEqual(['accepted', 'cancelled']);
  });

  test('an attempt whose database was lost goes on after what the project already says', () => {
    const queue = new JobQueue(':memory:');
    const said = { job: key.job, attempt: 1 };
    queue.take(key, 1000, [
      { ...said, n: 0, state: 'accepted' },
      { ...said, n: 1, state: 'queued' }
    ]);
    expect(queue.record(key, { state: 'started' })?.n).toBe(2);
  });

  test('an input’s transfer keeps its id until the attempt ends', () => {
    const queue = queueWithAttempt();
    const attempt = queue.find(key);
    if (!attempt) throw new Error('not taken');
    const transfer = queue.transferOf(attempt, 'file');
    expect(queue.transferOf(attempt, 'file')).toBe(transfer);
    expect(queue.openTransfers()).toEqual(new Set([transfer]));
    queue.record(key, { state: 'failed' });
    expect(queue.openTransfers()).toEqual(new Set());
  });

  test('an event of an attempt that was never taken is refused', () => {
    expect(() => new JobQueue(':memory:').record(key, { state: 'accepted' })).toThrow(
      expect.objectContaining({ tag: 'attempt-unknown' })
    );
  });
});
