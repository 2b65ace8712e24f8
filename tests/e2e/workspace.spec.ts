/** The grid of a recording with its units: panes that are resized and remembered, a drawer, and one column. */
import { expect, type Page, test } from '@playwright/test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { expectAccessible } from './accessibility.ts';
import { addRawRecording } from './app-steps.ts';
import { serveBuild, type StaticHost } from './static-host.ts';

let host: StaticHost;
let folder: string;
let recording: string;

test.beforeAll(async () => {
  host = await serveBuild({ isolated: true });
  folder = await mkdtemp(join(tmpdir(), 'dendro-workspace-'));
  recording = join(folder, 'tetrode_4ch_30kHz_int16.dat');
  const { source, readCounts } = generateRecording(tetrodeSpec(5, 8));
  const counts = readCounts(0, source.info.sampleCount);
  await writeFile(recording, new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength));
});
test.afterAll(async () => {
  await host.close();
  await rm(folder, { recursive: true, force: true });
});

async function openRecording(page: Page): Promise<void> {
  await page.goto(`${host.origin}/open`);
  await expect(page.getByRole('heading', { name: 'Drop a recording here' })).toBeVisible();
  await addRawRecording(page, recording);
}
async function openSorted(page: Page): Promise<void> {
  await openRecording(page);
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expect(page.getByRole('grid', { name: 'Units' })).toBeVisible({ timeout: 60_000 });
}

const divider = (page: Page, name: string | RegExp) => page.getByRole('separator', { name });
async function sizeOf(page: Page, name: string | RegExp): Promise<number> {
  return Number(await divider(page, name).getAttribute('aria-valuenow'));
}
async function widthOf(page: Page, name: string): Promise<number> {
  return (await page.getByRole('region', { name, exact: true }).boundingBox())?.width ?? NaN;
}
async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const { scrollWidth, clientWidth } = await page.locator('main').evaluate((main) => ({
    scrollWidth: main.scrollWidth,
    clientWidth: main.clientWidth
  }));
  expect(scrollWidth).toBeLessThanOrEqual(clientWidth);
}

test('panes are resized by keys and pointer within limits, remembered, and reset', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await openSorted(page);
  const width = divider(page, 'Width of the probe');
  expect(await widthOf(page, 'Probe')).toBe(176);
  await width.focus();
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('Shift+ArrowLeft');
  expect(await widthOf(page, 'Probe')).toBe(176 + 8 + 64);

  const table = await divider(page, /^Width of Units/).boundingBox();
  if (!table) throw new Error('no divider');
  await page.mouse.move(table.x, table.y + 200);
  await page.mouse.down();
  await page.mouse.move(table.x - 40, table.y + 220);
  await page.mouse.up();
  expect(await sizeOf(page, /^Width of Units/)).toBe(372 - 40);

  await divider(page, 'Height of the traces').focus();
  for (let press = 0; press < 8; press++) await page.keyboard.press('Shift+ArrowUp');
  expect(await sizeOf(page, 'Height of the traces')).toBe(160);
  await expectAccessible(page);

  await openSorted(page);
  expect(await widthOf(page, 'Probe')).toBe(248);
  expect(await sizeOf(page, /^Width of Units/)).toBe(332);
  await divider(page, 'Height of the traces').focus();
  await page.keyboard.press('Home');
  expect(await sizeOf(page, 'Height of the traces')).toBe(300);
  await divider(page, 'Width of the probe').dblclick();
  expect(await widthOf(page, 'Probe')).toBe(176);
});

test('between phone and desktop the units lie in a drawer beside the panels', async ({ page }) => {
  await page.setViewportSize({ width: 800, height: 1000 });
  await openRecording(page);
  await expect(divider(page, 'Width of the probe')).toBeHidden();
  await page.getByRole('button', { name: 'Sort and info' }).click();
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expect(page.getByRole('grid', { name: 'Units' })).toBeVisible({ timeout: 60_000 });
  const table = await page.getByRole('grid', { name: 'Units' }).boundingBox();
  const waveforms = await page.getByRole('region', { name: 'Waveforms' }).boundingBox();
  expect((table?.x ?? NaN) + (table?.width ?? NaN)).toBeLessThanOrEqual(waveforms?.x ?? NaN);
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await page.getByRole('button', { name: /^Units \(/ }).click();
  await expect(page.getByRole('grid', { name: 'Units' })).toBeHidden();
  await expect(page.getByRole('region', { name: 'Raster' })).toBeVisible();
  await expectNoSidewaysScroll(page);
});

test('nothing has to be scrolled sideways on a desktop at 200 % zoom', async ({ page }) => {
  await page.setViewportSize({ width: 1440, height: 900 });
  await openSorted(page);
  await page.setViewportSize({ width: 720, height: 450 });
  await expect(page.getByRole('region', { name: 'Waveforms' })).toBeVisible();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
});
