/** What the plots below a component are made of; saved figures carry it in their metadata. */
import { getContext, setContext } from 'svelte';

/** Names and ids, such as `{ Recording: 'mouse7.nwb', Sorting: '5f…' }`. */
export type PlotSource = () => Readonly<Record<string, string>>;

const key = Symbol('PlotSource');

export function providePlotSource(source: PlotSource): void {
  setContext(key, source);
}

export function usePlotSource(): PlotSource {
  return getContext<PlotSource | undefined>(key) ?? (() => ({}));
}
