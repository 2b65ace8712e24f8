/** Light, dark, or as the system says; remembered on this device (app.html applies it before the first paint). */
import { appContext } from './context.ts';

export type Theme = 'system' | 'light' | 'dark';
const storageKey = 'dendro:theme';

export class Appearance {
  #theme = $state<Theme>(storedTheme());

  get theme(): Theme {
    return this.#theme;
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
