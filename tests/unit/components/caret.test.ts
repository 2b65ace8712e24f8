import { expect, test } from 'vitest';
import { caretAfter } from '#lib/components/caret.ts';

test.each([
  ['before the change it stays', 'abc', 'abXc', 1, 1],
  ['after an insertion it moves along', 'abc', 'Xabc', 2, 3],
  ['after a deletion it moves back', 'Xabc', 'abc', 3, 2],
  ['at the end, with an insertion at the start, it stays at the end', 'middle', 'before middle', 6, 13],
  ['within what was replaced it goes to the end of what replaced it', 'a[old]b', 'a[new!]b', 4, 6],
  ['in an emptied text it is at its start', 'abc', '', 2, 0]
])('%s', (_name, before, after, at, expected) => {
  expect(caretAfter({ before, after, at })).toBe(expected);
});
