/** What is known of the tissue's motion along the probe, and how far it had moved at a place and time. */
import { type Probe } from '../../model/recording.ts';

/** Structured-clonable; see the file's header. */
export interface Motion {
  /** Whether displacements were estimated, or why they are all zero. */
  outcome: 'estimated' | 'no-depth-extent' | 'too-few-peaks' | 'no-structure';
  /** Middle of each window along the probe, ascending, in µm. */
  windowCentresUm: Float64Array;
  /** Middle of each time bin in s from the recording's first sample, ascending and evenly spaced. */
  binTimes: Float64Array;
  /**
   * Windows × bins, in µm: what lies at depth y usually is seen at y + displacement. The median of each window is zero.
   */
  displacementsUm: Float64Array;
}

/** A motion of nothing. */
export function motionless(
  outcome: Motion['outcome'],
  shape: Pick<Motion, 'windowCentresUm' | 'binTimes'>
): Motion {
  const cells = shape.windowCentresUm.length * shape.binTimes.length;
  return { ...shape, outcome, displacementsUm: new Float64Array(cells) };
}

/** Displacement in µm of the tissue that belongs at a depth: linear between bins and windows, constant beyond them. */
export function displacementAt(
  { windowCentresUm, binTimes, displacementsUm }: Motion,
  { timeSeconds, depthUm }: { timeSeconds: number; depthUm: number }
): number {
  const time = locate(binTimes, timeSeconds);
  const depth = locate(windowCentresUm, depthUm);
  const value = (window: number) => {
    const row = window * binTimes.length;
    const before = displacementsUm[row + time.index] ?? 0;
    const after = displacementsUm[row + time.index + 1] ?? 0;
    return time.part === 0 ? before : before + time.part * (after - before);
  };
  const upper = value(depth.index);
  return depth.part === 0 ? upper : upper + depth.part * (value(depth.index + 1) - upper);
}

/** Displacement in µm at each contact's depth, one a channel. */
export function displacementOfChannels(motion: Motion, probe: Probe, timeSeconds: number): Float64Array {
  return Float64Array.from(probe.contacts, ({ y }) => displacementAt(motion, { timeSeconds, depthUm: y }));
}

/** Between the lowest and the highest displacement of any window, in µm: below 2 to 3 µm there is little to correct. */
export function motionSpanUm({ displacementsUm, binTimes, windowCentresUm }: Motion): number {
  let span = 0;
  for (let window = 0; window < windowCentresUm.length; window++) {
    let [lowest, highest] = [0, 0];
    for (let bin = 0; bin < binTimes.length; bin++) {
      const value = displacementsUm[window * binTimes.length + bin] as number;
      lowest = Math.min(lowest, value);
      highest = Math.max(highest, value);
    }
    span = Math.max(span, highest - lowest);
  }
  return span;
}

/** The last knot that is not beyond the position, and which part of the way to the next one it has come. */
function locate(knots: Float64Array, position: number): { index: number; part: number } {
  const last = knots.length - 1;
  const first = knots[0] as number;
  if (last < 1 || !(position > first)) return { index: 0, part: 0 };
  if (position >= (knots[last] as number)) return { index: last, part: 0 };
  const place = ((position - first) / ((knots[last] as number) - first)) * last;
  const index = Math.min(Math.floor(place), last - 1);
  return { index, part: place - index };
}
