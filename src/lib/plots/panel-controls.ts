/** Where a panel's heading takes the controls of what stands in its body. */
import { getContext, setContext } from 'svelte';

/** The element in the heading; undefined before it is on the page, and outside panels. */
export type PanelControls = () => HTMLElement | undefined;

const key = Symbol('PanelControls');

export function providePanelControls(controls: PanelControls): void {
  setContext(key, controls);
}

export function usePanelControls(): PanelControls {
  return getContext<PanelControls | undefined>(key) ?? (() => undefined);
}
