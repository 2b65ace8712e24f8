import { describe, expect, it } from 'vitest';
import { templateSpread } from '#lib/metrics/template-spread.ts';

const asGiven = { samplingRateHz: 10_000, upsampling: 1 };
const contacts = Array.from({ length: 9 }, (_, k) => ({ x: 0, y: 20 * k }));
const samples = 60;

/** A trough on every channel: its sample and depth by channel. */
function template(sampleOf: (channel: number) => number, depthOf: (channel: number) => number) {
  const values = new Float32Array(samples * contacts.length);
  contacts.forEach((_, channel) => {
    values[sampleOf(channel) * contacts.length + channel] = -depthOf(channel);
  });
  return { values, contacts };
}

describe('propagation of a template', () => {
  it('is distance over time, on either side of the deepest channel', () => {
    // Upwards one sample (0.1 ms) each 20 µm, downwards two.
    const moving = template(
      (k) => 10 + (k >= 4 ? k - 4 : 2 * (4 - k)),
      (k) => 100 - 10 * Math.abs(k - 4)
    );
    const { velocityAbove, velocityBelow } = templateSpread(moving, asGiven);
    expect(velocityAbove).toBeCloseTo(200, 9);
    expect(velocityBelow).toBeCloseTo(100, 9);
  });

  it('does not depend on the order of the channels', () => {
    const order = [3, 8, 0, 5, 1, 7, 2, 6, 4];
    const moving = template((k) => 10 + Math.abs(k - 4), (k) => 100 - 10 * Math.abs(k - 4)); // prettier-ignore
    const shuffled = {
      values: moving.values.map(
        (_, at) => moving.values[at - (at % 9) + (order[at % 9] as number)] as number
      ),
      contacts: order.map((k) => contacts[k] as { x: number; y: number })
    };
    expect(templateSpread(shuffled, asGiven)).toEqual(templateSpread(moving, asGiven));
  });

  it('is unknown with too few channels on a side, without motion, and where times are no line', () => {
    const atEdge = template((k) => 10 + 8 - k, (k) => (k === 8 ? 100 : 10)); // prettier-ignore
    expect(templateSpread(atEdge, asGiven).velocityAbove).toBeNaN();
    expect(templateSpread(atEdge, asGiven).velocityBelow).toBeCloseTo(200, 9);
    const still = template(() => 10, (k) => 100 - k); // prettier-ignore
    expect(templateSpread(still, asGiven).velocityAbove).toBeNaN();
    const zigzag = template((k) => 10 + (k % 2) * 20, (k) => 100 - k); // prettier-ignore
    expect(templateSpread(zigzag, asGiven).velocityAbove).toBeNaN();
  });
});

describe('spread of a template', () => {
  it('is the depth between the outermost channels with a fifth of the amplitude', () => {
    // Far apart, nothing is smoothed: 21 and more of 100 count.
    const sparse = contacts.map(({ y }) => ({ x: 0, y: 50 * y }));
    const { values } = template(() => 10, (k) => [0, 10, 21, 50, 100, 30, 22, 19, 0][k] as number); // prettier-ignore
    expect(templateSpread({ values, contacts: sparse }, asGiven).spreadUm).toBe(4 * 1000);
  });

  it('smooths over 20 µm', () => {
    // One channel of 100 at a pitch of 20 µm: neighbours get e^(−½) = 0.61 of it, the next e^(−2) = 0.14.
    const { values } = template(() => 10, (k) => (k === 4 ? 100 : 0)); // prettier-ignore
    expect(templateSpread({ values, contacts }, asGiven).spreadUm).toBe(40);
  });

  it('is unknown when all channels lie at one depth', () => {
    const { values } = template(() => 10, () => 100); // prettier-ignore
    const row = contacts.map(({ y }) => ({ x: y, y: 0 }));
    expect(templateSpread({ values, contacts: row }, asGiven).spreadUm).toBeNaN();
  });
});

it('has the decay of its amplitudes with distance', () => {
  const decaying = template(() => 10, (k) => 3 + 90 * Math.exp(-20 * Math.abs(k - 6) * 0.04)); // prettier-ignore
  expect(templateSpread(decaying, asGiven).decayPerUm).toBeCloseTo(0.04, 6);
});
