/** Two people without any node: they meet at a signalling server of their own, which is killed and comes back. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Browser, chromium, type Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { chromiumLaunch } from '../chromium.ts';
import { serveBuild, type StaticHost } from '../e2e/static-host.ts';

let app: StaticHost;
let browser: Browser;
let server: { child: ChildProcess; address: string };

beforeAll(async () => {
  app = await serveBuild({ isolated: true });
  browser = await chromium.launch(chromiumLaunch);
  server = await startSignalling(0);
});
afterAll(async () => {
  server.child.kill('SIGKILL');
  await browser.close();
  await app.close();
});

async function startSignalling(port: number) {
  const child = spawn(process.execPath, ['bin/dendro.js', 'signal', '--port', String(port)]);
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, address: /ws:\/\/\S+/.exec(text.toString())?.[0] ?? '' };
}

async function newPerson(): Promise<Page> {
  return (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
}

const go = (page: Page, place: string) =>
  page.getByRole('link', { name: place, exact: true }).first().click();
const notes = (page: Page) => page.getByRole('textbox', { name: 'Notes' });

test('members who meet at a signalling server alone find each other again after it was killed', async () => {
  const anna = await newPerson();
  await anna.goto(app.origin);
  await anna
    .getByRole('button', { name: /^New( project)?$/ })
    .first()
    .click();
  await anna.getByLabel('Name', { exact: true }).fill('Two of us');
  await anna.getByRole('button', { name: 'Create' }).click();
  await anna.getByRole('heading', { name: 'Two of us', level: 1 }).waitFor();
  const project = new URL(anna.url()).pathname;
  await go(anna, 'People');
  await anna.getByText('No place is known where the members of this project find each other.').waitFor();

  await anna.goto(`${app.origin}${project}/settings`);
  await anna.getByLabel('Address of a signalling server').fill('signal.example.org');
  await anna.getByText('Write it as wss://HOST:PORT/signal').waitFor();
  await anna.getByLabel('Address of a signalling server').fill(server.address);
  await anna.getByRole('button', { name: 'Add', exact: true }).click();
  await anna.getByText('Nobody else is online now.').waitFor();

  await go(anna, 'People');
  await anna.getByRole('button', { name: 'Invite people' }).click();
  await anna.getByRole('button', { name: 'Make the link' }).click();
  const link = await anna.getByRole('textbox', { name: 'Invitation link' }).inputValue();
  await anna.getByRole('button', { name: 'Done' }).click();
  const bob = await newPerson();
  await bob.goto(link);
  await bob.getByLabel('Your name, as the others see it').fill('Bob');
  await bob.getByRole('button', { name: 'Join', exact: true }).click();
  await bob.waitForURL(`**${project}`);
  await go(bob, 'People');
  await bob.getByText('Connected to one other device.').waitFor();

  const killed = once(server.child, 'close');
  server.child.kill('SIGKILL');
  await killed;
  // Bob comes anew and finds nobody, and is told at which step.
  await bob.reload();
  await bob.getByText('The signalling server does not answer').waitFor();
  await go(bob, 'Project');
  await notes(bob).fill('written meanwhile');
  server = await startSignalling(Number(new URL(server.address).port));
  await go(anna, 'Project');
  await expect.poll(() => notes(anna).inputValue(), { timeout: 30_000 }).toBe('written meanwhile');
});
