/** What is done to a project as a whole: described, put away, deleted for everybody, exported and imported. */
import { type Browser, type BrowserContext, expect, type Page, test } from '@playwright/test';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expectAccessible } from './accessibility.ts';
import { createProject, dropFile, invite, joinByLink, nameSelf, pair } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';

let node: NodeProcess;
const contexts: BrowserContext[] = [];

test.beforeAll(async () => {
  node = await startNode();
});
test.afterEach(async () => {
  for (const context of contexts.splice(0)) await context.close();
});
test.afterAll(async () => {
  await node.stop();
  await node.remove();
});

/** A browser of its own: another identity, another database. */
async function personAt(browser: Browser): Promise<Page> {
  const context = await browser.newContext();
  contexts.push(context);
  return context.newPage();
}

test('a project is described, tagged, put away and brought back', async ({ browser }) => {
  const page = await personAt(browser);
  const asked: string[] = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(node.url);
  await createProject(page, 'Mouse 7');
  await page.getByRole('button', { name: 'Edit' }).click();
  await page
    .getByRole('textbox', { name: 'Description' })
    .fill(
      '# CA1\n\nTwo **shanks**, see [the lab](https://lab.example/).\n\n![x](https://pictures.example/x.png)'
    );
  await page.getByRole('textbox', { name: 'Tag' }).fill('hippocampus');
  await page.getByRole('button', { name: 'Add', exact: true }).click();
  await page.getByRole('button', { name: 'Done' }).click();
  await expect(page.getByRole('heading', { name: 'CA1', level: 3 })).toBeVisible();
  await expect(page.getByRole('link', { name: 'the lab' })).toHaveAttribute('rel', /noopener/);
  await expect(page.getByRole('list', { name: 'Tags' })).toHaveText('hippocampus');
  expect(asked.filter((url) => url.includes('.example'))).toEqual([]);
  await expectAccessible(page);

  await page.getByRole('link', { name: 'Settings' }).click();
  await page.getByRole('button', { name: 'Archive' }).click();
  await expect(page.getByRole('complementary', { name: 'Archived' })).toBeVisible();
  await page.goto(`${page.url().replace('/settings', '/jobs/new')}`);
  await expect(page.getByText('This project is archived: bring it back to run jobs.')).toBeVisible();
  await page.goto(node.url);
  const link = page.getByRole('link', { name: /Mouse 7/ });
  await expect(link).toBeHidden();
  await page.getByText('Archived (1)').click();
  await expect(link).toContainText('hippocampus');
  await link.click();
  await page.getByRole('button', { name: 'Bring back' }).click();
  await expect(page.getByRole('complementary', { name: 'Archived' })).toHaveCount(0);
});

test('an admin deletes a project for everybody, and takes that back', async ({ browser }) => {
  const first = await personAt(browser);
  await nameSelf(first, node.url, 'Anna');
  await pair(first, node.pairingLink);
  const name = (await first.getByRole('heading', { level: 1 }).textContent())?.trim() ?? '';
  const project = first.url();
  const link = await invite(first, 'Editor');
  const second = await personAt(browser);
  await joinByLink(second, link, 'Ed');
  await second.waitForURL(`**${new URL(project).pathname}`);
  await expect(second.getByRole('heading', { name: 'Notes' })).toBeVisible();
  await second.getByRole('link', { name: 'Settings' }).click();
  await expect(second.getByRole('button', { name: 'Delete for everybody' })).toBeDisabled();

  await first.goto(`${project}/settings`);
  await first.getByRole('button', { name: 'Delete for everybody' }).click();
  const dialog = first.getByRole('dialog');
  await expect(dialog.getByRole('listitem').last()).toHaveText('3 members');
  const confirm = dialog.getByRole('button', { name: 'Delete for everybody' });
  await expect(confirm).toBeDisabled();
  await dialog.getByLabel('Type the project’s name to confirm').fill(name);
  await confirm.click();
  for (const page of [first, second])
    await expect(page.getByText(/^Anna deleted this project for everybody on /)).toBeVisible();
  await expect(second.getByRole('button', { name: 'Take the deletion back' })).toBeDisabled();
  await expectAccessible(first);
  await first.getByRole('button', { name: 'Take the deletion back' }).click();
  for (const page of [first, second])
    await expect(page.getByRole('heading', { name: 'Settings', level: 1 })).toBeVisible();
});

/** The secrets of all projects of a browser, as their bytes. */
async function projectSecrets(page: Page): Promise<Buffer[]> {
  const secrets = await page.evaluate(
    () =>
      new Promise<number[][]>((resolve, reject) => {
        const opening = indexedDB.open('dendro');
        opening.onerror = () => reject(new Error('no database'));
        opening.onsuccess = () => {
          const rows = opening.result.transaction('projects').objectStore('projects').getAll();
          rows.onerror = () => reject(new Error('no rows'));
          rows.onsuccess = () =>
            resolve((rows.result as { secret: Uint8Array }[]).map(({ secret }) => [...secret]));
        };
      })
  );
  return secrets.map((secret) => Buffer.from(secret));
}

test('a project is exported, and imported by who is no member; a hostile file leaves nothing', async ({
  browser
}) => {
  const folder = await mkdtemp(join(tmpdir(), 'dendro-export-'));
  const path = join(folder, 'Mouse 8.dendro');
  const first = await personAt(browser);
  await first.goto(node.url);
  await createProject(first, 'Mouse 8');
  await first.getByRole('textbox', { name: 'Notes' }).fill('two shanks');
  await first.getByRole('link', { name: 'Settings' }).click();
  // The picker cannot be driven: this browser has none.
  await first.evaluate(() => Reflect.deleteProperty(window, 'showSaveFilePicker'));
  await first.getByRole('button', { name: 'Export the project' }).click();
  const download = first.waitForEvent('download');
  await first.getByRole('dialog').getByRole('button', { name: 'Export', exact: true }).click();
  await (await download).saveAs(path);
  expect((await download).suggestedFilename()).toBe('Mouse 8.dendro');
  await expect(first.getByText('The file is written.')).toBeVisible();
  await expectAccessible(first);

  const bytes = await readFile(path);
  const secrets = await projectSecrets(first);
  expect(secrets).toHaveLength(1);
  for (const secret of secrets)
    for (const form of [secret, secret.toString('hex'), secret.toString('base64url')])
      expect(bytes.includes(form)).toBe(false);

  const second = await personAt(browser);
  await second.goto(node.url);
  await expect(second.getByRole('button', { name: 'Import project' })).toBeVisible();
  const broken = join(folder, 'broken.dendro');
  const other = Buffer.from(bytes);
  const at = bytes.indexOf('entries.yjs') + 400;
  other.writeUInt8(other.readUInt8(at) ^ 1, at);
  await writeFile(broken, other);
  await dropFile(second, broken);
  await expect(second.getByRole('dialog', { name: 'The project was not imported' })).toContainText(
    'The entries in this file are not those of the project that it names.'
  );
  await expectAccessible(second);
  await second.getByRole('button', { name: 'Close' }).last().click();
  expect(await projectSecrets(second)).toEqual([]);

  await dropFile(second, path);
  await expect(second.getByRole('heading', { name: 'Mouse 8', level: 1 })).toBeVisible();
  await expect(second.getByRole('textbox', { name: 'Notes' })).toHaveValue('two shanks');
  await expect(second.getByRole('textbox', { name: 'Notes' })).toBeDisabled();
  await expect(second.getByRole('complementary', { name: 'Copy' })).toContainText(
    'You are not a member of this project: you can look, and not change.'
  );
  await expectAccessible(second);
  await second.reload();
  await expect(second.getByRole('complementary', { name: 'Copy' })).toBeVisible();
  await rm(folder, { recursive: true });
});
