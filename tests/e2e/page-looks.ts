/**
 * Looks at a page as it stands: whether it fits, and what axe says. With DENDRO_PICTURES=1 in every size and theme, with
 * a picture of each; without, in one of them, which changes from look to look, and the contrast in the other theme.
 */
import { expect, type Page, type TestInfo } from '@playwright/test';
import { expectAxeFindsNothing, expectContrast } from './accessibility.ts';

const phone = { width: 390, height: 844 };
const desktop = { width: 1440, height: 900 };
const looks = [
  { size: 'phone', viewport: phone, colorScheme: 'light' },
  { size: 'desktop', viewport: desktop, colorScheme: 'dark' },
  { size: 'phone', viewport: phone, colorScheme: 'dark' },
  { size: 'desktop', viewport: desktop, colorScheme: 'light' }
] as const;
const thorough = process.env.DENDRO_PICTURES === '1';

/** WCAG 1.4.10: content reflows at this width without scrolling sideways. */
const reflowWidth = 320;
const softly = expect.configure({ soft: true, timeout: 2000 });

/** Looks at pages one after another; pictures go to `NAME-SIZE-SCHEME.png` among the test's results. */
export class PageLooks {
  readonly #page: Page;
  readonly #info: TestInfo;
  #count = 0;

  constructor(page: Page, info: TestInfo) {
    this.#page = page;
    this.#info = info;
  }

  /** Ends at the desktop's size, light. */
  async look(name: string): Promise<void> {
    const page = this.#page;
    await page.setViewportSize({ width: reflowWidth, height: 640 });
    // Plots take their new width in the frame after the page has.
    await softly
      .poll(() => this.#widestContent(), { message: `${name} at ${reflowWidth} px` })
      .toBeLessThanOrEqual(reflowWidth);
    const next = looks[this.#count++ % looks.length] ?? looks[0];
    for (const { size, viewport, colorScheme } of thorough ? looks : [next]) {
      await page.setViewportSize(viewport);
      await page.emulateMedia({ colorScheme });
      await expectAxeFindsNothing(page, `${name}, ${size}, ${colorScheme}`);
      const path = this.#info.outputPath(`${name}-${size}-${colorScheme}.png`);
      if (thorough) await page.screenshot({ path, animations: 'disabled' });
    }
    if (!thorough) {
      const other = next.colorScheme === 'light' ? 'dark' : 'light';
      await page.emulateMedia({ colorScheme: other });
      await expectContrast(page, `${name}, ${next.size}, ${other}`);
    }
    await page.setViewportSize(desktop);
    await page.emulateMedia({ colorScheme: 'light' });
  }

  /** The width that the page and its main part scroll over. */
  async #widestContent(): Promise<number> {
    return this.#page.evaluate(() =>
      Math.max(
        document.documentElement.scrollWidth,
        ...Array.from(document.querySelectorAll('main'), ({ scrollWidth }) => scrollWidth)
      )
    );
  }
}
