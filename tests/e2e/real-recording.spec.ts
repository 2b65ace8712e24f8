/** A recording of a real brain (locust antennal lobe, a tetrode, 15 kHz) through the app and a node. */
import { expect, test } from '@playwright/test';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createProject, dropFile, pair } from './app-steps.ts';
import { startNode } from './node-process.ts';

const recordings = process.env.DENDRO_RECORDINGS ?? resolve('../shared/recordings');
const locust = join(recordings, 'locust', 'locust_trial_01.raw');

test('a locust tetrode is previewed, sorted on the node, and its units open', async ({ page }) => {
  test.skip(!existsSync(locust), `no real recordings in ${recordings}`);
  const node = await startNode();
  try {
    await pair(page, node.pairingLink);
    await page.goto(node.url);
    await createProject(page, 'Locust');
    await dropFile(page, locust);
    await expect(page.getByRole('heading', { name: 'How are the samples laid out?' })).toBeVisible();
    await page.getByLabel('Channels', { exact: true }).fill('4');
    await page.getByLabel('Sampling rate').fill('15000');
    await page.getByLabel('Offset', { exact: true }).fill('-2056');
    await page.getByRole('button', { name: 'Open', exact: true }).click();
    await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible();
    await page.getByRole('link', { name: 'Jobs', exact: true }).first().click();
    await page.getByRole('link', { name: 'New job' }).first().click();
    await page.getByRole('button', { name: 'Submit job' }).click();
    await page.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 90_000 });
    const found = page.getByRole('status').filter({ hasText: /\d+\s+units found/ });
    await expect(found).toBeVisible();
    expect(Number(/(\d+)\s+units/.exec(await found.innerText())?.[1])).toBeGreaterThanOrEqual(2);
  } finally {
    await page.close();
    await node.stop();
    await node.remove();
  }
});
