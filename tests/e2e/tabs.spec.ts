/** One project in two tabs of one browser: only one holds the connections, and both show and do the same. */
import { expect, type Page, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addRawRecording, createProject, expectJob, pair, writeRawRecording } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let folder: string;
let recording: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
  recording = await writeRawRecording(folder, { seconds: 30 });
});
test.afterAll(async () => rm(folder, { recursive: true, force: true }));
test.beforeEach(async () => {
  node = await startNode();
});
test.afterEach(async ({ context }) => {
  await context.close();
  await node.stop();
  await node.remove();
});

/** A project with the recording and the node in it. @returns its address */
async function projectInTab(page: Page): Promise<string> {
  await pair(page, node.pairingLink);
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  const project = page.url();
  await addRawRecording(page, recording);
  await page.getByRole('link', { name: 'People', exact: true }).first().click();
  await page.getByRole('button', { name: 'Add to the project' }).click();
  await expectNodeConnected(page);
  return project;
}

async function expectNodeConnected(page: Page): Promise<void> {
  await expect(
    page
      .getByRole('main')
      .getByText(/^connected$/i)
      .first()
  ).toBeVisible();
}

async function submitIn(page: Page, project: string): Promise<void> {
  await page.goto(`${project}/jobs/new`);
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await page.getByRole('button', { name: 'Submit job' }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
}

/** The sockets that a tab opens: one that does not hold the connections has none. */
function socketsOf(page: Page): string[] {
  const sockets: string[] = [];
  page.on('websocket', (socket) => sockets.push(socket.url()));
  return sockets;
}

async function expectUnits(page: Page): Promise<void> {
  await page.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
  await expect(page.getByRole('status').filter({ hasText: /\d+\s+units found/ })).toBeVisible();
}

test('the second tab sees the node, submits, follows the job and gets its units', async ({ context }) => {
  const first = await context.newPage();
  const project = await projectInTab(first);
  const second = await context.newPage();
  const sockets = socketsOf(second);
  await second.goto(`${project}/people`);
  await expectNodeConnected(second);
  await submitIn(second, project);
  await expectJob(second, 'running');
  await expect(second.getByRole('progressbar')).toBeVisible();
  await expectUnits(second);
  expect(sockets).toEqual([]);
});

test('a second tab cancels a job and has it tried again', async ({ context }) => {
  const first = await context.newPage();
  const project = await projectInTab(first);
  const second = await context.newPage();
  const sockets = socketsOf(second);
  await submitIn(second, project);
  await second.getByRole('button', { name: 'Cancel job' }).click();
  await second.getByRole('dialog').getByRole('button', { name: 'Cancel job' }).click();
  await expectJob(second, 'cancelled');
  await second.getByRole('button', { name: 'Retry', exact: true }).click();
  await expectJob(second, 'running');
  expect(sockets).toEqual([]);
});

test('a second tab takes over when the first is closed while a job runs', async ({ context }) => {
  const first = await context.newPage();
  const project = await projectInTab(first);
  const second = await context.newPage();
  const sockets = socketsOf(second);
  await submitIn(second, project);
  await expectJob(second, 'running');
  expect(sockets).toEqual([]);
  await first.close();
  await expectUnits(second);
  expect(sockets.length).toBeGreaterThan(0);
  await second.goto(`${project}/people`);
  await expectNodeConnected(second);
});

test('what one tab pairs with and makes is there in the other, without a reload', async ({ context }) => {
  const first = await context.newPage();
  await first.goto(node.url);
  await createProject(first, 'Mouse 7');
  await first.getByRole('link', { name: 'People', exact: true }).first().click();
  await expect(first.getByRole('link', { name: 'Pair with a node' })).toBeVisible();

  const second = await context.newPage();
  await pair(second, node.pairingLink);
  await first.getByRole('button', { name: 'Add to the project' }).click();
  await expectNodeConnected(first);

  await first.getByRole('link', { name: 'Dendro, home' }).click();
  const projects = first.getByRole('main').locator('a[href^="/p/"]');
  await expect(projects).toHaveCount(2);
  await second.getByRole('link', { name: 'Dendro, home' }).click();
  await expect(second.getByRole('main').locator('a[href^="/p/"]')).toHaveCount(2);
  await second.getByRole('link', { name: 'Mouse 7' }).click();
  await second.getByRole('link', { name: 'Settings' }).click();
  await second.getByRole('button', { name: 'Remove from this device' }).click();
  await second
    .getByRole('dialog')
    .getByRole('button', { name: /^Remove/ })
    .click();
  await expect(projects).toHaveCount(1);
});
