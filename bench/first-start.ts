/** Times of a first start, with the real node and a real browser: what a newcomer waits for. */
import { chromium } from 'playwright';
import { chromiumLaunch } from '../tests/chromium.ts';
import { startNode } from '../tests/e2e/node-process.ts';

/** Prints the times; needs a built app (npm run build). */
export async function timeFirstStart(): Promise<void> {
  const began = performance.now();
  const since = (from: number) => `${((performance.now() - from) / 1000).toFixed(1)} s`;
  const node = await startNode({ demo: true });
  try {
    const linked = performance.now();
    console.log(`start to the printed link: ${since(began)}`);
    await node.printed(/true units/);
    console.log(`link to the sorted demonstration on the node: ${since(linked)} (35 s are allowed)`);
    await timeTab(node.url, since);
  } finally {
    await node.stop();
    await node.remove();
  }
}

async function timeTab(url: string, since: (from: number) => string): Promise<void> {
  const browser = await chromium.launch(chromiumLaunch);
  try {
    const page = await browser.newPage();
    const opened = performance.now();
    await page.goto(url);
    await page
      .getByRole('figure', { name: /traces/i })
      .first()
      .waitFor();
    console.log(`landing to traces in the tab: ${since(opened)} (3 s are allowed)`);
    await page.getByRole('link', { name: 'Try the demonstration' }).click();
    await page.getByRole('button', { name: /^Sort/ }).first().click();
    const sorted = performance.now();
    await page
      .getByText(/units found/)
      .first()
      .waitFor({ timeout: 120_000 });
    console.log(`Sort to units in the tab: ${since(sorted)} (20 s are allowed)`);
  } finally {
    await browser.close();
  }
}
