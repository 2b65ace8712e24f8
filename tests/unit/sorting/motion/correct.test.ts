import { describe, expect, it } from 'vitest';
import { type Probe } from '#lib/model/recording.ts';
import { randomStream } from '#lib/math/random.ts';
import { layOutProbe } from '#lib/simulation/probe-layout.ts';
import { correctionRows } from '#lib/sorting/motion/correct.ts';
import { whitenChunk as correctTraces } from '#lib/sorting/whitening.ts';
import { column } from './drifting-peaks.ts';

const probe = column(300);
const all = new Uint8Array(probe.contacts.length).fill(1);

/** A smooth profile over the probe, one value a channel. */
function profile({ contacts }: Probe, centreUm: number, widthUm = 30): Float32Array<ArrayBuffer> {
  return Float32Array.from(
    contacts,
    ({ x, y }) => 100 * Math.exp(-((y - centreUm) ** 2 + (x - 12) ** 2) / (2 * widthUm * widthUm))
  );
}

/** Root of the mean squared difference over that of the values. */
function relativeError(found: Float32Array, truth: Float32Array): number {
  let [error, size] = [0, 0];
  truth.forEach((value, i) => {
    error += ((found[i] ?? NaN) - value) ** 2;
    size += value ** 2;
  });
  return Math.sqrt(error / size);
}

describe('the correction of traces', () => {
  it.each([2, -5, 10, 15, -23.7, 40])('restores a smooth profile moved by %f µm to 3 %%', (moved) => {
    const rows = correctionRows(moved, { probe, usable: all });
    const corrected = correctTraces(profile(probe, 150 + moved), rows);
    expect(relativeError(corrected, profile(probe, 150))).toBeLessThan(0.03);
    for (const channels of rows.neighbours) expect(channels.length).toBeLessThanOrEqual(32);
  });

  it('follows a displacement that differs along the probe', () => {
    const displacement = probe.contacts.map(({ y }) => 10 + 0.05 * (y - 150));
    // Seen at y + d(y): the profile's shape at depth y is what lies there.
    const seen = Float32Array.from(probe.contacts, ({ x, y }) => {
      const at = (y - 10 + 0.05 * 150) / 1.05;
      return 100 * Math.exp(-((at - 150) ** 2 + (x - 12) ** 2) / 1800);
    });
    const corrected = correctTraces(seen, correctionRows(displacement, { probe, usable: all }));
    expect(relativeError(corrected, profile(probe, 150))).toBeLessThan(0.03);
  });

  it('keeps the size of noise within 6 %, so that thresholds mean the same at any displacement', () => {
    const field = column(600);
    const decay = (r: number) => Math.exp(-r / 25);
    const rows = correctionRows(10, { probe: field, usable: new Uint8Array(62).fill(1) });
    const middle = 30;
    const channels = [...(rows.neighbours[middle] ?? [])];
    const weights = rows.weights[middle] ?? new Float64Array();
    let variance = 0;
    channels.forEach((a, i) =>
      channels.forEach((b, j) => {
        const [p, q] = [field.contacts[a], field.contacts[b]];
        const distance = Math.hypot((p?.x ?? 0) - (q?.x ?? 0), (p?.y ?? 0) - (q?.y ?? 0));
        variance += (weights[i] ?? 0) * (weights[j] ?? 0) * decay(distance);
      })
    );
    expect(Math.sqrt(variance)).toBeGreaterThan(0.94);
    expect(Math.sqrt(variance)).toBeLessThan(1.06);
  });

  it('is exactly the identity for no displacement', () => {
    const rows = correctionRows(new Float64Array(32), { probe, usable: all });
    const stream = randomStream(1);
    const data = Float32Array.from({ length: 32 * 4000 }, () => 7 * stream.normal());
    expect(correctTraces(data, rows)).toEqual(data);
  });

  it('neither makes nor uses unusable channels', () => {
    const usable = all.slice();
    usable[15] = 0;
    const { neighbours: channels } = correctionRows(10, { probe, usable });
    expect(channels[15]).toHaveLength(0);
    expect(channels.some((row) => row.includes(15))).toBe(false);
  });

  it('stays on the shank, and fades beyond the end of the probe', () => {
    const two = layOutProbe({
      name: 'Two shanks',
      shanks: 2,
      columns: 1,
      rows: 16,
      columnPitchUm: 0,
      rowPitchUm: 20,
      shankPitchUm: 30
    });
    const { neighbours: channels } = correctionRows(10, { probe: two, usable: new Uint8Array(32).fill(1) });
    expect(channels[4]?.every((channel) => channel < 16)).toBe(true);
    const far = correctionRows(500, { probe, usable: all });
    expect(far.neighbours.every((row) => row.length === 0)).toBe(true);
  });
});
