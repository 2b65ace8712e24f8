import { expect, test } from 'vitest';
import { mentionAt, mentionNames, namesToIds } from '#lib/app/mentions.ts';
import { type PersonId } from '#lib/model/ids.ts';

const [ann, anna, other] = ['0a', '0b', '0c'].map((byte) => byte.repeat(16) as PersonId) as [
  PersonId,
  PersonId,
  PersonId
];
const names = mentionNames([
  { person: ann, name: 'Ann', role: 'admin' },
  { person: anna, name: 'Anna Berg', role: 'editor' },
  { person: other, name: 'Ann', role: 'viewer' }
]);

test('a written name becomes the id of the one who is meant', () => {
  expect(namesToIds('@Anna Berg, @Ann (2) and @Ann: look', names)).toBe(
    `@${anna}, @${other} and @${ann}: look`
  );
  expect(namesToIds('@Annabel, mail@home @', names)).toBe('@Annabel, mail@home @');
});

test('nodes are not mentioned', () => {
  expect(mentionNames([{ person: ann, name: 'lab-gpu', role: 'compute' }]).size).toBe(0);
});

test('what stands after an @ before the caret may become a mention', () => {
  expect(mentionAt('Hi @An', 6)).toEqual({ start: 3, typed: 'An' });
  expect(mentionAt('Hi @An there', 6)).toEqual({ start: 3, typed: 'An' });
  expect(mentionAt('mail@An', 7)).toBeUndefined();
  expect(mentionAt('Hi', 2)).toBeUndefined();
});
