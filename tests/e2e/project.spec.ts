/** A project without any node: recordings, names, notes and jobs offline, after reloads, on every page. */
import { expect, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectAccessible } from './accessibility.ts';
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
  await expect(page.getByText('Saved here')).toBeVisible();
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

test('deleting says what goes too and is taken back, and history tells it and gives back earlier notes', async ({
  page
}) => {
  await page.goto(node.url);
  await createProject(page, 'Mouse 10');
  const overview = page.url();
  const notes = page.getByRole('textbox', { name: 'Notes' });
  await notes.fill('Two shanks.');
  await addRawRecording(page, recording);
  await page.goto(`${overview}/jobs/new`);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
  const job = page.url();
  await page.goto(`${overview}/files`);
  const row = page.getByRole('main').getByRole('listitem').filter({ hasText: 'shanks_32ch' });
  const remove = async () => {
    await row.getByRole('button', { name: /^More for/ }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await expect(page.getByRole('dialog').getByText('1 job also goes')).toBeVisible();
  };
  await remove();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row).toHaveCount(1);
  await remove();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(row).toHaveCount(0);
  await page.goto(job);
  await expect(page.getByText('This was deleted:')).toBeVisible();
  await page.goto(`${overview}/deleted`);
  await expect(page.getByText('with 1 job')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: /^Restore/ }).click();
  await expect(page.getByText('Nothing was deleted.')).toBeVisible();
  await page.goto(job);
  await expect(page.getByText('starts when a compute node is paired').first()).toBeVisible();

  await page.goto(overview);
  await notes.fill('Overwritten.');
  await expect(page.getByText('Saved here')).toBeVisible();
  await page.getByRole('link', { name: 'History' }).click();
  const items = page.getByRole('list', { name: 'What was done' }).getByRole('listitem');
  await expect(items.filter({ hasText: 'restored shanks_32ch' })).toHaveCount(2);
  await expectAccessible(page);
  await page.getByLabel('Search').fill('notes of');
  await expect(items).toHaveCount(2);
  await items
    .last()
    .getByRole('button', { name: /^As it was/ })
    .click();
  await expect(page.getByRole('dialog').getByText('Two shanks.')).toBeVisible();
  await page.getByRole('button', { name: 'Restore this' }).click();
  await page.goto(overview);
  await expect(notes).toHaveValue('Two shanks.');
});
