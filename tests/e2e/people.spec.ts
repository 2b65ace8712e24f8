/** Several people in one project: invited by link, editing at once, given and losing roles, relayed by the node alone. */
import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import {
  addRawRecording,
  createProject,
  goToPeople,
  invite,
  joinByLink,
  nameSelf,
  pair,
  writeRawRecording
} from './app-steps.ts';
import { expectAccessible } from './accessibility.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let node: NodeProcess;
let folder: string;
const contexts: BrowserContext[] = [];

test.beforeEach(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'dendro-e2e-'));
  node = await startNode();
});
test.afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
  await node.stop();
  await node.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A browser of its own: another identity, another database. */
async function personAt(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
  contexts.push(context);
  return context.newPage();
}

/** Anna, paired with the node, in the project that it handed over. */
async function anna(browser: Browser): Promise<Page> {
  const page = await personAt(browser);
  await nameSelf(page, node.url, 'Anna');
  await pair(page, node.pairingLink);
  return page;
}

async function join(browser: Browser, link: string, name: string): Promise<Page> {
  const page = await personAt(browser);
  await joinByLink(page, link, name);
  return page;
}

/** Whether the node has stored an entry with this text. */
async function isOnNode(text: string): Promise<boolean> {
  const stored = ['projects.sqlite', 'projects.sqlite-wal'].map((name) =>
    readFile(joinPath(node.data, name))
  );
  return (await Promise.allSettled(stored)).some(
    (file) => file.status === 'fulfilled' && file.value.includes(text)
  );
}

/** The button is reached by the keys, says whom to ask, and does nothing. */
async function expectRefused(page: Page, name: string): Promise<void> {
  const button = page.getByRole('button', { name, exact: true }).first();
  await expect(button).toBeDisabled();
  await expect(button).toHaveAccessibleDescription(/ask an admin: Anna/);
  const before = page.url();
  await button.focus();
  await expect(button).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('tooltip')).toContainText('ask an admin: Anna');
  expect(page.url()).toBe(before);
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('tooltip')).toHaveCount(0);
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
  await addRawRecording(first, await writeRawRecording(folder, { seconds: 0.5 }));
  const link = await invite(first, 'Viewer');
  const second = await join(browser, link, 'Vic');
  const notes = second.getByRole('textbox', { name: 'Notes' });
  await expect(notes).toBeDisabled();
  await expect(second.locator('p', { hasText: 'ask an admin: Anna' }).first()).toBeVisible();
  await expectAccessible(second);
  await expectRefused(second, 'New job');
  await expectRefused(second, 'Add a recording');
  await second.getByRole('link', { name: 'Files', exact: true }).first().click();
  await expectRefused(second, 'Sort');
  await expectAccessible(second);
  await second
    .getByRole('button', { name: /^More for/ })
    .first()
    .click();
  const remove = second.getByRole('menuitem', { name: /^Delete….*ask an admin: Anna/ });
  await second.keyboard.press('ArrowDown');
  await expect(remove).toBeFocused();
  await second.keyboard.press('Enter');
  await expect(remove).toBeVisible();
  await second.keyboard.press('Escape');
  await goToPeople(second);
  for (const act of ['Invite people', 'Remove Anna']) await expectRefused(second, act);
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
  await expect.poll(() => isOnNode('from Anna')).toBe(true);
  await first.goto('about:blank');
  const second = await join(browser, link, 'Bob');
  const notes = second.getByRole('textbox', { name: 'Notes' });
  await expect(notes).toHaveValue('from Anna');
  await notes.fill('from Anna and Bob');
  await expect(second.getByText('Saved here')).toBeVisible();
  await expect.poll(() => isOnNode(' and Bob')).toBe(true);
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

test('each sees at which unit and time the other looks, and goes there', async ({ browser }) => {
  test.setTimeout(120_000);
  const first = await anna(browser);
  await addRawRecording(first, await writeRawRecording(folder, { seconds: 10 }));
  const second = await join(browser, await invite(first, 'Viewer'), 'Bob');
  await second.waitForURL('**/p/*');
  await first.goto(`${second.url()}/jobs/new`);
  await expect(first.getByText('The node is connected.')).toBeVisible();
  await first.getByRole('button', { name: 'Submit job' }).click();
  await first.waitForURL(/\/sortings\/[0-9a-f]{32}/, { timeout: 60_000 });
  await first.getByRole('row').nth(2).click();
  const unit = await first.getByRole('row').nth(2).getAttribute('data-unit');
  await first.getByRole('figure', { name: 'Traces' }).waitFor();
  await first.getByRole('textbox', { name: 'Time' }).fill('5.25');
  await first.getByRole('textbox', { name: 'Time' }).press('Enter');
  const there = second.getByRole('link', {
    name: new RegExp(`^Anna, at Units: .* · unit ${unit} · 5\\.\\d\\d s`)
  });
  await there.click();
  await expect(second.getByRole('row', { name: /Anna looks at this unit/ })).toHaveAttribute(
    'aria-selected',
    'true'
  );
  await expect(first.getByRole('row', { name: /Bob looks at this unit/ })).toHaveAttribute(
    'data-unit',
    unit ?? ''
  );
  await expectAccessible(first);
  await expectAccessible(second);
  // On the same page, the link leads to where she went meanwhile.
  await first.getByRole('row').nth(3).click();
  const next = await first.getByRole('row').nth(3).getAttribute('data-unit');
  await second.getByRole('link', { name: new RegExp(`^Anna, at Units: .* · unit ${next} ·`) }).click();
  await expect(second.locator(`[data-unit="${next}"]`)).toHaveAttribute('aria-selected', 'true');
});

test('a comment is new at the other until it is read there, and mentions them by name', async ({
  browser
}) => {
  const first = await anna(browser);
  const files = `${first.url()}/files`;
  await addRawRecording(first, await writeRawRecording(folder, { seconds: 0.5 }));
  const second = await join(browser, await invite(first, 'Editor'), 'Bob');
  await second.waitForURL('**/p/*');
  await expect(first.getByRole('listitem').filter({ hasText: 'Bob' }).first()).toBeVisible();
  await first.goto(files);
  await first.getByRole('button', { name: /^Comments on shanks/ }).click();
  const field = first.getByRole('textbox', { name: 'Write a comment' });
  await field.pressSequentially('<b>Noisy</b> @B');
  await first.getByRole('button', { name: 'Mention Bob' }).click();
  await field.press('Control+Enter');
  const written = first.getByRole('listitem').filter({ hasText: '<b>Noisy</b> @Bob' });
  await expect(written).toBeVisible();
  await expectAccessible(first);
  await second.getByRole('link', { name: 'Files, 1 new' }).first().click();
  await second.getByRole('button', { name: /^Comments on shanks.*1 new$/ }).click();
  await expect(second.getByText('<b>Noisy</b> @Bob')).toBeVisible();
  await expect(second.getByText('Anna', { exact: true })).toBeVisible();
  await second.reload();
  await expect(second.getByRole('button', { name: /^Comments on shanks.*: 1 comment$/ })).toBeVisible();
  await expect(second.getByRole('link', { name: 'Files', exact: true }).first()).toBeVisible();
});
