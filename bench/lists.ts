// `npm run bench:lists [-- --records N]`: how a project of 1,000 files and 1,000 jobs feels in a real browser: how long
// each of its pages blocks the browser at the most when it is opened, and when a change arrives. Ends non-zero when a gate
// is missed; see bench/README.md.
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright';
import { toBase64Url } from '#lib/identity/encoding.ts';
import { formatInvitationLink, parsePairingLink } from '#lib/identity/links.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { inNetworkNamespace, insideNamespace, requirePrograms } from '../scripts/system.js';
import { chromiumLaunch } from '../tests/chromium.ts';
import { joinByLink } from '../tests/e2e/app-steps.ts';
import { startNode } from '../tests/e2e/node-process.ts';
import { join, makeOwner, pair, secretOf, until } from '../tests/faults/node-client.ts';

/** ms that a page may block the browser: beyond, a key press is felt to be late (RAIL: respond within 100 ms). */
const gateMs = 200;

const { values } = parseArgs({ options: { records: { type: 'string', default: '1000' } } });
const records = Number(values.records);
if (!insideNamespace) {
  requirePrograms({ '/usr/bin/chromium': 'chromium', '/usr/sbin/ip': 'iproute2' });
  process.exit(
    inNetworkNamespace(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  );
}

const node = await startNode();
const owner = await makeOwner();
const grant = await pair(owner, node.pairingLink);
const secret = await secretOf(owner, grant);
const member = await join({
  ...{
    owner,
    secret,
    project: grant.project,
    node: parsePairingLink(node.pairingLink).node,
    origin: node.url
  },
  ...{
    sources: { open: () => Promise.reject(new Error('no files here')) },
    signalling: [...grant.signalling]
  }
} as never);
const { document } = member;
await until(document, () => document.can('edit'));
for (let count = 0; count < records; count++) {
  const file = await document.addFile({ name: `recording ${count}.nwb`, size: 1_000_000 + count });
  await document.submitJob({
    app: engineProcessor.app,
    processor: engineProcessor.name,
    version: engineProcessor.version,
    inputs: [{ name: 'recording', file, selection: { format: 'nwb', seriesPath: '/acquisition/e' } }],
    outputs: [],
    parameters: {},
    seed: 1,
    resources: engineProcessor.resources
  });
}
await document.flush();
console.log('made');
const expires = Date.now() + 3_600_000;
const { invite, seed, entry, lamport } = await document.membership.invite({
  role: 'editor',
  expires,
  uses: 1
});
const link = formatInvitationLink(node.url, {
  ...{ v: 1, project: grant.project, secret: toBase64Url(secret), projectName: 'Many', inviterName: 'Ada' },
  ...{ invite, seed: toBase64Url(seed), entry, lamport, expires, role: 'editor' },
  signalling: grant.signalling
});

const browser = await chromium.launch(chromiumLaunch);
const page = await browser.newPage();
await page.addInitScript(() => {
  const tasks: number[] = [];
  Object.assign(globalThis, { tasks });
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) tasks.push(duration);
  }).observe({ entryTypes: ['longtask'] });
});
await joinByLink(page, link, 'Bob');
await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
await page
  .getByText(`recording ${records - 1}.nwb`)
  .first()
  .waitFor({ state: 'attached', timeout: 120_000 });
const rows: Awaited<ReturnType<typeof open>>[] = [];
for (const place of ['Files', 'Jobs', 'People', 'Project', 'History', 'Files'])
  rows.push(await open(page, place));
console.table(rows);
await browser.close();
await member.close();
await node.stop();
await node.remove();
const late = rows.filter((row) => row['longest task when opened, ms'] > gateMs);
for (const { place } of late) console.log(`missed: ${place} blocks the browser for more than ${gateMs} ms`);
process.exit(late.length > 0 ? 1 : 0);

async function open(page: Page, place: string) {
  await page.waitForTimeout(500);
  await page.evaluate(() => ((globalThis as unknown as { tasks: number[] }).tasks.length = 0));
  const began = performance.now();
  await page.getByRole('link', { name: place, exact: true }).first().click();
  await page.getByRole('heading', { level: 1 }).first().waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve))));
  const shownMs = performance.now() - began;
  await page.waitForTimeout(1500);
  const opening = await longest(page);
  document.view.rename('project', `Many, seen at ${place}`);
  await page.waitForTimeout(1500);
  const changing = await longest(page);
  return {
    place,
    'shown after, ms': Math.round(shownMs),
    'longest task when opened, ms': opening,
    'when a change arrives, ms': changing
  };
}

function longest(page: Page): Promise<number> {
  return page.evaluate(() => {
    const { tasks } = globalThis as unknown as { tasks: number[] };
    const most = Math.round(Math.max(0, ...tasks));
    tasks.length = 0;
    return most;
  });
}
