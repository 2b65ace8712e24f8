/**
 * A tab that is killed at random moments while it writes: the project must open again every time, with every edit that
 * the page had called saved.
 */
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { chromiumLaunch } from '../chromium.ts';
import { serveBuild } from '../e2e/static-host.ts';

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);
const longestMs = 1500;

const host = await serveBuild({ isolated: true });
const browser: Browser = await chromium.launch(chromiumLaunch);
const context = await browser.newContext();
const address = await makeProject(context);

let saved: string[] = [];
let inMidWrite = 0;
const problems: string[] = [];
for (let round = 0; round < rounds && problems.length === 0; round++) {
  const tab = await open(context);
  const found = (await notes(tab).inputValue()).split(' ');
  const lost = saved.filter((word, index) => found[index] !== word);
  if (lost.length > 0) problems.push(`round ${round}: lost ${lost.join(', ')}; found ${found.join(' ')}`);
  saved = await writeUntilKilled(tab, round);
}
const last = await open(context);
const found = (await notes(last).inputValue()).split(' ');
if (saved.some((word, index) => found[index] !== word)) problems.push('the last round lost a saved edit');
await browser.close();
await host.close();

for (const problem of problems) console.log(problem);
console.log(
  `a tab killed ${rounds} times, ${inMidWrite} times in the middle of a write: ` +
    `${found.length} edits in the project, ${problems.length} problems`
);
process.exitCode = problems.length === 0 && inMidWrite > 0 ? 0 : 1;

async function makeProject(owner: BrowserContext): Promise<string> {
  const page = await owner.newPage();
  await page.goto(host.origin);
  await page
    .getByRole('button', { name: /^New( project)?$/ })
    .first()
    .click();
  await page.getByLabel('Name', { exact: true }).fill('Killed');
  await page.getByRole('button', { name: 'Create' }).click();
  await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await saidSaved(page);
  const url = page.url();
  await page.close();
  return url;
}

async function open(owner: BrowserContext): Promise<Page> {
  const page = await owner.newPage();
  await page.goto(address);
  await page.getByRole('heading', { name: 'Killed', level: 1 }).waitFor({ timeout: 30_000 });
  return page;
}

/** Adds a word at a time until the tab is killed. @returns the words that the page had called saved */
async function writeUntilKilled(page: Page, round: number): Promise<string[]> {
  const session = await page.context().newCDPSession(page);
  const crashed = page.waitForEvent('crash');
  let dead = false;
  let kept: string[];
  let unsaved = false;
  setTimeout(() => {
    dead = true;
    if (unsaved) inMidWrite++;
    session.send('Page.crash').catch(() => undefined);
  }, randomInt(longestMs));
  const before = await notes(page)
    .inputValue()
    .catch(() => '');
  const words = before === '' ? [] : before.split(' ');
  kept = [...words];
  for (let word = 0; !dead; word++) {
    try {
      words.push(`${round}.${word}`);
      unsaved = true;
      await notes(page).fill(words.join(' '), { timeout: 5000 });
      await saidSaved(page);
      if (!dead) kept = [...words];
      unsaved = false;
    } catch (error) {
      if (!dead) throw error;
    }
  }
  await crashed;
  await page.close();
  return kept;
}

function notes(page: Page) {
  return page.getByRole('textbox', { name: 'Notes' });
}
async function saidSaved(page: Page): Promise<void> {
  await page.getByText('Saved here').waitFor({ timeout: 5000 });
}
