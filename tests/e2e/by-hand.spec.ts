/** Joining a project, and meeting again, with no signalling server at all: offer and answer are carried as text. */
import { execFileSync } from 'node:child_process';
import { type Browser, expect, type Page, test } from '@playwright/test';
import { expectAccessible } from './accessibility.ts';
import { createProject, goToPeople, invite } from './app-steps.ts';
import { startNode } from './node-process.ts';
import { serveBuild, type StaticHost } from './static-host.ts';

let app: StaticHost;
test.beforeAll(async () => {
  app = await serveBuild({ isolated: true });
});
test.afterAll(() => app.close());

async function newPerson(browser: Browser): Promise<Page> {
  return (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
}

/** The member's side. @returns the answer to be carried back */
async function answer(page: Page, offer: string): Promise<string> {
  await page.getByRole('button', { name: 'Meet by hand' }).click();
  await page.getByRole('textbox', { name: 'Offer' }).fill(offer.slice(0, -30));
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  await expect(page.getByText('or a part of it is missing')).toBeVisible();
  // As a mail program wraps it.
  await page.getByRole('textbox', { name: 'Offer' }).fill(offer.replaceAll(/.{76}/g, '$&\n'));
  await page.getByRole('button', { name: 'Answer', exact: true }).click();
  const text = await page.getByRole('textbox', { name: 'Answer' }).inputValue();
  await page.getByRole('button', { name: 'Done' }).click();
  return text;
}

async function carry(from: Page, to: Page): Promise<void> {
  const offer = from.getByRole('textbox', { name: /Send this offer/ });
  const text = await offer.inputValue();
  const pasted = from.getByRole('textbox', { name: /Paste the answer/ });
  await pasted.fill(text);
  await from.getByRole('button', { name: 'Connect' }).click();
  await expect(from.getByText('This is an offer, and an answer is needed here.')).toBeVisible();
  await pasted.fill(await answer(to, text));
  await from.getByRole('button', { name: 'Connect' }).click();
}

test('an invitation and two texts bring somebody in, and two more bring them together again', async ({
  browser
}) => {
  const anna = await newPerson(browser);
  await anna.goto(app.origin);
  await createProject(anna, 'No server');
  const link = await invite(anna, 'Editor');
  const bob = await newPerson(browser);
  await bob.goto(link);
  await bob.getByLabel('Your name, as the others see it').fill('Bob');
  await bob.getByRole('button', { name: 'Join by hand' }).click();
  await expect(bob.getByRole('textbox', { name: /Send this offer/ })).toHaveValue(/^DENDRO1\./);
  await expectAccessible(bob);
  await carry(bob, anna);
  await expect(bob.getByText('Connecting')).toHaveCount(0);
  await expect(bob.getByRole('alert')).toHaveCount(0);
  await bob.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await expect(bob.getByRole('heading', { name: 'No server', level: 1 })).toBeVisible();
  await bob.getByRole('textbox', { name: 'Notes' }).fill('by hand');
  await anna.getByRole('link', { name: 'Project', exact: true }).click();
  const notes = anna.getByRole('textbox', { name: 'Notes' });
  await expect(notes).toHaveValue('by hand');

  // A reload ends the connection: two members meet again in the same way.
  await bob.reload();
  await bob.getByRole('textbox', { name: 'Notes' }).fill('and again');
  await goToPeople(anna);
  await goToPeople(bob);
  await bob.getByRole('button', { name: 'Meet by hand' }).click();
  await bob.getByRole('button', { name: 'Make an offer instead' }).click();
  await carry(bob, anna);
  await expect(bob.getByText('Connected to one other device.')).toBeVisible();
  await anna.getByRole('link', { name: 'Project', exact: true }).click();
  await expect(notes).toHaveValue('and again');
});

test('a browser pairs with a node by hand where the node’s signalling is out of reach, and has its project', async ({
  browser
}) => {
  const node = await startNode();
  try {
    const page = await newPerson(browser);
    // Another address of the app, which the node does not allow: its signalling refuses this page.
    await page.goto(`${app.origin}/pair${new URL(node.pairingLink).hash}`);
    await page.getByRole('button', { name: 'Pair by hand' }).click();
    const offer = await page.getByRole('textbox', { name: /Send this offer/ }).inputValue();
    const args = ['bin/dendro.js', 'node', 'answer', offer, '--data', node.data];
    const answered = execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
    await page.getByRole('textbox', { name: /Paste the answer/ }).fill(answered);
    await page.getByRole('button', { name: 'Connect' }).click();
    await page.waitForURL(/\/p\/[0-9a-f]{64}$/);
    await expect(page.getByRole('heading', { name: 'First project', level: 1 })).toBeVisible();
    await goToPeople(page);
    await expect(page.getByText('Connected to one other device.')).toBeVisible();
  } finally {
    await node.stop();
    await node.remove();
  }
});
