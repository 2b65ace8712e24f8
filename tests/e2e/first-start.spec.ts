/** What a newcomer meets: the first start with its demonstration, by the link and by the bare address, and later starts. */
import { expect, type Page, test } from '@playwright/test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeProcess, startNode } from './node-process.ts';

// One node and one browser profile for the whole file: later tests are later visits.
test.describe.configure({ mode: 'serial' });

let node: NodeProcess;
let page: Page;

test.beforeAll(async ({ browser }) => {
  node = await startNode({ demo: true });
  page = await browser.newPage();
});
test.afterAll(async () => {
  await page.close();
  await node.stop();
  await node.remove();
});

/** `dendro serve` to its end. */
async function serve(...args: string[]) {
  const child = spawn(process.execPath, ['bin/dendro.js', 'serve', ...args]);
  const text = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text.stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, ...text };
}

const tracesWithPeaks = (on: Page) =>
  on.getByRole('figure', { name: 'Traces', description: /channels from .* [1-9]\d* detected peaks marked/ });
const home = () => page.goto(node.url);
const openDemonstration = () => page.getByRole('link', { name: /^Demonstration/ }).click();

test('the printed link pairs the browser and leads to the demonstration', async () => {
  expect(node.pairingLink).toContain(`http://localhost:${node.port}/pair#`);
  await page.goto(node.pairingLink);
  await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Demonstration');
  expect(new URL(page.url()).hash).toBe('');
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible();
});

test('the recording’s traces stand while the node still works on it', async () => {
  await page
    .getByRole('main')
    .getByRole('link', { name: /demonstration\.dat/ })
    .first()
    .click();
  await expect(tracesWithPeaks(page)).toBeVisible();
});

test('the bare address, not paired, shows live traces of the same demonstration', async ({ browser }) => {
  const stranger = await browser.newPage();
  await stranger.goto(node.url);
  await expect(stranger.getByRole('heading', { level: 1 })).toHaveText(/Sort spikes in your browser/);
  await expect(tracesWithPeaks(stranger)).toBeVisible();
  await expect(stranger.getByText('32 channels on two shanks, 18 known units')).toBeVisible();
  await expect(
    stranger.getByText('A project keeps recordings, jobs, units and notes together')
  ).toBeVisible();
  await stranger.close();
});

test('the node says what it found, and the page the same, each unit next to its truth', async () => {
  const [, units, found, all] = await node.printed(/(\d+) units found, (\d+) of (\d+) true units/);
  expect(Number(all)).toBe(18);
  expect(Number(found)).toBeGreaterThanOrEqual(15);
  await home();
  await openDemonstration();
  await page
    .getByRole('main')
    .getByRole('link', { name: /demonstration-sorted\.nwb/ })
    .first()
    .click();
  await expect(page.getByText(`${units} units found, ${found} of ${all} true ones`)).toBeVisible();
  const table = page.getByRole('grid');
  await expect(table.getByRole('columnheader', { name: /True/ }).first()).toBeVisible();
  await expect(table.getByRole('columnheader', { name: 'Class' })).toBeVisible();
  await expect(table.getByRole('row')).toHaveCount(Number(units) + 1);
});

test('a second serve on the same data prints a link to the node that runs', async () => {
  const second = await serve('--port', String(node.port), '--data', node.data);
  expect(second.code).toBe(0);
  expect(second.stdout).toContain(
    `already runs on ${node.data}; the app is at http://localhost:${node.port}`
  );
  const link = /http:\S+\/pair#\S+/.exec(second.stdout)?.[0];
  expect(link).not.toBe(node.pairingLink);
});

test('a port that another program has taken is said with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const data = await mkdtemp(join(tmpdir(), 'dendro-taken-'));
  const { code, stderr } = await serve('--port', String(port), '--data', data);
  expect(code).toBe(4);
  expect(stderr).toMatch(new RegExp(`Port ${port} is taken by another program.*--port`));
  expect(stderr).not.toMatch(/^\s+at /m);
  other.close();
  await rm(data, { recursive: true });
});

test('a later start keeps the project, its units and the pairing', async () => {
  const { port, data } = node;
  await node.stop();
  node = await startNode({ port, data, demo: true });
  await home();
  await expect(page.getByRole('link', { name: /^Demonstration/ })).toHaveCount(1);
  await openDemonstration();
  await expect(page.locator('[data-job-phase="done"]').first()).toBeVisible();
  await page.goto(`${page.url()}/jobs/new`);
  await expect(page.getByText('The node is connected.')).toBeVisible();
});
