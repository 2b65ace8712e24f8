import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TreeNode, writeTree } from '#lib/formats/hdf5/write-tree.ts';

const folder = mkdtempSync(join(tmpdir(), 'dendro-score-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

function dendro(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['bin/dendro.js', ...args], {
    encoding: 'utf8'
  });
  return { code: status, stdout, stderr };
}

/** @param units spike times in s by unit id */
async function writeUnits(name: string, units: Record<number, number[]>, resolution?: number): Promise<void> {
  const trains = Object.values(units);
  let end = 0;
  const ends = Float64Array.from(trains, ({ length }) => (end += length));
  const nodes: TreeNode[] = [
    { kind: 'group', path: '/general' },
    { kind: 'group', path: '/units', attributes: { neurodata_type: 'Units' } },
    {
      kind: 'dataset',
      path: '/units/id',
      value: BigInt64Array.from(Object.keys(units), (id) => BigInt(id))
    },
    { kind: 'dataset', path: '/units/spike_times_index', value: ends },
    {
      kind: 'dataset',
      path: '/units/spike_times',
      value: Float64Array.from(trains.flat()),
      ...(resolution !== undefined && { attributes: { resolution } })
    }
  ];
  writeFileSync(at(name), await writeTree(nodes));
}

const every = (period: number, count: number, shift = 0) =>
  Array.from({ length: count }, (_, spike) => 0.5 + spike * period + shift);

beforeAll(async () => {
  const rate = 30_000;
  await writeUnits('truth.nwb', { 3: every(0.11, 100), 8: every(0.07, 50), 9: every(0.013, 40) }, 1 / rate);
  await writeUnits(
    'sorted.nwb',
    {
      // Four spikes of 100 are missing, all are 0.2 ms late; six of unit 8 are missed and nine are made up.
      10: every(0.11, 96, 0.0002),
      20: [...every(0.07, 44), ...every(0.05, 9, 20)],
      30: every(0.31, 25, 40)
    },
    1 / rate
  );
  await writeUnits('slower.nwb', { 0: [1] }, 1 / 15_000);
  await writeUnits('silent.nwb', { 0: [1] });
  writeFileSync(at('none.nwb'), await writeTree([{ kind: 'group', path: '/general' }]));
  writeFileSync(at('text.nwb'), 'no HDF5');
});

describe('dendro score', { timeout: 60_000 }, () => {
  test('compares units by what their files call them', () => {
    const { code, stdout, stderr } = dendro('score', at('truth.nwb'), at('sorted.nwb'), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({
      deltaMs: 0.4,
      samplingRateHz: 30_000,
      trueUnits: [
        { unit: 3, spikes: 100, match: 10, accuracy: 0.96, truePositives: 96, falseNegatives: 4 },
        { unit: 8, spikes: 50, match: 20, accuracy: 44 / 59, falseNegatives: 6, falsePositives: 9 },
        { unit: 9, spikes: 40, match: null, accuracy: 0, truePositives: 0, falseNegatives: 40 }
      ],
      sortedUnits: [
        { unit: 10, match: 3 },
        { unit: 20, match: 8 },
        { unit: 30, spikes: 25, match: null, accuracy: 0 }
      ],
      wellDetected: [10],
      falsePositive: [30],
      redundant: [],
      overmerged: [],
      meanAccuracy: (0.96 + 44 / 59) / 3
    });
  });

  test('prints a table, and is as strict as asked', () => {
    const { code, stdout } = dendro('score', at('truth.nwb'), at('sorted.nwb'));
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^true unit +spikes +sorted unit +accuracy +found +missed +extra\n +3 +100 +10 +0\.960/
    );
    expect(stdout).toContain('1 of 3 true units well detected, mean accuracy 0.569');
    const strict = dendro('score', at('truth.nwb'), at('sorted.nwb'), '--delta-ms', '0.1');
    expect(strict.stdout).toContain('0 of 3 true units well detected');
  });

  test('takes the rate from either file, or from the command line', () => {
    expect(dendro('score', at('silent.nwb'), at('slower.nwb')).stdout).toContain('1 of 1 true units');
    expect(dendro('score', at('silent.nwb'), at('silent.nwb'))).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--sampling-rate HZ')
    });
    const told = dendro('score', at('silent.nwb'), at('silent.nwb'), '--sampling-rate', '20000');
    expect(told.stdout).toContain('1 of 1 true units');
  });

  test.each([
    ['one file', () => ['truth.nwb'], 2, /Name two NWB files/],
    ['three files', () => ['truth.nwb', 'sorted.nwb', 'none.nwb'], 2, /none\.nwb" is too much/],
    ['no units', () => ['truth.nwb', 'none.nwb'], 3, /has no units/],
    ['a text file', () => ['text.nwb', 'sorted.nwb'], 3, /HDF5/],
    ['no file', () => ['gone.nwb', 'sorted.nwb'], 3, /gone\.nwb/],
    ['another rate', () => ['truth.nwb', 'slower.nwb'], 3, /30000 Hz and the sorting at 15000 Hz/]
  ])('%s: says the problem in a few lines', (_what, files, code, message) => {
    const refused = dendro('score', ...files().map(at));
    expect(refused.code).toBe(code);
    expect(refused.stderr).toMatch(message);
    expect(refused.stderr.split('\n').length).toBeLessThan(5);
    expect(refused.stdout).toBe('');
  });

  test('a delta of nothing is refused', () => {
    expect(dendro('score', at('truth.nwb'), at('sorted.nwb'), '--delta-ms', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--delta-ms takes a number above 0')
    });
  });
});
