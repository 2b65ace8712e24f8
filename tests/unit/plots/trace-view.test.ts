import { describe, expect, test } from 'vitest';
import {
  fittingAmplitude,
  type TraceView,
  viewAfterKey,
  viewAfterWheel,
  zoomTime
} from '#lib/plots/trace-view.ts';

const extent = { durationSeconds: 60, samplingRateHz: 30000, rows: 32 };
const view: TraceView = { startSeconds: 10, spanSeconds: 1, firstRow: 8, rowCount: 16, uvPerRow: 200 };
const plain = { altKey: false, ctrlKey: false, metaKey: false, shiftKey: false };
const key = (name: string, more: Partial<typeof plain> & { code?: string } = {}) => ({
  key: name,
  code: '',
  ...plain,
  ...more
});
const wheel = (deltaY: number, more: Partial<typeof plain> & { deltaX?: number } = {}, mouse?: 'phy') =>
  viewAfterWheel({
    view,
    mouse,
    event: { deltaX: 0, deltaY, deltaMode: 0, ...plain, ...more },
    at: 0.25,
    size: { width: 1000, height: 400 },
    extent
  });

describe('keys of a trace plot', () => {
  test('left and right step a fifth of the window, with Shift a page', () => {
    expect(viewAfterKey(view, key('ArrowRight'), extent)?.startSeconds).toBeCloseTo(10.2);
    expect(viewAfterKey(view, key('ArrowLeft', { shiftKey: true }), extent)?.startSeconds).toBeCloseTo(9);
  });
  test('Home and End reach the ends of the recording', () => {
    expect(viewAfterKey(view, key('Home'), extent)?.startSeconds).toBe(0);
    expect(viewAfterKey(view, key('End'), extent)?.startSeconds).toBe(59);
  });
  test('equals and minus zoom time about the middle', () => {
    const closer = viewAfterKey(view, key('='), extent);
    expect(closer?.spanSeconds).toBeCloseTo(0.8);
    expect(closer?.startSeconds).toBeCloseTo(10.1);
    expect(viewAfterKey(view, key('-'), extent)?.spanSeconds).toBeCloseTo(1.25);
  });
  test('up and down move over channels, and with Alt scale the amplitude', () => {
    expect(viewAfterKey(view, key('ArrowDown'), extent)?.firstRow).toBe(9);
    expect(viewAfterKey(view, key('ArrowUp', { altKey: true }), extent)?.uvPerRow).toBeCloseTo(160);
  });
  test('with Alt the physical keys of plus and minus are read, whatever signs they type', () => {
    expect(viewAfterKey(view, key('≠', { altKey: true, code: 'Equal' }), extent)?.spanSeconds).toBeCloseTo(
      0.8
    );
    expect(viewAfterKey(view, key('–', { altKey: true, code: 'Minus' }), extent)?.spanSeconds).toBeCloseTo(
      1.25
    );
  });
  test("a browser's own shortcut is left to the browser", () => {
    expect(viewAfterKey(view, key('ArrowLeft', { ctrlKey: true }), extent)).toBeUndefined();
    expect(viewAfterKey(view, key('g'), extent)).toBeUndefined();
  });
});

describe('the wheel on a trace plot with the mouse of Phy', () => {
  const phy = (deltaY: number, more: Partial<typeof plain> = {}) => wheel(deltaY, more, 'phy');

  test('zooms in time and keeps the moment under the pointer in place', () => {
    const next = phy(-100);
    expect(next.spanSeconds).toBeLessThan(1);
    expect(next.startSeconds + 0.25 * next.spanSeconds).toBeCloseTo(10.25);
  });
  test('with Alt moves in time, with Ctrl scales the amplitude, with Shift moves over channels', () => {
    expect(phy(100, { altKey: true }).startSeconds).toBeCloseTo(10.1);
    expect(phy(-100, { ctrlKey: true }).uvPerRow).toBeLessThan(200);
    expect(phy(100, { shiftKey: true })).toMatchObject({ firstRow: 12, startSeconds: 10 });
  });
});

describe('the wheel on a trace plot', () => {
  test('moves over channels', () => {
    expect(wheel(100)).toMatchObject({ firstRow: 12, startSeconds: 10 });
  });
  test('with Shift or sideways moves in time', () => {
    expect(wheel(100, { shiftKey: true }).startSeconds).toBeCloseTo(10.1);
    expect(wheel(0, { deltaX: 100 }).startSeconds).toBeCloseTo(10.1);
  });
  test('with Ctrl zooms time and keeps the moment under the pointer in place', () => {
    const next = wheel(-100, { ctrlKey: true });
    expect(next.spanSeconds).toBeLessThan(1);
    expect(next.startSeconds + 0.25 * next.spanSeconds).toBeCloseTo(10.25);
  });
  test('with Alt scales the amplitude', () => {
    expect(wheel(100, { altKey: true }).uvPerRow).toBeGreaterThan(200);
  });
});

test('a view never leaves the recording', () => {
  const wide = zoomTime(view, 1000, 0.5, extent);
  expect(wide).toMatchObject({ startSeconds: 0, spanSeconds: 60 });
  const short = zoomTime(view, 1e-9, 0.5, extent);
  expect(short.spanSeconds * extent.samplingRateHz).toBeCloseTo(16);
});

test('the first amplitude follows the noise and is not led by spikes', () => {
  const noise = Float32Array.from({ length: 10_000 }, (_, index) => (index % 2 ? 1 : -1) * 4.72);
  noise.fill(-900, 0, 200);
  expect(fittingAmplitude(noise, false)).toBe(200);
  expect(fittingAmplitude(new Float32Array(100), false)).toBe(200);
});
