import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type FileId } from '#lib/model/ids.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { engineProcessor, resolveParameters } from '#lib/sorting/parameters.ts';
import { sortToNwb } from '../../../compute-node/apps/sort-to-nwb.ts';
import { type JobOrder } from '../../../compute-node/executors/executor.ts';
import { processExecutor } from '../../../compute-node/executors/process-executor.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-classes-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const recording = generateRecording(tetrodeSpec(5, 15));

/** The generated tetrode as a raw file, and the job that sorts it. */
function order(): JobOrder {
  const path = join(folder, 'input.dat');
  const { info } = recording.source;
  const counts = recording.readCounts(0, info.sampleCount);
  writeFileSync(path, new Uint8Array(counts.buffer));
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
            samplingRateHz: info.samplingRateHz,
            channelCount: info.channelCount,
            dtype: 'int16',
            offsetBytes: 0,
            gainUv: info.gainUv[0] ?? 1,
            offsetUv: 0
          },
          probe: JSON.stringify(info.probe)
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

async function readSorting(bytes: Uint8Array): Promise<Sorting | undefined> {
  const nwb = await openNwb(memorySource(bytes));
  const sorting = nwb.readSorting();
  nwb.close();
  return sorting;
}

test('a job that may load no native code gets the classes of its units from the node', async () => {
  const lines: string[] = [];
  const listeners = {
    onProgress() {},
    onProcess() {},
    onConsole: (said: string[]) => void lines.push(...said)
  };
  const { outputs } = await processExecutor.run(order(), listeners, new AbortController().signal);
  const sorting = await readSorting(readFileSync(outputs[0]?.path ?? ''));
  expect(sorting?.units.length).toBeGreaterThan(1);
  expect(sorting?.units.every(({ quality }) => quality)).toBe(true);
  expect(lines.join('\n')).not.toContain('no classes');
});

test('a result whose units could not be classified is whole without classes, and says so', async () => {
  const notes: string[] = [];
  const { bytes, sorting } = await sortToNwb({
    source: recording.source,
    parameters: resolveParameters({}),
    seed: 0,
    workers: 1,
    onProgress: () => {},
    onNote: (line) => void notes.push(line),
    openClassifier: () =>
      Promise.reject(new TaggedError('classifier-missing', 'onnxruntime-node is not installed')),
    result: {
      metadata: {},
      source: { name: 'generated', size: 0 },
      definitionHash: 'ab'.repeat(32),
      fileCreateDate: '2026-01-01T00:00:00+00:00'
    }
  });
  expect(notes).toEqual(['The units have no classes: onnxruntime-node is not installed.']);
  const read = await readSorting(bytes);
  expect(read?.units).toHaveLength(sorting.units.length);
  expect(read?.units.some((unit) => 'quality' in unit)).toBe(false);
});

test('a machine without onnxruntime says what is missing', async () => {
  vi.resetModules();
  vi.doMock('onnxruntime-node', () => {
    throw new Error('Cannot find package');
  });
  const { nodeUnitClassifier } = await import('../../../compute-node/platform/unit-classifier.ts');
  await expect(nodeUnitClassifier()).rejects.toMatchObject({ tag: 'classifier-missing' });
  vi.doUnmock('onnxruntime-node');
});
