/** Times of a first start, with the real node and a real browser: what a newcomer waits for. */
import { type Browser, chromium, type Page } from 'playwright';
import { chromiumLaunch } from '../tests/chromium.ts';
import { startNode } from '../tests/e2e/node-process.ts';

export interface StartTime {
  what: string;
  seconds: number;
  allowed: number;
}

/**
 * The node's own demonstration first, with a page that was opened by the printed link meanwhile; then the one in the tab.
 * Needs a built app (npm run build).
 */
export async function timeFirstStart(): Promise<StartTime[]> {
  const node = await startNode({ demo: true });
  const linked = performance.now();
  const browser = await chromium.launch(chromiumLaunch);
  try {
    const sorted = node.printed(/true units/).then(() => secondsSince(linked));
    const times = [await timeLinkedPage(browser, node.pairingLink)];
    times.push({
      what: 'printed link to the sorted demonstration on the node',
      seconds: await sorted,
      allowed: 35
    });
    return [...times, ...(await timeTab(browser, node.url))];
  } finally {
    await browser.close();
    await node.stop();
    await node.remove();
  }
}

async function timeLinkedPage(browser: Browser, link: string): Promise<StartTime> {
  const context = await browser.newContext();
  const page = await context.newPage();
  const opened = performance.now();
  await page.goto(link);
  await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await traces(page).waitFor();
  const seconds = secondsSince(opened);
  await context.close();
  return { what: 'opening the printed link to traces', seconds, allowed: 3 };
}

async function timeTab(browser: Browser, url: string): Promise<StartTime[]> {
  const page = await browser.newPage();
  const opened = performance.now();
  await page.goto(url);
  await traces(page).waitFor();
  const landing = secondsSince(opened);
  await page.getByRole('link', { name: 'Try the demonstration' }).click();
  await page.getByRole('button', { name: /^Sort/ }).first().click();
  const began = performance.now();
  await page
    .getByText(/units found/)
    .first()
    .waitFor({ timeout: 120_000 });
  return [
    { what: 'opening the bare address to traces', seconds: landing, allowed: 3 },
    { what: 'Sort to units in the tab', seconds: secondsSince(began), allowed: 20 }
  ];
}

const traces = (page: Page) => page.getByRole('figure', { name: /traces/i }).first();
const secondsSince = (moment: number): number => (performance.now() - moment) / 1000;
