/**
 * Between the samples: where a peak lies whose samples are known, and a waveform moved by a part of a sample. Spikes are
 * looked at on samples that lie far enough apart for this to matter: a spike of 40 noise SDs that is taken off a third
 * of a sample beside its place leaves another one behind.
 */
import { sin } from '../math/portable.ts';

/** A sample is divided into so many parts. */
export const phaseCount = 16;
/** Half the length of the interpolating function, in samples (Lanczos). */
export const shiftReach = 4;
export const shiftTapCount = 2 * shiftReach + 1;

const newtonSteps = 2;

/** Where and how high a peak is. */
export interface Vertex {
  /** From the middle one, in samples: -0.5 to 0.5. */
  offset: number;
  height: number;
}

/** The vertex of the parabola through three neighbouring samples of which the middle one is the largest. */
function vertexOf(before: number, middle: number, after: number): Vertex {
  const curvature = before - 2 * middle + after;
  if (!(curvature < 0)) return { offset: 0, height: middle };
  const offset = within((before - after) / (2 * curvature));
  return { offset, height: middle + ((after - before) * offset) / 4 };
}

/**
 * The vertex of the polynomial of degree four through five neighbouring values around a largest one, by Newton's method
 * from the parabola's, which between the samples of a spike at 15 kHz is up to 3 % too low.
 * @param at index of the largest one, with two more on either side
 */
export function peakAt(values: ArrayLike<number>, at: number): Vertex {
  const [a = NaN, b = NaN, c = NaN, d = NaN, e = NaN] = [-2, -1, 0, 1, 2].map((k) => values[at + k]);
  const c1 = (a - 8 * b + 8 * d - e) / 12;
  const c2 = (-a + 16 * b - 30 * c + 16 * d - e) / 24;
  const c3 = (-a + 2 * b - 2 * d + e) / 12;
  const c4 = (a - 4 * b + 6 * c - 4 * d + e) / 24;
  let { offset: x } = vertexOf(b, c, d);
  for (let step = 0; step < newtonSteps; step++) {
    const curvature = 2 * c2 + 6 * c3 * x + 12 * c4 * x * x;
    if (!(curvature < 0)) break;
    x = within(x - (c1 + 2 * c2 * x + 3 * c3 * x * x + 4 * c4 * x * x * x) / curvature);
  }
  return { offset: x, height: c + x * (c1 + x * (c2 + x * (c3 + x * c4))) };
}

const within = (offset: number) => Math.max(-0.5, Math.min(0.5, offset));

/** The number of the part that an offset of -0.5 to 0.5 samples lies in. */
export function phaseOf(offset: number): number {
  return Math.round((offset + 0.5) * phaseCount);
}

/**
 * Taps that move a waveform: of the samples from shiftReach before to shiftReach after, they give the one that is there
 * when the waveform comes an offset later. Phases × taps, float32; each phase's sum is 1.
 */
export function shiftTaps(): Float32Array<ArrayBuffer> {
  const taps = new Float32Array((phaseCount + 1) * shiftTapCount);
  for (let phase = 0; phase <= phaseCount; phase++) {
    const offset = phase / phaseCount - 0.5;
    const row = Float64Array.from({ length: shiftTapCount }, (_, k) => lanczos(k - shiftReach + offset));
    const sum = row.reduce((total, tap) => total + tap, 0);
    taps.set(
      row.map((tap) => tap / sum),
      phase * shiftTapCount
    );
  }
  return taps;
}

function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= shiftReach) return 0;
  return (sinc(x) * sin((Math.PI * x) / shiftReach)) / ((Math.PI * x) / shiftReach);
}

function sinc(x: number): number {
  return sin(Math.PI * x) / (Math.PI * x);
}

/** Rows of a length, each moved by every part of a sample, silence being around them: phases × rows × length. */
export function movedRows(rows: ArrayLike<number>, length: number): Float32Array<ArrayBuffer> {
  const taps = shiftTaps();
  const moved = new Float32Array((phaseCount + 1) * rows.length);
  for (let phase = 0; phase <= phaseCount; phase++)
    moved.set(filtered(rows, length, taps.subarray(phase * shiftTapCount)), phase * rows.length);
  return moved;
}

/** Rows of a length, each moved by the same offset of -0.5 to 0.5 samples, silence being around them. */
export function moveRows(rows: ArrayLike<number>, length: number, offset: number): Float32Array<ArrayBuffer> {
  return filtered(rows, length, shiftTaps().subarray(phaseOf(offset) * shiftTapCount));
}

function filtered(rows: ArrayLike<number>, length: number, taps: Float32Array): Float32Array<ArrayBuffer> {
  const out = new Float32Array(rows.length);
  for (let first = 0; first < rows.length; first += length)
    for (let i = 0; i < length; i++) {
      let sum = 0;
      for (let k = 0; k < shiftTapCount; k++) {
        const from = i + k - shiftReach;
        if (from >= 0 && from < length) sum += (taps[k] as number) * (rows[first + from] as number);
      }
      out[first + i] = sum;
    }
  return out;
}
