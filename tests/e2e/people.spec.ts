/** Several people in one project: invited by link, editing at once, given and losing roles, relayed by the node alone. */
import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import { createProject, pair } from './app-steps.ts';
import { expectAccessible } from './accessibility.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let node: NodeProcess;
const contexts: BrowserContext[] = [];

test.beforeEach(async () => {
  node = await startNode();
});
test.afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await node.stop();
  await node.remove();
});

/** A browser of its own: another identity, another database. */
async function personAt(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  contexts.push(context);
  return context.newPage();
}

async function renameSelf(page: Page, name: string): Promise<void> {
  await page.goto(`${node.url}/me`);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Your name').press('Enter');
}

/** Anna, paired with the node, in the project that it handed over. */
async function anna(browser: Browser): Promise<Page> {
  const page = await personAt(browser);
  await renameSelf(page, 'Anna');
  await pair(page, node.pairingLink);
  return page;
}

async function goToPeople(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'People', exact: true }).first().click();
  await expect(page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
}

async function invite(page: Page, role: string, people = '1'): Promise<string> {
  await goToPeople(page);
  await page.getByRole('button', { name: 'Invite people' }).click();
  await page.getByRole('combobox', { name: /^Role/ }).last().click();
  await page.getByRole('option', { name: role }).click();
  await page.getByLabel('For how many people').fill(people);
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await page.getByLabel('Invitation link').inputValue();
  await page.getByRole('button', { name: 'Done' }).click();
  return link;
}

async function join(browser: Browser, link: string, name: string): Promise<Page> {
  const page = await personAt(browser);
  await page.goto(link);
  // Nobody joins under a name that they did not choose.
  await expect(page.getByRole('button', { name: 'Join', exact: true })).toBeDisabled();
  await page.getByLabel('Your name, as the others see it').fill(name);
  // The secret is out of the address by now.
  expect(page.url()).not.toContain('#');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
  return page;
}

test('an invited editor is in: files, people and notes appear, and both write at once', async ({
  browser
}) => {
  const first = await anna(browser);
  const project = new URL(first.url()).pathname;
  const link = await invite(first, 'Editor');
  const second = await join(browser, link, 'Bob');
  await second.waitForURL(`**${project}`);
  await expect(second.getByRole('listitem').filter({ hasText: 'Anna' })).toBeVisible();
  await expect(first.getByRole('listitem').filter({ hasText: 'Bob' }).first()).toBeVisible();
  await expectAccessible(first);
  await first.getByRole('link', { name: 'Project', exact: true }).click();
  const notes = [first, second].map((page) => page.getByRole('textbox', { name: 'Notes' }));
  const [left, right] = notes;
  if (!left || !right) throw new Error('two pages');
  await left.pressSequentially('middle');
  await expect(right).toHaveValue('middle');
  // At once, at both ends of one paragraph.
  await left.press('Home');
  await right.press('End');
  await Promise.all([
    left.pressSequentially('before ', { delay: 20 }),
    right.pressSequentially(' after', { delay: 20 })
  ]);
  for (const text of notes) await expect(text).toHaveValue('before middle after');
  // Each sees where the other is.
  await expect(first.getByRole('link', { name: /^Bob, at Project/ })).toBeVisible();
  await second.getByRole('link', { name: 'Files', exact: true }).first().click();
  await expect(first.getByRole('link', { name: /^Bob, at Files/ })).toBeVisible();
});

test('a viewer looks and changes nothing, and a change of role acts at once', async ({ browser }) => {
  const first = await anna(browser);
  const link = await invite(first, 'Viewer');
  const second = await join(browser, link, 'Vic');
  const notes = second.getByRole('textbox', { name: 'Notes' });
  await expect(notes).toBeDisabled();
  await expect(second.getByText('ask an admin (Anna)').first()).toBeVisible();
  await expectAccessible(second);
  await goToPeople(second);
  await expect(second.getByRole('button', { name: 'Invite people' })).toHaveCount(0);
  await first.getByRole('combobox', { name: /^Role of Vic/ }).click();
  await first.getByRole('option', { name: 'Editor' }).click();
  await second.getByRole('link', { name: 'Project', exact: true }).click();
  await expect(notes).toBeEnabled();
  await notes.pressSequentially('by Vic');
  await first.getByRole('link', { name: 'Project', exact: true }).click();
  await expect(first.getByRole('textbox', { name: 'Notes' })).toHaveValue('by Vic');
});

test('who is removed sees it and can write no more', async ({ browser }) => {
  const first = await anna(browser);
  const second = await join(browser, await invite(first, 'Editor'), 'Bob');
  await expect(second.getByRole('textbox', { name: 'Notes' })).toBeEnabled();
  await first.getByRole('button', { name: 'Remove Bob' }).click();
  await first.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await expect(first.getByRole('button', { name: 'Remove Bob' })).toHaveCount(0);
  await expect(second.getByText('You are no longer a member').first()).toBeVisible();
  await expect(second.getByRole('textbox', { name: 'Notes' })).toBeDisabled();
});

test('with the node alone online an invitation works, and two who never meet exchange all', async ({
  browser
}) => {
  const first = await anna(browser);
  const project = first.url();
  const link = await invite(first, 'Editor');
  await first.getByRole('link', { name: 'Project', exact: true }).click();
  await first.getByRole('textbox', { name: 'Notes' }).fill('from Anna');
  await expect(first.getByText('Saved here')).toBeVisible();
  await expect(first.getByText('connected').first()).toBeVisible();
  await first.goto('about:blank');
  const second = await join(browser, link, 'Bob');
  const notes = second.getByRole('textbox', { name: 'Notes' });
  await expect(notes).toHaveValue('from Anna');
  await notes.press('End');
  await notes.pressSequentially(' and Bob');
  await expect(second.getByText('Saved here')).toBeVisible();
  await second.goto('about:blank');
  await first.goto(project);
  await expect(first.getByRole('textbox', { name: 'Notes' })).toHaveValue('from Anna and Bob');
});

test('a link that was used up, taken back or cut short says so', async ({ browser }) => {
  const first = await anna(browser);
  const used = await invite(first, 'Viewer');
  await join(browser, used, 'Bob').then((page) => page.waitForURL('**/p/*'));
  const again = await join(browser, used, 'Kim');
  await expect(again.getByText('The invitation has been used as often as it allows.')).toBeVisible();
  await expectAccessible(again);
  const revoked = await invite(first, 'Admin');
  await first.getByRole('button', { name: 'Take back' }).click();
  const late = await join(browser, revoked, 'Lee');
  await expect(late.getByText('The invitation was taken back.')).toBeVisible();
  const cut = await personAt(browser);
  await cut.goto(revoked.slice(0, -20));
  await expect(cut.getByText('This is no invitation link, or a part of it is missing.')).toBeVisible();
  await expect(first.getByRole('listitem').filter({ hasText: 'Lee' })).toHaveCount(0);
});

test('a project made by oneself is given to the node and to others', async ({ browser }) => {
  const first = await anna(browser);
  await first.goto(node.url);
  await createProject(first, 'Mouse 9');
  await goToPeople(first);
  await first.getByRole('button', { name: 'Add to the project' }).click();
  const link = await invite(first, 'Editor');
  const second = await join(browser, link, 'Bob');
  await expect(second.getByRole('heading', { name: 'Mouse 9', level: 1 })).toBeVisible();
});
