/** What strangers and mishaps do at the node's door and in the browser: each ends in a clear message, and nothing else breaks. */
import { expect, type Page, test } from '@playwright/test';
import { once } from 'node:events';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatPairingLink, parsePairingLink } from '#lib/identity/links.ts';
import { addRawRecording, createProject, expectJob, pair, writeRawRecording } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let folder: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
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
async function newJob(page: Page, recording: string): Promise<void> {
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  await addRawRecording(page, recording);
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('link', { name: 'New job' }).first().click();
  await expect(page.getByText('The node is connected.')).toBeVisible();
}

test('a wrong and an expired pairing link say so, and the right one still pairs', async ({ page }) => {
  const { origin } = new URL(node.pairingLink);
  const link = parsePairingLink(node.pairingLink);
  await page.goto(formatPairingLink(origin, { ...link, expires: Date.now() - 48 * 3_600_000 }));
  await expect(page.getByText('The pairing link has expired.', { exact: true })).toBeVisible();
  await expect(page.getByText(/npx dendro node pair/).first()).toBeVisible();
  await page.goto(`${node.url}/`);
  await page.goto(formatPairingLink(origin, { ...link, secret: 'A'.repeat(22) }));
  await expect(page.getByRole('heading', { name: 'That did not work' })).toBeVisible({ timeout: 60_000 });
  await page.goto(`${node.url}/`);
  await pair(page, node.pairingLink);
});

test('a page of another origin reaches neither the node’s files nor its sockets', async ({ page }) => {
  const stranger = createServer((_, response) =>
    response.writeHead(200, { 'Content-Type': 'text/html' }).end('<title>stranger</title>')
  );
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  await page.goto(`http://localhost:${(stranger.address() as { port: number }).port}/`);
  const reached = await page.evaluate(
    async ({ url, port }) => {
      const socket = (path: string) =>
        new Promise((resolve) => {
          const opened = new WebSocket(`ws://localhost:${port}${path}`);
          opened.onopen = () => resolve('open');
          opened.onerror = () => resolve('refused');
        });
      const fetched = await fetch(`${url}/manifest.webmanifest`).then(
        () => 'read',
        () => 'refused'
      );
      return [fetched, await socket('/signal'), await socket('/peer')];
    },
    { url: node.url, port: node.port }
  );
  expect(reached).toEqual(['refused', 'refused', 'refused']);
  stranger.closeAllConnections();
  stranger.close();
});

test('a job whose recording vanished fails and says so', async ({ page }) => {
  const vanishing = await writeRawRecording(folder, { seconds: 2, name: 'gone_32ch_30kHz_int16.dat' });
  await pair(page, node.pairingLink);
  await newJob(page, vanishing);
  await rm(vanishing);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expectJob(page, 'failed');
  await expect(
    page
      .getByRole('alert')
      .getByText(/gone_32ch_30kHz_int16\.dat|changed|moved/)
      .first()
  ).toBeVisible();
  await expect(page.getByRole('alert').getByText('The recording was not changed.')).toBeVisible();
});

test('a browser without space leaves the result on the node and says what to do', async ({ page }) => {
  const recording = await writeRawRecording(folder, { seconds: 5 });
  await pair(page, node.pairingLink);
  await newJob(page, recording);
  const session = await page.context().newCDPSession(page);
  const { usage } = await session.send('Storage.getUsageAndQuota', { origin: node.url });
  await session.send('Storage.overrideQuotaForOrigin', { origin: node.url, quotaSize: usage + 4096 });
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expect(page.getByText(/There is not enough space for it on this device/).first()).toBeVisible({
    timeout: 60_000
  });
  await expect(page.getByText('Done on the node').first()).toBeVisible();
  await expect(page.getByRole('link', { name: 'Free space' })).toBeVisible();
  expect(readdirSync(join(node.data, 'files'))).toHaveLength(3);

  await session.send('Storage.overrideQuotaForOrigin', { origin: node.url });
  await page.getByRole('button', { name: /^Fetch/ }).click();
  await page.waitForURL(/\/sortings\/[0-9a-f]{32}/);
  await expect(page.getByText(/units? found/)).toBeVisible();
});

test('a tab that crashes in mid-job finds one result when it is opened again', async ({ page, context }) => {
  const recording = await writeRawRecording(folder, { seconds: 10 });
  await pair(page, node.pairingLink);
  await newJob(page, recording);
  await page.getByRole('button', { name: 'Submit job' }).click();
  await expectJob(page, 'running');
  const job = page.url();
  const crashed = page.waitForEvent('crash');
  const session = await context.newCDPSession(page);
  session.send('Page.crash').catch(() => {});
  await crashed;

  const again = await context.newPage();
  await again.goto(job);
  await again.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
  await again.goto(job.replace(/\/jobs\/.*/, '/sortings'));
  await expect(again.getByRole('main').locator('a[href*="/sortings/"]')).toHaveCount(1);
  expect(readdirSync(join(node.data, 'files'))).toHaveLength(3);
  for (const place of ['jobs', 'temporary', 'arriving'])
    expect(existsSync(join(node.data, place)) ? readdirSync(join(node.data, place)) : []).toEqual([]);
});
