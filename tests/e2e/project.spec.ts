/** A project without any node: recordings, names, notes and jobs offline, after reloads, on every page. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addRawRecording,
  addRawRecordingByField,
  createProject,
  dropFile,
  waitForOfflineCopy,
  writeRawRecording
} from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let folder: string;
let recording: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
  recording = await writeRawRecording(folder, { seconds: 2 });
});
test.beforeEach(async () => {
  node = await startNode();
});
test.afterEach(async ({ page }) => {
  await page.close();
  await node.stop();
  await node.remove();
});
test.afterAll(async () => rm(folder, { recursive: true, force: true }));

test('goes on with the server ended: reload, deep link, names, notes, a job, the same file again', async ({
  page
}) => {
  await page.goto(node.url);
  await waitForOfflineCopy(page);
  await createProject(page, 'Mouse 7');
  const overview = page.url();
  await addRawRecordingByField(page, recording);
  const preview = page.url();
  await node.stop();

  await page.goto(overview);
  await page.getByRole('textbox', { name: 'Notes' }).fill('Two shanks, 2 s.');
  await expect(page.getByText('Saved here')).toBeVisible();
  await page.reload();
  await expect(page.getByRole('textbox', { name: 'Notes' })).toHaveValue('Two shanks, 2 s.');
  await page.goto(`${overview}/settings`);
  await page.getByLabel('Name', { exact: true }).fill('Mouse 7, day 3');
  await page.getByLabel('Name', { exact: true }).press('Enter');
  await page.goto(overview);
  await expect(page.getByRole('heading', { name: 'Mouse 7, day 3' })).toBeVisible();

  await page.goto(`${overview}/jobs/new`);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expect(page.getByText('starts when a compute node is paired').first()).toBeVisible();

  await page.goto(preview);
  await expect(page.getByRole('heading', { name: /is not connected$/ })).toBeVisible();
  await dropFile(page, recording);
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible();
});

test('a dropped file is read again after a reload while the browser permits it', async ({ page }) => {
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  await addRawRecording(page, recording);
  await page.reload();
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible();
});

test('another file in place of a recording is not taken for it', async ({ page }) => {
  const other = await writeRawRecording(folder, { seconds: 1, name: 'other_32ch_30kHz_int16.dat' });
  await page.goto(node.url);
  await createProject(page, 'Mouse 8');
  await addRawRecordingByField(page, recording);
  await page.reload();
  await expect(page.getByRole('heading', { name: /is not connected$/ })).toBeVisible();
  await dropFile(page, other);
  await expect(page.getByText('other_32ch_30kHz_int16.dat is not the file that was added.')).toBeVisible();
});

test('a changed parameter is marked, checked and put back', async ({ page }) => {
  await page.goto(node.url);
  await createProject(page, 'Mouse 9');
  const overview = page.url();
  await addRawRecording(page, recording);
  await page.goto(`${overview}/jobs/new`);
  const low = page.getByLabel('Band low', { exact: true });
  await low.fill('0');
  await expect(page.getByText('1 field needs a look')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Submit job' })).toBeDisabled();
  await low.fill('400');
  await expect(page.getByText('1 changed').first()).toBeVisible();
  await page.getByRole('button', { name: 'Reset Band low' }).click();
  await expect(low).toHaveValue('300');
  await expect(page.getByText('all at their defaults')).toBeVisible();
});

test('an unknown project says so', async ({ page }) => {
  await page.goto(`${node.url}/p/${'0'.repeat(64)}`);
  await expect(page.getByText('This project is not on this device.')).toBeVisible();
});

for (const colorScheme of ['light', 'dark'] as const)
  test(`axe finds nothing on the project’s pages, ${colorScheme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme });
    await page.goto(node.url);
    await createProject(page, 'Mouse 7');
    const overview = page.url();
    await expectAccessible(page);
    await addRawRecording(page, recording);
    const paths = ['', '/files', '/jobs', '/jobs/new', '/sortings', '/people', '/settings'];
    for (const path of paths) {
      await page.goto(overview + path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectAccessible(page);
    }
    for (const path of ['/', '/pair', '/me']) {
      await page.goto(node.url + path);
      await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
      await expectAccessible(page);
    }
  });

async function expectAccessible(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(
    violations.map(({ id, nodes }) => `${page.url()} ${id}: ${nodes.map(({ html }) => html).join(' ')}`)
  ).toEqual([]);
}
