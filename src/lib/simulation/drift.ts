/** How far the tissue of a generated recording has moved along the probe: known, so that estimates can be measured. */
import { type Range, type SimulationSpec } from './specification.ts';

/** Displacement of all units along y; zero before the start. */
export interface Drift {
  /**
   * A zigzag runs between +amplitude and −amplitude and begins upwards from zero; a linear drift reaches the amplitude
   * at the recording's end; a step is there from its start on.
   */
  kind: 'zigzag' | 'linear' | 'step';
  amplitudeUm: number;
  startSeconds: number;
  /** Of a zigzag: from one crest to the next. */
  periodSeconds?: number;
  /** The part of it that units at the lowest and the highest contact make, linear in between; both 1 if left out. */
  endScales?: Range;
}

/** Displacement in µm of what lies at a depth when nothing has moved. */
export type Displacement = (timeSeconds: number, depthUm: number) => number;

/** The displacement of a recording's tissue. */
export function displacementOf({
  drift,
  seconds,
  probe
}: Pick<SimulationSpec, 'drift' | 'seconds' | 'probe'>): Displacement {
  if (!drift) return () => 0;
  const [low, high] = drift.endScales ?? [1, 1];
  let [lowest, highest] = [Infinity, -Infinity];
  for (const { y } of probe.contacts) {
    lowest = Math.min(lowest, y);
    highest = Math.max(highest, y);
  }
  return (time, depth) => {
    const along = highest > lowest ? (depth - lowest) / (highest - lowest) : 0;
    return drift.amplitudeUm * course(drift, time, seconds) * (low + (high - low) * along);
  };
}

/** As a share of the amplitude. */
function course({ kind, startSeconds, periodSeconds = 100 }: Drift, time: number, seconds: number): number {
  const since = time - startSeconds;
  if (since < 0) return 0;
  if (kind === 'step') return 1;
  if (kind === 'linear') return Math.min(1, since / Math.max(seconds - startSeconds, 1e-9));
  const phase = (since / periodSeconds + 0.25) % 1;
  return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase;
}
