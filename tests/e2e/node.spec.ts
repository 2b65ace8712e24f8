/** A person, a project and a compute node: pairing, jobs by each way of the bytes, results, offline, cancel, failure. */
import { expect, type Page, test } from '@playwright/test';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import {
  addRawRecording,
  createProject,
  dropFile,
  expectJob,
  pair,
  waitForOfflineCopy,
  writeRawRecording
} from './app-steps.ts';
import { expectAccessible } from './accessibility.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let folder: string;
let recording: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
  recording = await writeRawRecording(folder, { seconds: 10 });
});
test.afterAll(async () => rm(folder, { recursive: true, force: true }));
test.beforeEach(async () => {
  node = await startNode();
});
test.afterEach(async ({ page }) => {
  await page.close();
  await node.stop();
  await node.remove();
});

/** A project with the recording in it; ends on the form of a new job. */
async function projectWithRecording(page: Page): Promise<void> {
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  await addRawRecording(page, recording);
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('link', { name: 'New job' }).first().click();
  await expect(page.getByRole('heading', { name: 'New job' })).toBeVisible();
}

async function submit(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Submit job' }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
}

async function expectUnits(page: Page): Promise<void> {
  await page.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
  await expect(page.getByRole('status').filter({ hasText: /\d+\s+units found/ })).toBeVisible();
  await expect(page.getByRole('grid')).toBeVisible();
  for (const name of ['Traces', 'Autocorrelograms', 'Firing rates'])
    await expect(page.getByRole('figure', { name })).toBeVisible({ timeout: 60_000 });
}

test('a job runs on the paired node, and its units open by themselves', async ({ page }) => {
  await pair(page, node.pairingLink);
  expect(new URL(page.url()).hash).toBe('');
  await projectWithRecording(page);
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await submit(page);
  await expectUnits(page);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const path = await (await saved).path();
  expect((await stat(path)).size).toBeGreaterThan(10_000);

  await page.goto(`${page.url().replace(/\/sortings.*/, '')}/jobs`);
  await page.getByRole('main').getByRole('link').filter({ hasText: 'Sort shanks' }).click();
  await expect(page.getByRole('log')).toContainText('32 channels, 10.0 s at 30000 Hz');

  await page.getByRole('button', { name: /^More for / }).click();
  await page.getByRole('menuitem', { name: /^Delete/ }).click();
  await page
    .getByRole('dialog')
    .getByRole('button', { name: /^Delete/ })
    .click();
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.goto(`${page.url().replace(/\/jobs.*/, '')}/settings`);
  const kept = page.getByText(/keeps 2 files of what was deleted/);
  await expect(kept).toBeVisible();
  const storedFiles = () => readdir(join(node.data, 'files'));
  const before = (await storedFiles()).length;
  await page.getByRole('button', { name: /^Free .* there$/ }).click();
  await expectAccessible(page);
  await page.getByRole('dialog').getByRole('button', { name: /^Free/ }).click();
  await expect(kept).toHaveCount(0);
  expect(await storedFiles()).toHaveLength(before - 2);
});

test('an NWB recording goes the same way, its session carried over into the result', async ({ page }) => {
  const nwb = join(folder, 'mouse7.nwb');
  const { source, readCounts } = generateRecording({ ...demonstrationSpec, seconds: 6 });
  const counts = readCounts(0, source.info.sampleCount);
  const metadata = { Subject: { subject_id: 'M7' } };
  const fileCreateDate = '2026-01-01T00:00:00+00:00';
  await writeFile(nwb, await writeRecordingNwb({ recording: source.info, counts, metadata, fileCreateDate }));
  await pair(page, node.pairingLink);
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  await dropFile(page, nwb);
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible({ timeout: 60_000 });
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('link', { name: 'New job' }).first().click();
  await submit(page);
  await expectUnits(page);
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download' }).click();
  const result = await openNwb(memorySource(await readFile(await (await saved).path())));
  expect(result.metadata.Subject).toEqual({ subject_id: 'M7' });
  expect(result.readSorting()?.units.length).toBeGreaterThan(5);
  result.close();
});

test('the bytes go over the data channel when that is asked for', async ({ page }) => {
  await pair(page, node.pairingLink);
  await page.getByRole('link', { name: 'People', exact: true }).first().click();
  await page.getByRole('main').locator('a[href^="/nodes/"]').first().click();
  await page.getByLabel('Always send bytes over the peer connection').check();
  const bulkRequests: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/bulk/')) bulkRequests.push(request.url());
  });
  await projectWithRecording(page);
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await submit(page);
  await expectUnits(page);
  expect(bulkRequests).toEqual([]);
});

test('a recording that the node shares is read there, unless it is another one of that name', async ({
  page
}) => {
  const shared = await mkdtemp(join(tmpdir(), 'dendro-shared-'));
  await mkdir(join(shared, 'day3'));
  await copyFile(recording, join(shared, 'day3', basename(recording)));
  await node.stop();
  await node.remove();
  node = await startNode({ args: ['--share', shared] });
  const pulled: string[] = [];
  page.on('request', (request) => {
    if (new URL(request.url()).pathname.startsWith('/bulk/')) pulled.push(request.method());
  });
  await pair(page, node.pairingLink);
  await projectWithRecording(page);
  await expect(page.getByText(`day3/${basename(recording)}`)).toBeVisible();
  await submit(page);
  await expectUnits(page);
  expect(pulled).not.toContain('PUT');

  const other = await readFile(recording);
  other.fill(1, 0, 64);
  await writeFile(join(shared, 'day3', basename(recording)), other);
  await page.goto(`${page.url().replace(/\/sortings.*/, '')}/jobs/new`);
  await expect(page.getByText(`day3/${basename(recording)}`)).toBeVisible();
  await page.getByLabel('Seed').fill('7');
  await submit(page);
  await expectUnits(page);
  expect(pulled).toContain('PUT');
  await rm(shared, { recursive: true, force: true });
});

test('a job that is asked for while the node is away starts by itself when it is back', async ({ page }) => {
  await pair(page, node.pairingLink);
  await waitForOfflineCopy(page);
  await projectWithRecording(page);
  const { port, data } = node;
  await node.stop();
  await expect(page.getByText(/^Starts when .* is reachable\.$/)).toBeVisible();
  await submit(page);
  await expectJob(page, 'waiting');
  await expect(page.getByText(/starts when .* is reachable/).first()).toBeVisible();
  node = await startNode({ port, data });
  await expectUnits(page);
});

test('a job that was asked for before any node was known goes to the first one', async ({ page }) => {
  await projectWithRecording(page);
  await submit(page);
  await expect(page.getByText('starts when a compute node is paired')).toBeVisible();
  const job = page.url();
  await page.goto(node.pairingLink);
  await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await page.goto(job.replace(/\/jobs\/.*/, '/people'));
  await page.getByRole('button', { name: 'Add to the project' }).click();
  await page.goto(job);
  await expectUnits(page);
});

test('a job is cancelled', async ({ page }) => {
  await pair(page, node.pairingLink);
  await projectWithRecording(page);
  await submit(page);
  await page.getByRole('button', { name: 'Cancel job' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click();
  await expectJob(page, 'cancelled');
  await expect(page.getByRole('button', { name: 'Retry', exact: true })).toBeVisible();
  await page.getByRole('button', { name: 'Retry', exact: true }).click();
  await expectUnits(page);
});

test('a job whose recording changed fails and says why', async ({ page }) => {
  const changing = await writeRawRecording(folder, { seconds: 2, name: 'changing_32ch_30kHz_int16.dat' });
  await pair(page, node.pairingLink);
  await page.goto(node.url);
  await createProject(page, 'Changing');
  await addRawRecording(page, changing);
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('link', { name: 'New job' }).first().click();
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await truncate(changing, 30_000 * 64);
  await submit(page);
  await expectJob(page, 'failed');
  await expect(page.getByRole('heading', { name: 'Why it failed' })).toBeVisible();
  await expect(page.getByText(/changed/).first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Change and retry' })).toBeVisible();
});

test('a used, a broken and an unanswered link each say what is wrong', async ({ page, context }) => {
  await pair(page, node.pairingLink);
  const other = await context.browser()?.newContext();
  const second = await other?.newPage();
  if (!other || !second) throw new Error('no second browser');
  await second.goto(node.pairingLink);
  await expect(second.getByText('This pairing link was used before; each works once.')).toBeVisible();
  await second.goto(`${node.url}/pair`);
  await second.getByLabel('Pairing link').fill(`${node.url}/pair#abc`);
  await second.getByRole('button', { name: 'Pair', exact: true }).click();
  await expect(second.getByText('This is no pairing link, or a part of it is missing.')).toBeVisible();
  await other.close();
});
