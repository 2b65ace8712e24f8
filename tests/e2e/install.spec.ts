/** The app as something to install, and what it says where no browser would let it work. */
import { chromium, expect, test } from '@playwright/test';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromiumLaunch } from '../chromium.ts';
import { waitForOfflineCopy } from './app-steps.ts';
import { startNode } from './node-process.ts';

test('the browser finds nothing against installing the app', async () => {
  const node = await startNode();
  const profile = await mkdtemp(join(tmpdir(), 'dendro-profile-'));
  const context = await chromium.launchPersistentContext(profile, chromiumLaunch);
  const page = await context.newPage();
  await page.goto(node.url);
  await waitForOfflineCopy(page);
  const session = await context.newCDPSession(page);
  const { installabilityErrors } = await session.send('Page.getInstallabilityErrors');
  expect(installabilityErrors).toEqual([]);
  await context.close();
  await node.stop();
  await node.remove();
  await rm(profile, { recursive: true });
});

test('by plain HTTP from another machine the page says how to open it instead', async ({ page }) => {
  const node = await startNode({ args: ['--host', '0.0.0.0', '--public-url', 'http://10.77.0.1:4317'] });
  await page.goto(`http://10.77.0.1:${node.port}/`);
  await expect(page.getByRole('heading', { name: 'Open Dendro by a secure address' })).toBeVisible();
  await expect(page.getByText('http://localhost:4317')).toBeVisible();
  await page.close();
  await node.stop();
  await node.remove();
});
