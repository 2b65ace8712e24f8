import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ShownPlace } from '#lib/app/shown-place.ts';
import { type Presence } from '#lib/sync/presence.ts';

let told: Presence[];
let place: ShownPlace;

beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  place = new ShownPlace((presence) => told.push(presence));
});
afterEach(() => vi.useRealTimers());

test('a page is told at once, and a drag over a recording ten times a second, ending at its end', () => {
  place.open('sortings', 'f');
  expect(told).toEqual([{ place: 'sortings', focus: 'f' }]);
  for (let step = 1; step <= 200; step++) {
    place.lookAt({ unit: 7, seconds: step / 100 });
    vi.advanceTimersByTime(5);
  }
  vi.advanceTimersByTime(1000);
  expect(told.length).toBeLessThanOrEqual(13);
  expect(told.at(-1)).toEqual({ place: 'sortings', focus: 'f', unit: 7, seconds: 2 });
});

test('what did not change is not told again', () => {
  place.open('files', undefined);
  vi.advanceTimersByTime(500);
  place.open('files', undefined);
  place.lookAt({});
  vi.advanceTimersByTime(500);
  expect(told).toHaveLength(1);
});

test('a unit and a time are over with the page that they stood on', () => {
  place.open('sortings', 'f');
  place.lookAt({ unit: 7 });
  vi.advanceTimersByTime(500);
  place.open('sortings', 'f');
  vi.advanceTimersByTime(500);
  expect(told.at(-1)).toMatchObject({ unit: 7 });
  place.open('sortings', 'g');
  vi.advanceTimersByTime(500);
  expect(told.at(-1)).toEqual({ place: 'sortings', focus: 'g' });
});
