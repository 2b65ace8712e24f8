import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FileId } from '#lib/model/ids.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { type JobOrder, type RunListeners } from '../../../compute-node/executors/executor.ts';
import { endStray, processExecutor, startTicksOf } from '../../../compute-node/executors/process-executor.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-executor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Two seconds of silence on four channels. */
function order(): JobOrder {
  const path = join(folder, 'input.dat');
  const contacts = demonstrationSpec.probe.contacts.slice(0, 4);
  writeFileSync(path, new Uint8Array(2 * 30_000 * 4 * 2));
  return {
    definition: {
      app: 'dendro',
      processor: 'sort',
      version: engineProcessor.version,
      inputs: [
        {
          name: 'recording',
          file: 'ab'.repeat(16) as FileId,
          selection: {
            format: 'raw',
            samplingRateHz: 30_000,
            channelCount: 4,
            dtype: 'int16',
            offsetBytes: 0,
            gainUv: 1,
            offsetUv: 0
          },
          probe: JSON.stringify({ contacts, origin: 'layout' })
        }
      ],
      outputs: [{ name: 'sorting', file: 'cd'.repeat(16) as FileId, fileName: 'sorted.nwb' }],
      parameters: {},
      seed: 0,
      resources: engineProcessor.resources
    },
    inputs: [{ name: 'recording', path, fileName: 'input.dat', root: 'ef'.repeat(32) }],
    folder: join(folder, 'job'),
    workers: 1,
    identifier: 'test-1',
    createdAt: 0
  };
}

function listeners(more: Partial<RunListeners> = {}): RunListeners {
  return { onProgress() {}, onConsole() {}, onProcess() {}, ...more };
}

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a job in a process of its own', () => {
  test('fails with what the engine says', async () => {
    const run = processExecutor.run(order(), listeners(), new AbortController().signal);
    await expect(run).rejects.toMatchObject({ tag: 'no-usable-channels' });
  }, 30_000);

  test('is ended with its process when it is cancelled', async () => {
    const abort = new AbortController();
    const reason = new TaggedError('cancelled', 'The job was cancelled.');
    let pid = 0;
    const run = processExecutor.run(
      order(),
      listeners({
        onProcess: (started) => {
          pid = started.pid;
          abort.abort(reason);
        }
      }),
      abort.signal
    );
    await expect(run).rejects.toBe(reason);
    expect(pid).toBeGreaterThan(0);
    expect(isRunning(pid)).toBe(false);
  }, 30_000);

  test('that is killed from outside ends the job with words and not the node', async () => {
    const run = processExecutor.run(
      order(),
      listeners({ onProcess: ({ pid }) => process.kill(pid, 'SIGSEGV') }),
      new AbortController().signal
    );
    await expect(run).rejects.toMatchObject({
      tag: 'job-crashed',
      message: expect.stringContaining('SIGSEGV')
    });
  }, 30_000);

  test('does not follow a link that was put in its input’s place', async () => {
    const given = order();
    const path = given.inputs[0]?.path ?? '';
    renameSync(path, `${path}.elsewhere`);
    symlinkSync(`${path}.elsewhere`, path);
    const run = processExecutor.run(given, listeners(), new AbortController().signal);
    await expect(run).rejects.toMatchObject({ tag: 'file-unreadable' });
  }, 30_000);
});

test('a stray is ended only when it is certainly the process that was started', async () => {
  const child = spawn('sleep', ['600'], { detached: true });
  const pid = child.pid ?? 0;
  endStray({ pid, startTicks: '1' });
  expect(isRunning(pid)).toBe(true);
  const ended = once(child, 'exit');
  endStray({ pid, startTicks: startTicksOf(pid) ?? '' });
  expect((await ended)[1]).toBe('SIGKILL');
});
