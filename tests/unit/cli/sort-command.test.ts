import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { writeTree } from '#lib/formats/hdf5/write-tree.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { scoreSorting } from '#lib/metrics/score.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';

const folder = mkdtempSync(join(tmpdir(), 'dendro-sort-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

const spec = { ...demonstrationSpec, seconds: 12 };
const recording = generateRecording(spec);
const { info } = recording.source;
const rawLayout = ['--sampling-rate', String(info.samplingRateHz), '--channels', String(info.channelCount)];

beforeAll(async () => {
  const counts = recording.readCounts(0, info.sampleCount);
  writeFileSync(at('rec.raw'), counts);
  const fileCreateDate = '2026-01-01T00:00:00+00:00';
  const metadata = { Subject: { subject_id: 'M7' } };
  writeFileSync(
    at('rec.nwb'),
    await writeRecordingNwb({ recording: info, counts, metadata, fileCreateDate })
  );
  const probes = [
    {
      ndim: 2,
      si_units: 'um',
      contact_positions: info.probe.contacts.map(({ x, y }) => [x, y]),
      shank_ids: info.probe.contacts.map(({ shank }) => String(shank)),
      device_channel_indices: info.probe.contacts.map((_, i) => i)
    }
  ];
  writeFileSync(
    at('probe.json'),
    JSON.stringify({ specification: 'probeinterface', version: '0.2', probes })
  );
});

function start(args: string[], env: Record<string, string> = {}): ChildProcess {
  return spawn(process.execPath, ['bin/dendro.js', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  });
}

async function dendro(args: string[], env: Record<string, string> = {}) {
  const child = start(args, env);
  let [stdout, stderr] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, stdout, stderr };
}

async function unitsOf(name: string) {
  const nwb = await openNwb(memorySource(readFileSync(at(name))));
  const sorting = nwb.readSorting();
  const { metadata } = nwb;
  nwb.close();
  if (!sorting) throw new Error('no units');
  return { sorting, metadata };
}

describe('dendro sort', { timeout: 120_000 }, () => {
  test('finds the units of a raw file and of the same NWB file alike, in one progress line each', async () => {
    const gain = ['--gain-uv', String(info.gainUv[0])];
    const raw = await dendro([
      'sort',
      at('rec.raw'),
      '-o',
      at('raw-out.nwb'),
      ...rawLayout,
      ...gain,
      '--probe',
      at('probe.json'),
      '--json'
    ]);
    expect(raw.stderr).toContain('Sample type taken as int16');
    expect(raw).toMatchObject({ code: 0 });
    const summary = JSON.parse(raw.stdout) as Record<string, unknown>;
    expect(Object.keys(summary)).toEqual([
      'units',
      'spikes',
      'seconds',
      'cpuSeconds',
      'peakMemoryBytes',
      'stages',
      'parameters',
      'version'
    ]);
    const nwb = await dendro(['sort', at('rec.nwb'), '-o', at('nwb-out.nwb'), '--workers', '1']);
    expect(nwb.code).toBe(0);
    expect(nwb.stdout).toMatch(/^\d+ units, \d+ spikes in /);
    const [fromRaw, fromNwb] = [await unitsOf('raw-out.nwb'), await unitsOf('nwb-out.nwb')];
    expect(fromRaw.sorting.units.map(({ spikeSamples }) => [...spikeSamples])).toEqual(
      fromNwb.sorting.units.map(({ spikeSamples }) => [...spikeSamples])
    );
    expect(summary.units).toBe(fromRaw.sorting.units.length);
    expect(fromNwb.metadata.Subject).toEqual({ subject_id: 'M7' });
    const trains = fromRaw.sorting.units.map(({ spikeSamples }) => spikeSamples);
    const score = scoreSorting(recording.truth, { samplingRateHz: info.samplingRateHz, trains });
    expect(score.wellDetected.length).toBeGreaterThanOrEqual(10);
  });

  test('writes the same bytes again when the date is fixed', async () => {
    const args = ['sort', at('rec.nwb'), '--seconds', '2:8'];
    const env = { SOURCE_DATE_EPOCH: '1700000000' };
    await dendro([...args, '-o', at('a.nwb')], env);
    await dendro([...args, '-o', at('b.nwb'), '--workers', '3'], env);
    expect(Buffer.compare(readFileSync(at('a.nwb')), readFileSync(at('b.nwb')))).toBe(0);
    const { sorting } = await unitsOf('a.nwb');
    const first = Math.min(
      ...sorting.units.map(({ spikeSamples }) => spikeSamples[0] ?? Number.POSITIVE_INFINITY)
    );
    expect(first).toBeGreaterThanOrEqual(0);
  });

  test('says what it assumes, and takes told metadata over the file’s own', async () => {
    writeFileSync(
      at('m.yaml'),
      'Subject: {subject_id: M8}\nNWBFile: {session_start_time: 2026-03-01T10:00:00+01:00}'
    );
    const { stderr, code } = await dendro([
      'sort',
      at('rec.raw'),
      '-o',
      at('told.nwb'),
      ...rawLayout,
      '--seconds',
      ':3',
      '--metadata',
      at('m.yaml')
    ]);
    expect(code).toBe(0);
    expect(stderr).toContain('One count taken as 1 µV');
    expect(stderr).toContain('one column at 20 µm');
    const { metadata } = await unitsOf('told.nwb');
    expect(metadata).toMatchObject({
      Subject: { subject_id: 'M8' },
      NWBFile: { session_start_time: '2026-03-01T10:00:00+01:00' }
    });
  });

  test('an interruption leaves no file and ends with 130', async () => {
    const before = readdirSync(folder);
    const child = start(['sort', at('rec.nwb'), '-o', at('interrupted.nwb')]);
    child.stderr?.once('data', () => child.kill('SIGINT'));
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(130);
    expect(readdirSync(folder)).toEqual(before);
  });
});

describe('dendro sort refuses', { timeout: 60_000 }, () => {
  const refusals: [string, () => Promise<string[]> | string[], number, RegExp][] = [
    ['a missing file', () => [at('none.nwb')], 3, /no file/],
    [
      'a text file with an NWB name',
      () => (writeFileSync(at('text.nwb'), 'not HDF5 at all'), [at('text.nwb')]),
      3,
      /not an HDF5/
    ],
    [
      'a truncated NWB file',
      () => (
        copyFileSync(at('rec.nwb'), at('cut.nwb')),
        truncateSync(at('cut.nwb'), 100_000),
        [at('cut.nwb')]
      ),
      3,
      /cut off/
    ],
    [
      'an HDF5 file without a series',
      async () => (
        writeFileSync(at('empty.nwb'), await writeTree([{ kind: 'group', path: '/general' }])),
        [at('empty.nwb')]
      ),
      3,
      /no ElectricalSeries/
    ],
    [
      'an external link to another file',
      async () => (writeFileSync(at('link.nwb'), await linkToSecret()), [at('link.nwb')]),
      3,
      /another file/
    ],
    [
      'external storage in another file',
      () => ['tests/fixtures/formats/external-storage-absolute.nwb'],
      3,
      /outside this file/
    ],
    [
      'a raw file that does not fit its channels',
      () => (writeFileSync(at('odd.raw'), new Uint8Array(101)), [at('odd.raw'), ...rawLayout]),
      3,
      /37 bytes|no whole number/
    ],
    [
      'a probe of another size',
      () => [at('rec.raw'), '--sampling-rate', '30000', '--channels', '16', '--probe', at('probe.json')],
      3,
      /32 contacts/
    ],
    ['a raw file of unknown layout', () => [at('rec.raw')], 2, /--sampling-rate and --channels/],
    [
      'an unknown series',
      () => [at('rec.nwb'), '--series', '/acquisition/other'],
      2,
      /acquisition\/ElectricalSeries/
    ],
    ['raw options for an NWB file', () => [at('rec.nwb'), '--channels', '4'], 2, /do not apply/],
    [
      'a parameter out of bounds',
      () => [at('rec.nwb'), '--param', 'detectThreshold=-5'],
      2,
      /detectThreshold/
    ],
    ['a window beyond the end', () => [at('rec.nwb'), '--seconds', '100:200'], 2, /12\.000 s long/]
  ];

  test.each(refusals)('%s', async (_name, args, code, message) => {
    const result = await dendro(['sort', ...(await args()), '-o', at('refused.nwb')]);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
    expect(result.stderr.split('\n').length).toBeLessThanOrEqual(6);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stderr).not.toContain('top secret');
    expect(existsSync(at('refused.nwb'))).toBe(false);
  });

  test('to write over its own input, or into nowhere', async () => {
    expect(await dendro(['sort', at('rec.nwb'), '-o', at('rec.nwb')])).toMatchObject({ code: 2 });
    expect(await dendro(['sort', at('rec.nwb'), '-o', at('no/where.nwb')])).toMatchObject({ code: 2 });
  });

  async function linkToSecret(): Promise<Uint8Array> {
    writeFileSync(at('secret.h5'), 'top secret');
    return writeTree([
      { kind: 'group', path: '/acquisition' },
      { kind: 'group', path: '/acquisition/es', attributes: { neurodata_type: 'ElectricalSeries' } },
      { kind: 'external-link', path: '/acquisition/es/data', file: at('secret.h5'), target: '/x' }
    ]);
  }
});

describe('dendro', () => {
  test('help and version', async () => {
    expect((await dendro([])).stdout).toContain('Usage: npx dendro COMMAND');
    expect((await dendro(['help', 'sort'])).stdout).toContain('--metadata FILE.yaml');
    expect((await dendro(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(await dendro(['frobnicate'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('frobnicate')
    });
  });
});
