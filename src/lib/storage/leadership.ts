/** Of several tabs of one browser, one does a project's sync and transfers; another takes over when it closes. */

export interface Leadership {
  readonly leading: boolean;
  /** Gives the lead up, or stops waiting for it. */
  release(): void;
}

/**
 * Waits for the lead of a name in the background.
 * @param onLead called once, when this tab has it
 */
export function seekLeadership(name: string, onLead: () => void): Leadership {
  const waiting = new AbortController();
  let giveUp: () => void = () => undefined;
  let leading = false;
  const held = new Promise<void>((resolve) => (giveUp = resolve));
  navigator.locks
    .request(`dendro ${name}`, { signal: waiting.signal }, () => {
      leading = true;
      onLead();
      return held;
    })
    .catch((error: unknown) => {
      if (!(error instanceof DOMException && error.name === 'AbortError')) throw error;
    });
  return {
    get leading() {
      return leading;
    },
    release() {
      leading = false;
      waiting.abort();
      giveUp();
    }
  };
}
