/** Any recording without a project: opened by a real drop, looked at, sorted in the tab, found again, and offline. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, type Page, test } from '@playwright/test';
import { guessProbeLayout, probeOf } from '#lib/app/probe-choice.ts';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { openRecording } from '#lib/formats/open-recording.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { planChunks, readChunk } from '#lib/sorting/chunks.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortRecording } from '#lib/sorting/pipeline.ts';
import { cleanChunk, detectChunk, prepare } from '#lib/sorting/prepare.ts';
import { expectAccessible } from './accessibility.ts';
import { dropFile, waitForOfflineCopy } from './app-steps.ts';
import { serveBuild, type StaticHost } from './static-host.ts';

const generated = generateRecording(tetrodeSpec(5, 8));
const { info } = generated.source;
const counts = generated.readCounts(0, info.sampleCount);
const rawBytes = new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength);
const metadata = { NWBFile: { session_description: 'a generated tetrode', lab: 'Test lab' } };

let host: StaticHost;
let folder: string;
let rawPath: string;
let nwbPath: string;

test.beforeAll(async () => {
  host = await serveBuild({ isolated: true });
  folder = await mkdtemp(join(tmpdir(), 'dendro-open-'));
  rawPath = join(folder, 'tetrode_4ch_30kHz_int16.dat');
  nwbPath = join(folder, 'tetrode.nwb');
  await writeFile(rawPath, rawBytes);
  const written = { recording: info, counts, metadata, fileCreateDate: '2026-01-01T00:00:00+00:00' };
  await writeFile(nwbPath, await writeRecordingNwb(written));
});
test.afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** The raw file as the app opens it. */
async function rawSource(): Promise<TraceSource> {
  const probe = probeOf(guessProbeLayout(4), 4);
  if ('problem' in probe) throw new Error(probe.problem);
  const selection = {
    format: 'raw' as const,
    samplingRateHz: 30_000,
    channelCount: 4,
    dtype: 'int16' as const,
    offsetBytes: 0,
    gainUv: info.gainUv[0] ?? 1,
    offsetUv: 0
  };
  return openRecording(memorySource(rawBytes), selection, probe);
}

/** The engine's own filtered value of each channel at a sample, and its peaks in the first chunk. */
async function engineAt(source: TraceSource, sample: number, values: Record<string, number> = {}) {
  const preparation = await prepare({ source, parameters: resolveParameters(values), pool: inlinePool() });
  const chunk = await readChunk(source, planChunks(source.info), { index: 0 });
  const clean = cleanChunk(preparation, chunk);
  const { samples, channels } = detectChunk(preparation, clean);
  const padded = chunk.data.length / 4;
  return {
    filtered: [0, 1, 2, 3].map(
      (channel) => clean.filtered[channel * padded + chunk.haloSamples + sample] ?? NaN
    ),
    peaks: Array.from(samples, (at, index) => ({
      sample: at - chunk.haloSamples,
      channel: channels[index] ?? -1
    }))
  };
}

const traces = (page: Page) => page.getByRole('figure', { name: 'Traces' });

/** The traces as their table gives them: values at the middle of the view, and the marked times, by channel. */
async function readTraces(page: Page) {
  await expect(page.getByText('measuring noise')).toHaveCount(0);
  await page.getByRole('button', { name: 'Show Traces as table' }).click();
  const table = traces(page).getByRole('table');
  const heading = await table.getByRole('columnheader').nth(1).innerText();
  const cells = await table
    .getByRole('row')
    .filter({ has: page.getByRole('cell') })
    .all();
  const rows = await Promise.all(cells.map((row) => row.getByRole('cell').allInnerTexts()));
  await page.getByRole('button', { name: 'Show Traces as plot' }).click();
  return {
    sample: Number(/sample (\d+)/.exec(heading)?.[1]),
    rows: rows.map(([channel = '', value = '', marks = '']) => ({
      channel: Number(channel),
      value: Number(value),
      marks: [...marks.matchAll(/([\d.]+) s/g)].map((match) => Number(match[1]))
    }))
  };
}

async function expectTraces(page: Page, source: TraceSource, values: Record<string, number> = {}) {
  const shown = await readTraces(page);
  const engine = await engineAt(source, shown.sample, values);
  expect(shown.rows).toHaveLength(4);
  for (const { channel, value, marks } of shown.rows) {
    expect(value).toBeCloseTo(engine.filtered[channel] ?? NaN, 3);
    const inView = engine.peaks.filter(
      (peak) => peak.channel === channel && Math.abs(peak.sample - shown.sample) <= 600
    );
    expect(marks).toHaveLength(inView.length);
    inView.forEach((peak, index) => expect(marks[index]).toBeCloseTo(peak.sample / 30_000, 4));
  }
  return shown;
}

async function visitOpen(page: Page) {
  await page.goto(`${host.origin}/open`);
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
}

async function setField(page: Page, name: string, value: string) {
  const field = page
    .getByRole('textbox', { name, exact: true })
    .or(page.getByRole('spinbutton', { name, exact: true }));
  await field.fill(value);
  await field.press('Enter');
}

async function openRaw(page: Page) {
  await visitOpen(page);
  await dropFile(page, rawPath);
  await expect(page.getByRole('heading', { name: 'How are the samples laid out?' })).toBeVisible();
  await expect(page.getByLabel('Channels')).toHaveValue('4');
  await expect(page.getByText('8.00 s')).toBeVisible();
  await page.getByLabel('Gain').fill(String(info.gainUv[0]));
}

test('a raw recording shows what the engine would sort, and another filter changes it', async ({ page }) => {
  await openRaw(page);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(traces(page)).toBeVisible();
  const source = await rawSource();
  // A stretch around a peak, short enough that every sample is drawn.
  const { peaks } = await engineAt(source, 0);
  const peak = peaks.find(({ sample }) => sample > 3000);
  await setField(page, 'Window', '40');
  await setField(page, 'Time', ((peak?.sample ?? 0) / 30_000 - 0.02).toFixed(3));
  const first = await expectTraces(page, source);
  expect(first.rows.some(({ marks }) => marks.length > 0)).toBe(true);

  await page.getByRole('button', { name: 'Filter', exact: true }).click();
  await setField(page, 'From', '900');
  await setField(page, 'Beyond', '30');
  await page.keyboard.press('Escape');
  await expect(page.getByText('900–6000 Hz')).toBeVisible();
  const second = await expectTraces(page, source, { bandLowHz: 900, detectThreshold: 30 });
  expect(second.rows.map(({ value }) => value)).not.toEqual(first.rows.map(({ value }) => value));
  const marked = ({ rows }: typeof first): number => rows.reduce((sum, { marks }) => sum + marks.length, 0);
  expect(marked(second)).toBeLessThan(marked(first));
});

test('an NWB recording is sorted in the tab as in Node, and its result is a readable NWB file', async ({
  page
}) => {
  await visitOpen(page);
  await dropFile(page, nwbPath);
  await expect(traces(page)).toBeVisible();
  await page.getByRole('tab', { name: 'Info' }).click();
  await expect(page.getByText('Test lab')).toBeVisible();
  await page.getByRole('tab', { name: 'Sort' }).click();
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expect(page.getByText('units found')).toBeVisible({ timeout: 60_000 });

  const nwb = await openNwb(memorySource(await readFile(nwbPath)));
  const source = await nwb.openSeries(nwb.series[0]?.path ?? '');
  const expected = await sortRecording({
    source,
    parameters: resolveParameters({}),
    pool: inlinePool(),
    seed: 1
  });
  const grid = page.getByRole('grid', { name: 'Units' });
  await expect(grid).toHaveAttribute('aria-rowcount', String(expected.units.length + 1));

  await page.getByRole('button', { name: 'About the session' }).click();
  await expect(page.getByLabel('Lab', { exact: true })).toHaveAttribute('placeholder', 'Test lab');
  await page.getByLabel('Session start').fill('yesterday');
  await expect(page.getByText('Date, time and time zone')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Done' })).toBeDisabled();
  await page.getByLabel('Session start').fill('2026-03-14T09:30:00+01:00');
  await page.getByLabel('Subject id').fill('M7');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('button', { name: 'About the session (2)' })).toBeVisible();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download NWB' }).click();
  const result = await openNwb(memorySource(await readFile(await (await download).path())));
  const sorting = result.readSorting();
  expect(sorting?.units.map(({ spikeSamples }) => [...spikeSamples])).toEqual(
    expected.units.map(({ spikeSamples }) => [...spikeSamples])
  );
  expect(result.metadata.NWBFile).toMatchObject({
    lab: 'Test lab',
    session_start_time: expect.stringMatching(/^2026-03-14T09:30:00/)
  });
  expect(result.metadata.Subject).toEqual({ subject_id: 'M7' });

  await grid.getByRole('row').nth(1).click();
  await page.keyboard.press('ArrowDown');
  await expect(grid.getByRole('row', { selected: true })).toHaveCount(1);
  await page.keyboard.press('Shift+ArrowDown');
  await expect(page.getByText('2 selected')).toBeVisible();
  await expect(page).toHaveURL(/units=1%2C2/);
});

test('a recording that is turned over says by which sign to sort it', async ({ page }) => {
  const turned = join(folder, 'turned_4ch_30kHz_int16.dat');
  const negated = counts.map((count) => Math.min(32_767, -count));
  await writeFile(turned, new Uint8Array(negated.buffer, negated.byteOffset, negated.byteLength));
  await visitOpen(page);
  await dropFile(page, turned);
  await page.getByLabel('Gain').fill(String(info.gainUv[0]));
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(traces(page)).toBeVisible();
  await page.getByRole('tab', { name: 'Sort' }).click();
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expect(page.getByText(/^Most large peaks of this recording are positive/)).toBeVisible({
    timeout: 60_000
  });
});

test('a recording is found again after a reload, and another file is not taken for it', async ({ page }) => {
  await visitOpen(page);
  // A file field keeps no handle, so that the file must be given again after a reload.
  await page.evaluate(() => Reflect.deleteProperty(window, 'showOpenFilePicker'));
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Choose a file' }).click();
  await (await chooser).setFiles(rawPath);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(traces(page)).toBeVisible();
  await page.waitForURL(/recent=[0-9a-f]{32}/);
  await setField(page, 'Time', '3.5');
  await page.waitForURL(/t=3\.5&/);
  await page.reload();
  await expect(page.getByRole('heading', { name: /Reconnect tetrode_4ch/ })).toBeVisible();
  await expectAccessible(page);
  await dropFile(page, nwbPath);
  await expect(page.getByText('That is another file')).toBeVisible();
  await dropFile(page, rawPath);
  await expect(traces(page)).toBeVisible();
  await expect(page.getByRole('textbox', { name: 'Time' })).toHaveValue('3.5');
  await page.goto(`${host.origin}/`);
  await expect(page.getByRole('link', { name: /tetrode_4ch/ })).toBeVisible();
});

test('what is no recording is refused in plain words, and nothing else breaks', async ({ page }) => {
  const text = join(folder, 'notes.nwb');
  const cut = join(folder, 'cut.nwb');
  await writeFile(text, 'This is a text file.\n'.repeat(100));
  await writeFile(cut, (await readFile(nwbPath)).subarray(0, 5000));
  await visitOpen(page);
  for (const path of [text, cut]) {
    await dropFile(page, path);
    const alert = page.getByRole('alert');
    await expect(alert).toContainText('was only read, and not changed');
    await expect(alert).not.toContainText(/unexpected|undefined|TypeError/);
    await expectAccessible(page);
    await page.getByRole('button', { name: 'Open something else' }).click();
    await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  }
  const odd = join(folder, 'odd_4ch.dat');
  await writeFile(odd, rawBytes.subarray(0, 1001));
  await dropFile(page, odd);
  await expect(page.getByText('1 bytes are left over')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Open', exact: true })).toBeDisabled();
  await dropFile(page, nwbPath);
  await expect(traces(page)).toBeVisible();
});

test('the demonstration is sorted and classified in the tab, offline, and stands beside its truth', async ({
  page
}) => {
  test.slow();
  await page.goto(`${host.origin}/`);
  await expect(traces(page)).toBeVisible();
  await page.getByRole('link', { name: 'Try the demonstration' }).click();
  await waitForOfflineCopy(page);
  // The classifier's runtime and model load when the sort has ended: from the copy in the browser.
  await page.context().setOffline(true);
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  const found = page.getByText(/\d+ units found, \d+ of 18 true ones/);
  await expect(found).toBeVisible({ timeout: 240_000 });
  const wellDetected = Number(/, (\d+) of 18/.exec(await found.innerText())?.[1]);
  expect(wellDetected).toBeGreaterThanOrEqual(15);
  const grid = page.getByRole('grid', { name: 'Units' });
  await expect(grid.getByRole('columnheader', { name: 'True' })).toBeVisible();
  await expect(grid.getByRole('columnheader', { name: 'Class' })).toBeVisible();
  await page.getByLabel('Filter', { exact: true }).fill('class=single & accuracy>0.8');
  await expect(grid.getByRole('gridcell', { name: /^single probability [01]\.\d\d$/ }).first()).toBeVisible();
  await page.getByLabel('Filter', { exact: true }).fill('accuracy>0.8');
  await expect(page.getByText(new RegExp(`^${wellDetected} of \\d+ units`))).toBeVisible();
  for (const name of ['Waveforms', 'Autocorrelograms', 'Firing rates', 'Raster', 'Probe'])
    await expect(page.getByRole('figure', { name })).toBeVisible();
});

test('on a static host the page isolates itself, and goes on without the server', async ({ page }) => {
  const plain = await serveBuild({ isolated: false });
  await page.goto(plain.origin);
  await page.waitForFunction(() => crossOriginIsolated && navigator.serviceWorker.controller !== null);
  await waitForOfflineCopy(page);
  await plain.close();
  await page.goto(`${plain.origin}/open?demo`);
  expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  await expect(traces(page)).toBeVisible();
});
