/** Plots saved as files: pictures of the right size, vectors with the marks, numbers that are the plotted ones. */
import { type Download, expect, type Page, test } from '@playwright/test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { dropFile } from './app-steps.ts';
import { serveBuild, type StaticHost } from './static-host.ts';

const plots = ['Traces', 'Waveforms', 'Autocorrelograms', 'Firing rates', 'Raster', 'Probe'];
let host: StaticHost;
let folder: string;

test.beforeAll(async () => {
  host = await serveBuild({ isolated: true });
  folder = await mkdtemp(join(tmpdir(), 'dendro-plots-'));
});
test.afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

/** A short recording, sorted in the tab. */
async function openSorted(page: Page): Promise<void> {
  const { source, readCounts } = generateRecording(tetrodeSpec(5, 8));
  const path = join(folder, 'tetrode.nwb');
  const counts = readCounts(0, source.info.sampleCount);
  const written = {
    recording: source.info,
    counts,
    metadata: {},
    fileCreateDate: '2026-01-01T00:00:00+00:00'
  };
  await writeFile(path, await writeRecordingNwb(written));
  await page.goto(`${host.origin}/open`);
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  await dropFile(page, path);
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible();
  await page.getByRole('tab', { name: 'Sort' }).click();
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expect(page.getByRole('figure', { name: 'Raster' })).toBeVisible({ timeout: 60_000 });
}

async function save(page: Page, plot: string, item: string | RegExp): Promise<Download> {
  await page.getByRole('button', { name: `Save ${plot}`, exact: true }).click();
  const download = page.waitForEvent('download');
  await page.getByRole('menuitem', { name: item, exact: true }).click();
  return download;
}
const bytesOf = async (download: Download) => readFile(await download.path());

/** As a browser decodes it: its size, and how many colours it has. */
async function decodePng(page: Page, png: Buffer) {
  return page.evaluate(async (base64) => {
    const blob = await (await fetch(`data:image/png;base64,${base64}`)).blob();
    const image = await createImageBitmap(blob);
    const canvas = new OffscreenCanvas(image.width, image.height);
    const context = canvas.getContext('2d');
    context?.drawImage(image, 0, 0);
    const pixels = new Uint32Array(
      context?.getImageData(0, 0, image.width, image.height).data.buffer ?? new ArrayBuffer(0)
    );
    const [red, green, blue] = new Uint8Array(pixels.buffer);
    return {
      width: image.width,
      height: image.height,
      colors: new Set(pixels).size,
      corner: [red, green, blue]
    };
  }, png.toString('base64'));
}

async function parseSvg(page: Page, text: string) {
  return page.evaluate((source) => {
    const parsed = new DOMParser().parseFromString(source, 'image/svg+xml');
    return {
      failed: parsed.querySelector('parsererror')?.textContent ?? '',
      title: parsed.documentElement.querySelector('title')?.textContent ?? '',
      sources: Array.from(parsed.getElementsByTagName('dc:source'), ({ textContent }) => textContent),
      paths: Array.from(parsed.querySelectorAll('path'), (path) => path.getAttribute('d') ?? ''),
      rects: parsed.querySelectorAll('rect').length,
      images: parsed.querySelectorAll('image').length
    };
  }, text);
}

function parseCsv(text: string) {
  const [columns = [], ...rows] = text
    .trimEnd()
    .split('\r\n')
    .map((line) => line.split(','));
  return { columns, rows };
}

test('every plot is saved as a picture, as vectors and as numbers', async ({ page }) => {
  test.slow();
  await page.emulateMedia({ colorScheme: 'dark' });
  await openSorted(page);
  for (const plot of plots) {
    const box = await page.getByRole('figure', { name: plot }).boundingBox();
    const [once, thrice] = [await save(page, plot, 'Save as PNG'), await save(page, plot, 'Save as PNG, 3×')];
    const small = await decodePng(page, await bytesOf(once));
    const large = await decodePng(page, await bytesOf(thrice));
    expect(once.suggestedFilename()).toBe(`tetrode-${plot.toLowerCase().replace(' ', '-')}.png`);
    expect(small.width).toBe(Math.ceil(box?.width ?? 0) + 24);
    expect(large).toMatchObject({ width: 3 * small.width, height: 3 * small.height });
    expect(small.colors).toBeGreaterThan(8);
    expect(small.corner).toEqual([255, 255, 255]);
    expect((await bytesOf(once)).toString('latin1')).toContain('tEXtRecording\0tetrode.nwb');

    const svg = await parseSvg(page, (await bytesOf(await save(page, plot, 'Save as SVG'))).toString());
    expect(svg).toMatchObject({ failed: '', title: plot, sources: ['Recording: tetrode.nwb'] });
    expect(svg.paths.length + svg.rects).toBeGreaterThan(2);

    const csv = parseCsv((await bytesOf(await save(page, plot, 'Save the numbers as CSV'))).toString());
    expect(csv.rows.length).toBeGreaterThan(3);
    for (const row of csv.rows) expect(row).toHaveLength(csv.columns.length);
  }
});

test('the numbers are those that are plotted, and vectors hold every mark', async ({ page }) => {
  await openSorted(page);
  const raster = parseCsv((await bytesOf(await save(page, 'Raster', /CSV/))).toString());
  const spikes = Number(
    /all ([\d,]+) spikes/
      .exec(await page.getByRole('figure', { name: 'Raster' }).locator('figcaption').innerText())?.[1]
      ?.replace(',', '')
  );
  expect(raster.rows).toHaveLength(spikes);
  const drawn = await parseSvg(page, (await bytesOf(await save(page, 'Raster', 'Save as SVG'))).toString());
  expect(drawn.paths.join('').match(/M/g)).toHaveLength(spikes);
  expect(drawn.images).toBe(0);

  // A stretch short enough that each sample is drawn, so that the table shows the value in the middle.
  const window = page.getByRole('textbox', { name: 'Window', exact: true });
  await window.fill('40');
  await window.press('Enter');
  await page.getByRole('button', { name: 'Show Traces as table' }).click();
  const table = page.getByRole('figure', { name: 'Traces' }).getByRole('table');
  await expect(table.getByRole('cell').nth(1)).toHaveText(/^−?-?[\d.]+$/);
  const heading = await table.getByRole('columnheader').nth(1).innerText();
  const middle = Number(/sample (\d+)/.exec(heading)?.[1]) / 30_000;
  const cells = await table.getByRole('cell').allInnerTexts();
  const traces = parseCsv((await bytesOf(await save(page, 'Traces', /CSV/))).toString());
  const row = traces.rows.find(([time]) => Math.abs(Number(time) - middle) < 1e-5);
  expect(row?.slice(1).map(Number)).toHaveLength(4);
  row?.slice(1).forEach((value, index) => expect(Number(value)).toBeCloseTo(Number(cells[3 * index + 1]), 2));
});

test('the page’s own colours are kept when that is asked for', async ({ page }) => {
  await page.emulateMedia({ colorScheme: 'dark' });
  await page.goto(`${host.origin}/open?demo`);
  await expect(page.getByRole('figure', { name: 'Probe' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('button', { name: 'Save Probe' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'Print colours (light)' }).click();
  await page.keyboard.press('Escape');
  const { corner } = await decodePng(page, await bytesOf(await save(page, 'Probe', 'Save as PNG')));
  expect(corner).toEqual([0x12, 0x16, 0x1c]);
});
