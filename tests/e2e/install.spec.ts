/** The app as something to install. */
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
