import { describe, expect, it } from 'vitest';
import { type Drift, displacementOf } from '#lib/simulation/drift.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import {
  type SimulationSpec,
  drift32Spec,
  hard64Spec,
  probe32Spec,
  tetrodeSpec
} from '#lib/simulation/specification.ts';

const zigzag: Drift = { kind: 'zigzag', amplitudeUm: 12, startSeconds: 2, periodSeconds: 8 };
const { probe } = probe32Spec(1);
const courseOf = (drift: Drift) => displacementOf({ drift, seconds: 20, probe });

describe('the displacement of a drift', () => {
  it.each<[string, Drift, [time: number, displacementUm: number][]]>([
    [
      'zigzag',
      zigzag,
      [
        [0, 0],
        [2, 0],
        [3, 6],
        [4, 12],
        [6, 0],
        [8, -12],
        [10, 0],
        [12, 12]
      ]
    ],
    [
      'step',
      { kind: 'step', amplitudeUm: -7, startSeconds: 5 },
      [
        [0, 0],
        [4.99, 0],
        [5, -7],
        [20, -7]
      ]
    ],
    [
      'linear',
      { kind: 'linear', amplitudeUm: 30, startSeconds: 5 },
      [
        [0, 0],
        [5, 0],
        [10, 10],
        [20, 30]
      ]
    ]
  ])('runs as a %s', (_, drift, points) => {
    for (const [time, expected] of points) expect(courseOf(drift)(time, 100)).toBeCloseTo(expected, 10);
  });

  it('may be larger at one end of the probe', () => {
    const course = courseOf({ kind: 'step', amplitudeUm: 10, startSeconds: 0, endScales: [0.5, 1.5] });
    expect([0, 150, 300].map((depth) => course(1, depth))).toEqual([5, 10, 15]);
  });

  it('is zero of a recording without one', () => {
    expect(generateRecording(tetrodeSpec(1, 1)).displacementUm(0.5, 10)).toBe(0);
  });
});

describe('a drifting recording', () => {
  const still: SimulationSpec = {
    ...probe32Spec(3, 6),
    unitAmplitudesUv: [300, 260],
    background: { count: 0, amplitudeUv: [8, 20], rateHz: [3, 9] },
    noise: { ...probe32Spec(3).noise, levelUv: [0, 0], fieldUv: 0 }
  };
  const drift: Drift = { kind: 'step', amplitudeUm: 20, startSeconds: 3 };

  it('is that of still tissue until it starts, with the same spikes throughout', async () => {
    const [moving, resting] = [generateRecording({ ...still, drift }), generateRecording(still)];
    expect(moving.truth).toEqual(resting.truth);
    expect(moving.trueUnits).toEqual(resting.trueUnits);
    // No spike that reaches into the first stretch is at or after the start.
    const before = 3 * 30_000 - 100;
    expect(await moving.source.read(0, before)).toEqual(await resting.source.read(0, before));
    expect(await moving.source.read(90_000, 180_000)).not.toEqual(await resting.source.read(90_000, 180_000));
  });

  it('moves every waveform by the true displacement: a step of one row shifts it by one row', async () => {
    const moving = generateRecording({ ...still, drift });
    const resting = generateRecording(still);
    const from = 90_100;
    const [seen, usual] = [await moving.source.read(from, 180_000), await resting.source.read(from, 180_000)];
    const length = 180_000 - from;
    let [error, size] = [0, 0];
    // Two columns: the contact above is two channels on.
    for (let channel = 0; channel < 30; channel++)
      for (let t = 0; t < length; t++) {
        const value = usual[channel * length + t] ?? NaN;
        error = Math.max(error, Math.abs((seen[(channel + 2) * length + t] ?? NaN) - value));
        size = Math.max(size, Math.abs(value));
      }
    expect(size).toBeGreaterThan(100);
    // Channels that see less than 0.4 µV are left out of a template, and samples are whole counts.
    expect(error).toBeLessThan(1.5);
  });

  it('is the same, bit for bit, however it is cut', async () => {
    const spec = { ...still, drift: { ...zigzag, periodSeconds: 4 } };
    const whole = await generateRecording(spec).source.read(0, 180_000);
    const { source } = generateRecording(spec);
    for (const start of [150_000, 100_000, 59_990]) {
      const part = await source.read(start, start + 9000);
      for (let channel = 0; channel < 32; channel++)
        expect(part.subarray(channel * 9000, (channel + 1) * 9000)).toEqual(
          whole.subarray(channel * 180_000 + start, channel * 180_000 + start + 9000)
        );
    }
  });
});

describe('the named sets', () => {
  it('drift32 is probe32 that moves', () => {
    const { displacementUm } = generateRecording(drift32Spec(2, 20));
    expect(displacementUm(30, 100)).toBe(0);
    expect(displacementUm(65, 100)).toBeCloseTo(15, 10);
    expect(displacementUm(115, 300)).toBeCloseTo(-15, 10);
  });

  it('hard64 has 80 units of very different rates, some of which drag their neighbours along', () => {
    const spec = hard64Spec(4, 60);
    const { truth, trueUnits } = generateRecording(spec);
    const { synchrony: _, ...alone } = spec.units;
    const without = generateRecording({ ...spec, units: alone }).truth;
    expect(trueUnits).toHaveLength(80);
    const counts = truth.trains.map((train) => train.length).toSorted((a, b) => a - b);
    // Log-normal with a median of 3 Hz and a sigma of 1.2: about one in fifteen is below 0.5 Hz.
    expect(counts[40]).toBeGreaterThan(60 * 1.5);
    expect(counts[40]).toBeLessThan(60 * 6);
    expect(counts[4]).toBeLessThan(60);
    expect(counts[76]).toBeGreaterThan(60 * 10);
    const total = (trains: ArrayLike<unknown>[]) => trains.reduce((sum, train) => sum + train.length, 0);
    const added = total(truth.trains) / total(without.trains) - 1;
    expect(added).toBeGreaterThan(0.03);
    expect(added).toBeLessThan(0.055);
    for (const train of truth.trains)
      for (let k = 1; k < train.length; k++)
        expect((train[k] ?? NaN) - (train[k - 1] ?? NaN)).toBeGreaterThanOrEqual(90);
  });
});
