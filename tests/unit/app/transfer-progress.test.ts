import { describe, expect, it } from 'vitest';
import { TransferMeter, roughTime, transferText } from '#lib/app/transfer-progress.ts';

const mega = 1e6;

function steady(seconds: number, rate: number, total: number): TransferMeter {
  const meter = new TransferMeter();
  for (let at = 0; at <= seconds; at++) meter.count(at * rate, total, at * 1000);
  return meter;
}

describe('the figures of a transfer', () => {
  it('give bytes and rate at once and no time left before 10 s', () => {
    const figures = steady(4, 24 * mega, 6800 * mega).figures(4000);
    expect(figures.secondsLeft).toBeUndefined();
    expect(transferText(figures)).toBe('0.1 of 6.8 GB, 24.0 MB/s');
  });

  it('give no time left before 5 % either', () => {
    expect(steady(12, 24 * mega, 68_000 * mega).figures(12_000).secondsLeft).toBeUndefined();
  });

  it('foretell after 10 s and 5 %', () => {
    const figures = steady(88, 24 * mega, 6800 * mega).figures(88_000);
    expect(figures.secondsLeft).toBeCloseTo((6800 - 88 * 24) / 24, 0);
    expect(transferText(figures)).toBe('2.1 of 6.8 GB, 24.0 MB/s, about 3 min');
  });

  it('count what an earlier connection brought, but not in the rate', () => {
    const meter = new TransferMeter();
    meter.count(500 * mega, 1000 * mega, 0);
    meter.count(510 * mega, 1000 * mega, 1000);
    expect(meter.figures(1000).rate).toBe(10 * mega);
  });

  it('say a silence of more than five seconds instead of a rate', () => {
    const meter = steady(20, mega, 100 * mega);
    meter.count(20 * mega, 100 * mega, 27_000);
    expect(transferText(meter.figures(27_000))).toBe('20.0 of 100 MB, nothing came for 7 s');
  });

  it('round a time left no finer than it is known', () => {
    expect([3, 42, 170, 7000].map(roughTime)).toEqual(['5 s', '45 s', '3 min', '2 h']);
  });
});
