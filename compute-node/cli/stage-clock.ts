/** Adds up how long each stage of a run took, in seconds, from the order in which stages report progress. */
export interface StageClock {
  enter(stage: string): void;
  /** Seconds by stage, in order of first appearance. */
  finish(): Record<string, number>;
}

/** @param now a clock in ms */
export function stageClock(now: () => number): StageClock {
  const seconds: Record<string, number> = {};
  let current: string | undefined;
  let since = now();
  const close = () => {
    const time = now();
    if (current !== undefined) seconds[current] = (seconds[current] ?? 0) + (time - since) / 1000;
    since = time;
  };
  return {
    enter(stage) {
      if (stage === current) return;
      close();
      current = stage;
    },
    finish() {
      close();
      current = undefined;
      return seconds;
    }
  };
}
