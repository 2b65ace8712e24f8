/** The app without its node and without any network: the serving process is ended and the network link is down. */
import { expect, type Page, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addRawRecording,
  createProject,
  dropFile,
  expectJob,
  pair,
  waitForOfflineCopy,
  writeRawRecording
} from './app-steps.ts';
import { linkDown, linkUp } from './network-link.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let folder: string;
let recording: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
  recording = await writeRawRecording(folder, { seconds: 8 });
  node = await startNode();
});
test.afterAll(async () => {
  linkUp();
  await node.stop();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

/** Nothing comes from the node's address any more, past the service worker. */
async function expectNothingArrives(page: Page): Promise<void> {
  const arrived = await page.evaluate(() =>
    fetch(`/bulk/${'0'.repeat(32)}/0`, { cache: 'no-store' }).then(
      ({ status }) => status,
      () => 'nothing'
    )
  );
  expect(arrived).toBe('nothing');
}

/** Opens the recording's page; drops the file again where the browser does not read it by itself. */
async function openRecording(page: Page, address: string): Promise<void> {
  await page.goto(address);
  const traces = page.getByRole('figure', { name: 'Traces' });
  const asked = page.getByRole('heading', { name: /is not connected$/ });
  await expect(traces.or(asked)).toBeVisible();
  if (await asked.isVisible()) await dropFile(page, recording);
  await expect(traces).toBeVisible();
}

/** It takes the link from every test that runs beside it. */
const alone = { tag: '@link' };

test('all but the node itself goes on, and a job starts when it is back', alone, async ({ page }) => {
  await pair(page, node.pairingLink);
  await waitForOfflineCopy(page);
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  const overview = page.url();
  await addRawRecording(page, recording);
  const preview = page.url();
  await page.goto(`${overview}/jobs/new`);
  await expect(page.getByText('The node is connected.')).toBeVisible();

  const { port, data } = node;
  await node.stop();
  linkDown();
  await expectNothingArrives(page);

  await test.step('reload and deep links', async () => {
    await page.reload();
    for (const [path, heading] of [
      ['', 'Mouse 7'],
      ['/files', 'Files'],
      ['/jobs', 'Jobs'],
      ['/people', 'People'],
      ['/settings', 'Settings']
    ] as const) {
      await page.goto(overview + path);
      await expect(page.getByRole('heading', { name: new RegExp(heading), level: 1 })).toBeVisible();
    }
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });
  await test.step('names and notes', async () => {
    await page.goto(`${overview}/settings`);
    await page.getByLabel('Name', { exact: true }).fill('Mouse 7, day 3');
    await page.getByLabel('Name', { exact: true }).press('Enter');
    await page.goto(overview);
    await page.getByRole('textbox', { name: 'Notes' }).fill('Written on the train.');
    await expect(page.getByText('Saved here')).toBeVisible();
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Mouse 7, day 3', level: 1 })).toBeVisible();
    await expect(page.getByRole('textbox', { name: 'Notes' })).toHaveValue('Written on the train.');
  });
  await test.step('preview and sort in the tab', async () => {
    await openRecording(page, preview);
    await page.getByRole('button', { name: 'Sort', exact: true }).click();
    await expect(page.getByText(/^\s*[1-9]\d* units? found/)).toBeVisible({ timeout: 60_000 });
  });
  await test.step('a job', async () => {
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.getByRole('link', { name: 'New job' }).first().click();
    await expect(page.getByText(/^Starts when .* is reachable\.$/)).toBeVisible();
    await page.getByRole('button', { name: 'Submit job' }).click();
    await expectJob(page, 'waiting');
    await expectNothingArrives(page);
  });

  linkUp();
  node = await startNode({ port, data });
  await page.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
  await expect(page.getByRole('status').filter({ hasText: /[1-9]\d*\s+units? found/ })).toBeVisible();
});
