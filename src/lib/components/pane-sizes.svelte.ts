/** How large a person made the panes of a workspace, in CSS pixels: kept on this device, within what the window allows. */
import * as v from 'valibot';

const size = v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(10_000)));
const StoredSizes = v.object({ table: size, probe: size, traces: size });

/** `table` and `probe` are widths, `traces` is a height. */
export type PaneName = keyof v.InferOutput<typeof StoredSizes>;

export interface PaneSize {
  value: number;
  min: number;
  max: number;
}
export interface WindowSize {
  width: number;
  height: number;
}

const storageKey = 'dendro:panes';
const wideWindow = 1920;
/** What stays free for the panes in the middle and below, whatever was chosen. */
const leastBelowTraces = 300;

/** What a pane may be in a window, and what it is there when nobody chose. */
export function paneLimits(name: PaneName, window: WindowSize): PaneSize {
  const wide = window.width >= wideWindow;
  switch (name) {
    case 'table':
      return limits({ value: wide ? 420 : 372, min: 260, max: Math.min(480, window.width * 0.42) });
    case 'probe':
      return limits({ value: wide ? 240 : 176, min: 144, max: Math.min(400, window.width * 0.22) });
    case 'traces':
      return limits({ value: wide ? 380 : 300, min: 160, max: window.height - leastBelowTraces });
  }
}

function limits({ value, min, max }: PaneSize): PaneSize {
  const most = Math.max(min, Math.floor(max));
  return { value: Math.min(most, value), min, max: most };
}

export class PaneSizes {
  #chosen = $state.raw(readStored());

  /** A chosen size is kept where the window is too small for it, and used again in a larger one. */
  sizeOf(name: PaneName, window: WindowSize): PaneSize {
    const allowed = paneLimits(name, window);
    const chosen = this.#chosen[name] ?? allowed.value;
    return { ...allowed, value: Math.min(allowed.max, Math.max(allowed.min, chosen)) };
  }

  /** @param value in CSS pixels; undefined goes back to what nobody chose */
  choose(name: PaneName, value: number | undefined): void {
    this.#chosen = { ...this.#chosen, [name]: value === undefined ? undefined : Math.round(value) };
    try {
      localStorage.setItem(storageKey, JSON.stringify(this.#chosen));
    } catch {
      // A browser that keeps nothing still resizes panes.
    }
  }
}

function readStored(): v.InferOutput<typeof StoredSizes> {
  try {
    const parsed = v.safeParse(StoredSizes, JSON.parse(localStorage.getItem(storageKey) ?? '{}'));
    return parsed.success ? parsed.output : {};
  } catch {
    return {};
  }
}
