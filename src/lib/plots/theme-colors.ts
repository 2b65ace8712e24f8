/** Colours of the theme for canvases, which cannot use CSS variables themselves. */

export type Rgb = [number, number, number];

/** Resolves a CSS colour, such as `var(--muted)`, where `element` stands. Components from 0 to 1. */
export function resolveColor(element: HTMLElement, color: string): Rgb {
  const probe = document.createElement('span');
  probe.style.color = color;
  probe.style.display = 'none';
  (element.parentElement ?? document.body).append(probe);
  const resolved = getComputedStyle(probe).color;
  probe.remove();
  const parts = /rgba?\(([\d.]+)[ ,]+([\d.]+)[ ,]+([\d.]+)/.exec(resolved);
  if (!parts) return [0.5, 0.5, 0.5];
  return [Number(parts[1]) / 255, Number(parts[2]) / 255, Number(parts[3]) / 255];
}

/** As CSS writes it. */
export function cssColor(color: Rgb): string {
  return `rgb(${color.map((part) => Math.round(part * 255)).join(', ')})`;
}

/** Calls `changed` whenever the theme may have changed. Returns the cleanup. */
export function watchTheme(changed: () => void): () => void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  query.addEventListener('change', changed);
  return () => {
    observer.disconnect();
    query.removeEventListener('change', changed);
  };
}
