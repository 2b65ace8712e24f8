import { afterEach, describe, expect, it } from 'vitest';
import { type Scratch } from '#lib/model/engine.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { sweepScratch, withScratch } from '../../src/workers/run-scratch.ts';
import { digestOf, shortDigest, shortRecording } from '../fixtures/sorting/short-recording.ts';

const folder = async () =>
  (await navigator.storage.getDirectory()).getDirectoryHandle('scratch', { create: true });

async function runsKept(): Promise<string[]> {
  const names = [];
  for await (const name of (await folder()).keys()) names.push(name);
  return names.toSorted();
}

const leave = (run: string) => withScratch(run, async (scratch) => scratch?.write('state', Uint8Array.of(7)));

afterEach(async () => {
  for (const name of await runsKept()) await (await folder()).removeEntry(name, { recursive: true });
});

describe('what a sort in the tab has done', () => {
  it('is gone on with after the tab was closed, with the same result', { timeout: 60_000 }, async () => {
    const { source } = await shortRecording();
    const sort = (scratch: Scratch | undefined, onStage: (stage: string) => void) =>
      sortRecording({
        ...{ source, parameters: resolveParameters(), pool: inlinePool(), seed: 5, scratch },
        onProgress: ({ stage }) => onStage(stage)
      });
    const killed = withScratch('run-1', (scratch) =>
      sort(scratch, (stage) => {
        if (stage === 'match') throw new Error('killed');
      })
    );
    await expect(killed).rejects.toThrow('killed');
    expect(await runsKept()).toEqual(['run-1']);
    const stages = new Set<string>();
    const resumed = await withScratch('run-1', (scratch) => sort(scratch, (stage) => stages.add(stage)));
    expect([...stages]).toEqual(['match', 'finish']);
    expect(await digestOf(resumed)).toBe(shortDigest);
    expect(await runsKept()).toEqual([]);
  });

  it('is one tab’s alone', async () => {
    await withScratch('run-1', async (mine) => {
      await mine?.write('state', Uint8Array.of(1, 2));
      expect(await withScratch('run-1', async (theirs) => theirs)).toBeUndefined();
      // A sort of something else leaves alone what is in use.
      await leave('run-2');
      expect([...((await mine?.read('state')) ?? [])]).toEqual([1, 2]);
    });
  });

  it('makes room for the next sort', async () => {
    await leave('run-1');
    await leave('run-2');
    expect(await runsKept()).toEqual(['run-2']);
  });

  it('is removed after a day', async () => {
    await leave('run-1');
    await sweepScratch();
    expect(await runsKept()).toEqual(['run-1']);
    await sweepScratch(Date.now() + 25 * 60 * 60 * 1000);
    expect(await runsKept()).toEqual([]);
  });

  it('may not be there', async () => {
    expect(await withScratch('run-1', async (scratch) => scratch?.read('state'))).toBeUndefined();
    await expect(withScratch('../blobs', async () => undefined)).rejects.toThrow(RangeError);
  });
});
