/** What axe finds on a page, in both themes. */
import AxeBuilder from '@axe-core/playwright';
import { expect, type Page } from '@playwright/test';

export async function expectAccessible(page: Page): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    await expectAxeFindsNothing(page, `${colorScheme} ${page.url()}`);
  }
}

/** All rules that axe applies by itself, and the size of targets (WCAG 2.2 AA), which it does not. */
export async function expectAxeFindsNothing(page: Page, where: string): Promise<void> {
  await expectNoViolation(
    new AxeBuilder({ page }).options({ rules: { 'target-size': { enabled: true } } }),
    where
  );
}

/** What a change of theme can break, at a fraction of the time that all rules take. */
export async function expectContrast(page: Page, where: string): Promise<void> {
  await expectNoViolation(new AxeBuilder({ page }).withRules('color-contrast'), where);
}

async function expectNoViolation(axe: AxeBuilder, where: string): Promise<void> {
  const { violations } = await axe.analyze();
  const found = violations.map(
    ({ id, help, nodes }) => `${id}: ${help}\n  ${nodes.map(({ html }) => html.slice(0, 200)).join('\n  ')}`
  );
  expect.soft(found, where).toEqual([]);
}
