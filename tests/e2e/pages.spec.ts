/**
 * Every page in every state that a person meets: axe finds nothing and nothing scrolls sideways at 320 px. With
 * DENDRO_PICTURES=1 in light and dark, on phone and desktop, with pictures (they are looked at, not compared).
 */
import { type BrowserContext, expect, type Page, test } from '@playwright/test';
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { addRawRecording, createProject, dropFile, expectJob, pair, writeRawRecording } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';
import { PageLooks } from './page-looks.ts';

let folder: string;
let node: NodeProcess;
let context: BrowserContext;
let page: Page;
let overview: string;
/** Long enough that its job can be looked at while it runs. */
let recording: string;

test.beforeAll(async ({ browser }) => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-pages-'));
  recording = await writeRawRecording(folder, { seconds: 30 });
  node = await startNode();
  context = await browser.newContext();
  page = await context.newPage();
});
test.afterAll(async () => {
  await context.close();
  await node.stop();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

test('every page is accessible and fits a narrow screen', async () => {
  test.setTimeout(360_000);
  looks = new PageLooks(page, test.info());
  await test.step('the first visit, and pages that need nothing', lookAtFirstVisit);
  await test.step('a project as a whole', lookAtWholeProject);
  await test.step('a recording without a project', lookAtRecordingWithoutProject);
  await test.step('a project before anything is in it', lookAtEmptyProject);
  await test.step('a recording in a project, and its job', lookAtRecordingAndJob);
  await test.step('a job that failed', lookAtFailedJob);
  await test.step('a project with all of it', lookAtFullProject);
});

let looks: PageLooks;
const look = (name: string) => looks.look(name);
const heading = (name: string | RegExp) => page.getByRole('heading', { name, level: 1 });

async function visit(path: string, title: string | RegExp): Promise<void> {
  await page.goto(path);
  await expect(heading(title)).toBeVisible();
}

/** Traces are drawn, and the recording's noise has been measured. */
async function expectTraces(): Promise<void> {
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('measuring noise')).toHaveCount(0, { timeout: 60_000 });
}

async function expectSorting(): Promise<void> {
  await expect(page.getByRole('grid', { name: 'Units' })).toBeVisible({ timeout: 60_000 });
  for (const name of ['Traces', 'Waveforms', 'Autocorrelograms', 'Firing rates', 'Raster', 'Probe'])
    await expect(page.getByRole('figure', { name })).toBeVisible({ timeout: 60_000 });
}

async function lookAtFirstVisit(): Promise<void> {
  await page.goto(node.url);
  await expectTraces();
  await look('home-first-visit');
  await visit(`${node.url}/me`, 'You and this device');
  await expect(page.getByLabel('Your name')).toBeVisible();
  await look('me');
  await visit(`${node.url}/pair`, 'Pair with a compute node');
  await look('pair');
  await page.getByLabel('Pairing link').fill(`${node.url}/pair#abc`);
  await page.getByRole('button', { name: 'Pair', exact: true }).click();
  await expect(page.getByRole('alert')).toBeVisible();
  await look('pair-refused');
  await visit(`${node.url}/no-such-page`, 'There is no such page');
  await look('not-found');
  await page.goto(`${node.url}/p/${'0'.repeat(64)}`);
  await expect(page.getByText('This project is not on this device.')).toBeVisible();
  await look('project-unknown');
}

async function lookAtWholeProject(): Promise<void> {
  await page.goto(node.url);
  await createProject(page, 'Mouse 6');
  const project = page.url();
  await page.getByRole('button', { name: 'Edit' }).click();
  await page
    .getByRole('textbox', { name: 'Description' })
    .fill(
      '# CA1\n\nTwo **shanks**, see [the lab](https://lab.example/).\n\n* `32` channels\n\n> as told\n\n    code'
    );
  await page.getByRole('textbox', { name: 'Tag' }).fill('hippocampus');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await look('project-description-editing');
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'CA1' })).toBeVisible();
  await look('project-described');
  await visit(`${project}/settings`, 'Settings');
  await page.getByRole('button', { name: 'Export the project' }).click();
  await expect(page.getByRole('dialog')).toBeVisible();
  await look('project-export');
  await page.getByRole('button', { name: 'Not now' }).click();
  await page.getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('complementary', { name: 'Archived' })).toBeVisible();
  await look('project-archived');
  await page.goto(node.url);
  await expectTraces();
  await page.getByText('Archived (1)').click();
  await look('home-archived');
  const broken = join(folder, 'broken.dendro');
  await writeFile(broken, 'no project');
  await dropFile(page, broken);
  await expect(page.getByRole('dialog', { name: 'The project was not imported' })).toBeVisible();
  await look('import-refused');
  await visit(`${project}/settings`, 'Settings');
  await page.getByRole('button', { name: 'Delete for everybody' }).click();
  await look('project-delete');
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Type the project’s name to confirm').fill('Mouse 6');
  await dialog.getByRole('button', { name: 'Delete for everybody' }).click();
  await expect(page.getByText(/deleted this project for everybody on /)).toBeVisible();
  await look('project-deleted');
  await page.getByRole('button', { name: 'Remove from this device' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.waitForURL(`${node.url}/`);
}

async function lookAtRecordingWithoutProject(): Promise<void> {
  await visit(`${node.url}/open`, 'Drop a recording here');
  await look('open-chooser');

  const { source, readCounts } = generateRecording(tetrodeSpec(5, 8));
  const nwb = join(folder, 'two-series.nwb');
  const bytes = await writeRecordingNwb({
    recording: source.info,
    counts: readCounts(0, source.info.sampleCount),
    metadata: { NWBFile: { session_description: 'a generated tetrode', lab: 'Test lab' } },
    fileCreateDate: '2026-01-01T00:00:00+00:00',
    seriesNames: ['ElectricalSeriesAP', 'ElectricalSeriesLF']
  });
  await writeFile(nwb, bytes);
  await dropFile(page, nwb);
  await expect(heading('Which recording?')).toBeVisible();
  await look('open-series');

  await dropFile(page, recording);
  await expect(heading('How are the samples laid out?')).toBeVisible();
  await look('open-raw');

  await dropFile(page, nwb);
  await page.getByRole('button', { name: /ElectricalSeriesAP/ }).click();
  await expectTraces();
  await look('open-unsorted');
  await page.getByRole('tab', { name: 'Info' }).click();
  await look('open-info');
  await page.getByRole('tab', { name: 'Sort' }).click();
  await page.getByRole('button', { name: 'Sort', exact: true }).click();
  await expectSorting();
  await look('open-sorted');
}

async function lookAtEmptyProject(): Promise<void> {
  await pair(page, node.pairingLink);
  await page.goto(node.url);
  await createProject(page, 'Mouse 7, day 3');
  overview = page.url();
  await look('project-empty');
  for (const part of ['files', 'jobs', 'sortings'])
    await visit(`${overview}/${part}`, /./).then(() => look(`${part}-empty`));
  await visit(`${overview}/files/new`, 'Add a recording');
  await look('file-new');
}

async function lookAtRecordingAndJob(): Promise<void> {
  await visit(overview, 'Mouse 7, day 3');
  await addRawRecording(page, recording);
  await expectTraces();
  await look('file');
  await visit(`${overview}/jobs/new`, 'New job');
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await look('job-new');
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expectJob(page, 'running');
  await look('job-running');
  await page.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
  await expectSorting();
  await look('sorting');
  const sorting = page.url();
  await visit(`${overview}/sortings`, /./);
  await look('sortings');
  await page.goto(sorting);
}

async function lookAtFailedJob(): Promise<void> {
  const changing = await writeRawRecording(folder, { seconds: 2, name: 'changing_32ch_30kHz_int16.dat' });
  await visit(overview, 'Mouse 7, day 3');
  await addRawRecording(page, changing);
  const added = new URL(page.url()).pathname.split('/').at(-1);
  await visit(`${overview}/jobs/new?file=${added}`, 'New job');
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await truncate(changing, 30_000 * 64);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expectJob(page, 'failed');
  await expect(page.getByRole('heading', { name: 'Why it failed' })).toBeVisible();
  await look('job-failed');
}

async function lookAtFullProject(): Promise<void> {
  for (const part of ['files', 'jobs', 'people', 'history', 'deleted', 'settings']) {
    await visit(`${overview}/${part}`, /./);
    await look(part);
  }
  await page.goto(`${overview}/jobs`);
  await page
    .getByRole('main')
    .getByRole('link')
    .filter({ has: page.locator('[data-job-phase="done"]') })
    .click();
  await expect(page.getByRole('link', { name: 'Open units' })).toBeVisible();
  await look('job-done');
  await visit(overview, 'Mouse 7, day 3');
  await look('project');
  await page.goto(node.url);
  await expect(page.getByRole('link', { name: /^Mouse 7, day 3/ })).toBeVisible();
  await expectTraces();
  await look('home');
  await page.locator('a[href^="/nodes/"]').first().click();
  await expect(heading(/./)).toBeVisible();
  await look('node');
}
