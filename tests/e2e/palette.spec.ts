/** The command palette, by keys alone: projects, pages and actions are found, gone to and done. */
import { expect, type Page, test } from '@playwright/test';
import { expectAccessible } from './accessibility.ts';
import { createProject } from './app-steps.ts';
import { serveBuild, type StaticHost } from './static-host.ts';

let host: StaticHost;
test.beforeAll(async () => {
  host = await serveBuild({ isolated: true });
});
test.afterAll(async () => host.close());

const palette = (page: Page) => page.getByRole('dialog', { name: 'Go to or do something' });
const chosen = (page: Page) => palette(page).getByRole('option', { selected: true });

/** Opens the palette by its keys and types; ends when the first that was found is chosen. */
async function find(page: Page, text: string, first: string): Promise<void> {
  await page.keyboard.press('Control+k');
  await expect(palette(page).getByRole('combobox')).toBeFocused();
  await page.keyboard.type(text);
  await expect(chosen(page)).toContainText(first);
}

test('pages, projects and actions are reached by keys alone', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await page.goto(host.origin);
  await createProject(page, 'Mouse 7');
  const project = page.url();

  await find(page, 'people', 'People');
  await expectAccessible(page);
  await page.keyboard.press('Enter');
  await page.waitForURL(`${project}/people`);
  await expect(palette(page)).toBeHidden();

  await find(page, 'new proj', 'New project');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog', { name: 'New project' })).toBeVisible();
  await page.getByLabel('Name', { exact: true }).fill('Mouse 8');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Mouse 8', level: 1 })).toBeVisible();

  await find(page, 'mouse 7', 'Mouse 7');
  await page.keyboard.press('Enter');
  await page.waitForURL(project);

  await find(page, 'dark', 'Dark appearance');
  await page.keyboard.press('Enter');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');

  await find(page, 'copy link', 'Copy link to this view');
  await page.keyboard.press('Enter');
  await expect(page.getByText('The link to this view is copied.')).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(project);
});

test('the button opens it, arrows choose, Escape gives the focus back', async ({ page }) => {
  await page.goto(host.origin);
  const button = page.getByRole('button', { name: 'Go to' });
  await button.click();
  await expect(chosen(page)).toContainText('Copy link to this view');
  await page.keyboard.press('ArrowDown');
  await expect(chosen(page)).toContainText('Home');
  await page.keyboard.type('no such thing');
  await expect(palette(page).getByRole('status')).toContainText('Nothing of that name.');
  await page.keyboard.press('Escape');
  await expect(palette(page)).toBeHidden();
  await expect(button).toBeFocused();
});

test('a question mark shows all keys, but in a text it is one', async ({ page }) => {
  await page.goto(`${host.origin}/me`);
  await expect(page.getByLabel('Your name')).toBeEnabled();
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys.getByText('previous and next spike')).toBeVisible();
  await expectAccessible(page);
  await page.screenshot({ path: test.info().outputPath('keys.png') });
  await page.keyboard.press('Escape');
  await page.getByLabel('Your name').fill('');
  await page.getByLabel('Your name').press('?');
  await expect(page.getByLabel('Your name')).toHaveValue('?');
  await expect(keys).toHaveCount(0);
});

test('it fits a phone, and does not open over another dialog', async ({ page }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await page.goto(host.origin);
  await page.getByRole('button', { name: 'Go to' }).click();
  await expect(palette(page)).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'New project' }).first().click();
  await expect(page.getByRole('dialog', { name: 'New project' })).toBeVisible();
  await page.keyboard.press('Control+k');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
});
