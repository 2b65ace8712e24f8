/** Steps that several end-to-end tests take in the app, as a person takes them. */
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { expect, type Page } from '@playwright/test';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** A raw recording of the demonstration's probe and units; its name says how it is laid out. @returns its path */
export async function writeRawRecording(
  folder: string,
  { seconds, name = 'shanks_32ch_30kHz_int16.dat' }: { seconds: number; name?: string }
): Promise<string> {
  const path = join(folder, name);
  const recording = generateRecording({ ...demonstrationSpec, seconds });
  const file = await open(path, 'w');
  try {
    for (const chunk of int16Chunks(recording, { chunkSamples: 30_000 }))
      await file.write(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  } finally {
    await file.close();
  }
  return path;
}

/** A real drop, which gives the page a handle of the file. */
export async function dropFile(page: Page, path: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [path], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 400, y: 400, data });
  await session.detach();
}

export async function createProject(page: Page, name: string): Promise<void> {
  await page
    .getByRole('button', { name: /^New( project)?$/ })
    .first()
    .click();
  await page.getByLabel('Name', { exact: true }).fill(name);
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { name, level: 1, exact: true })).toBeVisible();
}

/** Adds a raw recording whose layout its name tells; ends on its preview. */
export async function addRawRecording(page: Page, path: string): Promise<void> {
  await dropFile(page, path);
  await expect(page.getByRole('heading', { name: 'How are the samples laid out?' })).toBeVisible();
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible({ timeout: 60_000 });
}

/** Adds it through a file field, which keeps no handle: after a reload it must be picked again. */
export async function addRawRecordingByField(page: Page, path: string): Promise<void> {
  await page.evaluate(() => Reflect.deleteProperty(window, 'showOpenFilePicker'));
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'Add a recording' }).first().click();
  await (await chooser).setFiles(path);
  await page.getByRole('button', { name: 'Open', exact: true }).click();
  await expect(page.getByRole('figure', { name: 'Traces' })).toBeVisible({ timeout: 60_000 });
}

/** The page is under the service worker's care, so that it stands without the server. */
export async function waitForOfflineCopy(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => undefined));
  if (await page.evaluate(() => navigator.serviceWorker.controller === null)) await page.reload();
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
}

/** Chooses the name under which the others see this person. */
export async function nameSelf(page: Page, app: string, name: string): Promise<void> {
  await page.goto(`${app}/me`);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Your name').press('Enter');
  await expect(page.getByText('Saved here')).toBeVisible();
}

/** Opens the link and ends in the project that the node hands over. */
export async function pair(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await Promise.race([page.waitForURL(/\/p\/[0-9a-f]{64}$/), failureOn(page)]);
}

/** Rejects with what the page says, should it say that something did not work; else never settles. */
async function failureOn(page: Page): Promise<never> {
  const shown = await page
    .getByRole('heading', { name: 'That did not work' })
    .waitFor({ timeout: 0 })
    .then(
      () => page.getByRole('main').innerText(),
      () => undefined
    );
  if (shown !== undefined) throw new Error(shown);
  return new Promise(() => undefined);
}

/** The state of the job that is shown, such as `running` or `done`. */
export async function expectJob(page: Page, phase: string, timeout = 60_000): Promise<void> {
  await expect(page.locator(`[data-job-phase="${phase}"]`).first()).toBeVisible({ timeout });
}

export async function goToPeople(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'People', exact: true }).first().click();
  await expect(page.getByRole('heading', { name: 'People', level: 1 })).toBeVisible();
}

/** @param options.seen looks at the dialog that shows the link. @returns the invitation link */
export async function invite(
  page: Page,
  role: string,
  { people = '1', seen }: { people?: string; seen?: (page: Page) => Promise<void> } = {}
): Promise<string> {
  await goToPeople(page);
  await page.getByRole('button', { name: 'Invite people' }).click();
  await page.getByRole('combobox', { name: /^Role/ }).last().click();
  await page.getByRole('option', { name: role }).click();
  await page.getByLabel('For how many people').fill(people);
  await page.getByRole('button', { name: 'Make the link' }).click();
  const link = await page.getByRole('textbox', { name: 'Invitation link' }).inputValue();
  await seen?.(page);
  await page.getByRole('button', { name: 'Done' }).click();
  return link;
}

/** Opens an invitation and asks to join; whether that succeeds is for the test to see. */
export async function joinByLink(page: Page, link: string, name: string): Promise<void> {
  await page.goto(link);
  // Nobody joins under a name that they did not choose.
  await expect(page.getByRole('button', { name: 'Join', exact: true })).toBeDisabled();
  await page.getByLabel('Your name, as the others see it').fill(name);
  // The secret is out of the address by now.
  expect(page.url()).not.toContain('#');
  await page.getByRole('button', { name: 'Join', exact: true }).click();
}
