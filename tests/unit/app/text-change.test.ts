import fc from 'fast-check';
import { expect, it } from 'vitest';
import { textChange } from '#lib/app/text-change.ts';

function apply(text: string, change: ReturnType<typeof textChange>): string {
  if (!change) return text;
  return text.slice(0, change.position) + change.inserted + text.slice(change.position + change.length);
}

it('turns any text into any other', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (before, after) => {
      expect(apply(before, textChange(before, after))).toBe(after);
    })
  );
});

it('touches only what changed', () => {
  expect(textChange('depth 12 mm', 'depth 13 mm')).toEqual({ position: 7, length: 1, inserted: '3' });
  expect(textChange('same', 'same')).toBeUndefined();
});

it('never splits a character in two', () => {
  expect(textChange('a😀', 'a😁')).toEqual({ position: 1, length: 2, inserted: '😁' });
});
