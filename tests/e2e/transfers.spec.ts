/** A large recording on its way from a real page to a real node, broken off after half: only what was under way is sent again. */
import { expect, type Page, test } from '@playwright/test';
import { randomFillSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { contentRoot } from '#lib/bytes/content-root.ts';
import { addRawRecording, createProject, dropFile, goToPeople, pair } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';

const mebibyte = 1024 * 1024;
const size = 72 * mebibyte;

let folder: string;
let recording: string;
let root: string;
let node: NodeProcess;

test.beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dendro-e2e-'));
  recording = join(folder, 'noise_32ch_30kHz_int16.dat');
  const bytes = randomFillSync(new Uint8Array(size));
  await writeFile(recording, bytes);
  root = await contentRoot(memorySource(bytes));
});
test.afterAll(async () => rm(folder, { recursive: true, force: true }));
test.beforeEach(async () => {
  node = await startNode();
});
test.afterEach(async ({ page }) => {
  await page.close();
  await node.kill();
  await node.remove();
});

interface Wire {
  /** Resolves when half of the recording has been handed to the network. */
  half: Promise<unknown>;
  /** Bytes handed to the network in this tab by PUT, data channels and WebSockets, over all reloads. */
  sent(): Promise<number>;
}

/** Watches what the page sends, at the browser's own interfaces. A PUT at half waits until `atHalf` is done. */
async function watchWire(page: Page, atHalf: () => Promise<void> = async () => {}): Promise<Wire> {
  const half = Promise.withResolvers<undefined>();
  await page.exposeFunction('atHalf', async () => {
    await atHalf();
    half.resolve(undefined);
  });
  await page.addInitScript((halfBytes) => {
    const count = async (bytes: number) => {
      const sent = Number(sessionStorage.getItem('sent') ?? 0) + bytes;
      sessionStorage.setItem('sent', String(sent));
      if (sent < halfBytes || sessionStorage.getItem('half')) return;
      sessionStorage.setItem('half', 'passed');
      await (globalThis as unknown as { atHalf(): Promise<void> }).atHalf();
    };
    const lengthOf = (data: unknown) =>
      data instanceof Blob ? data.size : ((data as ArrayBuffer).byteLength ?? String(data).length);
    const plainFetch = globalThis.fetch;
    globalThis.fetch = async (input, init) => {
      if (init?.method === 'PUT') await count(lengthOf(init.body));
      return plainFetch(input, init);
    };
    for (const { prototype } of [RTCDataChannel, WebSocket]) {
      const send = prototype.send as (data: unknown) => void;
      prototype.send = function (this: unknown, data: unknown) {
        void count(lengthOf(data));
        send.call(this, data);
      };
    }
  }, size / 2);
  return {
    half: half.promise,
    sent: () => page.evaluate(() => Number(sessionStorage.getItem('sent')))
  };
}

async function alwaysByChannel(page: Page): Promise<void> {
  await goToPeople(page);
  await page.getByRole('main').locator('a[href^="/nodes/"]').first().click();
  await page.getByLabel('Always send bytes over the peer connection').check();
}

async function submitJob(page: Page): Promise<void> {
  await page.goto(node.url);
  await createProject(page, 'Noise');
  await addRawRecording(page, recording);
  await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
  await page.getByRole('link', { name: 'New job' }).first().click();
  await expect(page.getByText('The node is connected.')).toBeVisible();
  await page.getByRole('button', { name: 'Submit job' }).click();
  await page.waitForURL(/\/jobs\/[0-9a-f]{32}$/);
}

/** The node has the recording under its root, and few bytes went twice. */
async function expectArrived(wire: Wire): Promise<void> {
  await expect.poll(() => existsSync(join(node.data, 'files', root)), { timeout: 60_000 }).toBe(true);
  const sent = await wire.sent();
  expect(sent).toBeGreaterThanOrEqual(size);
  expect(sent - size).toBeLessThanOrEqual(8 * mebibyte);
}

for (const carrier of ['HTTP', 'the data channel'])
  test(`resumes over ${carrier} after the node was killed at half`, async ({ page }) => {
    const { port, data } = node;
    const wire = await watchWire(page, () => node.kill());
    await pair(page, node.pairingLink);
    if (carrier !== 'HTTP') await alwaysByChannel(page);
    await submitJob(page);
    await wire.half;
    expect(existsSync(join(data, 'files', root))).toBe(false);
    node = await startNode({ port, data });
    await expectArrived(wire);
  });

test('resumes after the tab was reloaded at half', async ({ page }) => {
  const wire = await watchWire(page);
  await pair(page, node.pairingLink);
  await alwaysByChannel(page);
  await submitJob(page);
  await wire.half;
  await page.reload();
  const asked = page.getByRole('button', { name: 'Reconnect' });
  await expect(asked.or(page.locator('[data-job-phase="sending"]')).first()).toBeVisible();
  if (await asked.isVisible()) await dropFile(page, recording);
  await expectArrived(wire);
});
