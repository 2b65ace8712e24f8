/** How the app looks and how a mouse works in it; remembered on this device (app.html sets the theme before the first paint). */
import { type MouseHabit } from '#lib/plots/trace-view.ts';
import { appContext } from './context.ts';

export type Theme = 'system' | 'light' | 'dark';
const storageKey = 'dendro:theme';
const mouseKey = 'dendro:mouse';

export class Appearance {
  #theme = $state<Theme>(storedTheme());
  #mouse = $state<MouseHabit>(localStorage.getItem(mouseKey) === 'phy' ? 'phy' : 'dendro');

  get theme(): Theme {
    return this.#theme;
  }

  /** What a wheel does on traces. */
  get mouse(): MouseHabit {
    return this.#mouse;
  }
  chooseMouse(mouse: MouseHabit): void {
    this.#mouse = mouse;
    localStorage.setItem(mouseKey, mouse);
  }

  choose(theme: Theme): void {
    this.#theme = theme;
    if (theme === 'system') {
      localStorage.removeItem(storageKey);
      delete document.documentElement.dataset.theme;
    } else {
      localStorage.setItem(storageKey, theme);
      document.documentElement.dataset.theme = theme;
    }
  }
}

function storedTheme(): Theme {
  const stored = localStorage.getItem(storageKey);
  return stored === 'light' || stored === 'dark' ? stored : 'system';
}

export const appearanceContext = appContext<Appearance>('Appearance');
