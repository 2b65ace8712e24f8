import { describe, expect, it } from 'vitest';
import { displacementAt, displacementOfChannels, motionSpanUm } from '#lib/sorting/motion/motion.ts';
import { type EstimateOptions, estimateMotion } from '#lib/sorting/motion/register.ts';
import {
  type Course,
  type DriftingPeaks,
  column,
  courses,
  drawPeaks,
  median,
  motionErrors
} from './drifting-peaks.ts';

/** Two columns of 16 contacts and 24 units, as the bench's drift32. */
const usual = { seed: 5, seconds: 240, units: 24, extentUm: 300 };

function estimate(options: DriftingPeaks, more: Partial<EstimateOptions> = {}) {
  const peaks = drawPeaks(options);
  return estimateMotion(peaks, {
    probe: column(options.extentUm),
    durationSeconds: options.seconds,
    ...more
  });
}

describe('the registration of drifting peaks', () => {
  it.each<[string, Course]>([
    ['a zigzag of ±15 µm from 40 s on', courses.zigzag(15, 100, 40)],
    ['a sine of ±10 µm', courses.sine(10, 60)],
    ['a slow drift of 24 µm', courses.linear(0.1)],
    ['a step of 20 µm', courses.step(20, 130)],
    ['no motion', courses.still()]
  ])('finds %s to 0.5 µm, and nowhere errs by 2 µm', (_, course) => {
    const motion = estimate({ ...usual, course });
    expect(motion.outcome).toBe('estimated');
    expect(motion.windowCentresUm).toHaveLength(1);
    const errors = motionErrors(motion, course, [0, 150, 300]);
    expect(median(errors)).toBeLessThan(0.5);
    expect(Math.max(...errors)).toBeLessThan(2);
  });

  it('bears bad localisation, few units and many peaks that belong to nobody', () => {
    const course = courses.zigzag(15, 100);
    const poor = { ...usual, units: 10, course, errorUm: 4, spuriousHz: 100 };
    const errors = motionErrors(estimate(poor), course, [150]);
    expect(median(errors)).toBeLessThan(1);
  });

  it('bears six units on a probe of 60 µm', () => {
    const course = courses.zigzag(6, 100);
    const errors = motionErrors(estimate({ ...usual, units: 6, extentUm: 60, course }), course, [30]);
    expect(median(errors)).toBeLessThan(1);
  });

  it('finds motion that differs along the probe', () => {
    const extentUm = 1200;
    const course: Course = (time, depth) => (0.3 + (0.7 * depth) / extentUm) * courses.sine(20, 120)(time, 0);
    const options = { ...usual, units: 100, extentUm, course };
    const motion = estimate(options);
    expect(motion.windowCentresUm.length).toBeGreaterThan(2);
    expect(median(motionErrors(motion, course, [0, 300, 600, 900, 1200]))).toBeLessThan(0.7);
    const rigid = estimate(options, { windowUm: Infinity });
    expect(rigid.windowCentresUm).toHaveLength(1);
    expect(median(motionErrors(rigid, course, [0, 1200]))).toBeGreaterThan(2);
  });

  it('goes on through seconds without a peak', () => {
    const course = courses.linear(0.1);
    const motion = estimate({ ...usual, course, silence: [100, 120] });
    expect(Math.max(...motionErrors(motion, course, [150]))).toBeLessThan(2);
  });

  it('compares only bins within the horizon, in longer bins when there would be too many', () => {
    const course = courses.sine(10, 60);
    const near = estimate({ ...usual, course }, { horizonSeconds: 50, maxPartners: 20 });
    expect(median(motionErrors(near, course, [150]))).toBeLessThan(0.7);
    const peaks = drawPeaks({ ...usual, seconds: 20, course });
    const { binTimes } = estimateMotion(peaks, { probe: column(300), durationSeconds: 20_000 });
    expect(binTimes.length).toBeLessThanOrEqual(7200);
    expect(binTimes[0]).toBe(1.5);
  });

  it('gives equal bits for equal peaks, centred on the median and clonable', () => {
    const options = { ...usual, seconds: 100, course: courses.zigzag(15, 50) };
    const motion = estimate(options);
    expect(estimate(options)).toEqual(motion);
    expect(structuredClone(motion)).toEqual(motion);
    expect(median([...motion.displacementsUm])).toBe(0);
  });
});

describe('where no motion can be estimated, it is zero and the reason said', () => {
  const still = { ...usual, seconds: 60, course: courses.still() };

  it.each([
    ['one contact', 0],
    ['a row across the depth', 20]
  ])('on %s', (_, extentUm) => {
    const probe = column(extentUm);
    const motion = estimateMotion(drawPeaks({ ...still, extentUm }), { probe, durationSeconds: 60 });
    expect(motion.outcome).toBe('no-depth-extent');
    expect([...displacementOfChannels(motion, probe, 30)]).toEqual(probe.contacts.map(() => 0));
  });

  it.each([
    ['without a peak', 0],
    ['with a handful of peaks', 1]
  ])('%s', (_, units) => {
    const motion = estimate({ ...still, units, spuriousHz: 0, silence: [10, 60] });
    expect(motion.outcome).toBe('too-few-peaks');
    expect(motionSpanUm(motion)).toBe(0);
  });

  it('with peaks that hold no structure', () => {
    const motion = estimate({ ...still, units: 0, spuriousHz: 10 });
    expect(motion.outcome).toBe('no-structure');
    expect(motionSpanUm(motion)).toBe(0);
  });

  it.each([50, 300])(
    'or rests: with %i peaks a second whose only structure is the probe’s ends',
    (spuriousHz) => {
      const motion = estimate({ ...still, units: 0, spuriousHz });
      const moved = [...motion.displacementsUm].map(Math.abs);
      expect(median(moved)).toBeLessThan(3);
    }
  );

  it('in a part of the probe without units, which follows its neighbours', () => {
    const course = courses.zigzag(10, 40);
    const extentUm = 1200;
    const lower = drawPeaks({ ...still, seconds: 80, units: 40, extentUm: 500, course });
    const noise = drawPeaks({ ...still, seconds: 80, units: 0, extentUm, spuriousHz: 100 });
    const chunks = lower.flatMap((chunk, second) => [chunk, noise[second] ?? chunk]);
    const motion = estimateMotion(chunks, { probe: column(extentUm), durationSeconds: 80 });
    expect(median(motionErrors(motion, course, [200]))).toBeLessThan(0.5);
    expect(median(motionErrors(motion, course, [1100]))).toBeLessThan(1);
  });
});

describe('a motion', () => {
  const motion = {
    outcome: 'estimated' as const,
    windowCentresUm: Float64Array.of(100, 300),
    binTimes: Float64Array.of(0.5, 1.5, 2.5),
    displacementsUm: Float64Array.of(0, 10, 0, 0, 30, -4)
  };

  it.each([
    [1.5, 100, 10],
    [1, 100, 5],
    [1.5, 200, 20],
    [1, 200, 10],
    [-3, 0, 0],
    [9, 900, -4]
  ])('at %f s and %f µm is %f µm: linear in between, constant beyond', (timeSeconds, depthUm, expected) => {
    expect(displacementAt(motion, { timeSeconds, depthUm })).toBeCloseTo(expected, 12);
  });

  it('spans what its widest window does', () => {
    expect(motionSpanUm(motion)).toBe(34);
  });
});
