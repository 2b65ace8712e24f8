import { expect, test } from 'vitest';
import { type HistoryNames, historyWords } from '#lib/app/history-words.ts';
import { type PersonId } from '#lib/model/ids.ts';
import { type HistoryItem } from '#lib/project/history.ts';

const names: HistoryNames = {
  person: () => 'Bob',
  file: () => 'day3.nwb',
  job: () => 'the job on day3.nwb',
  comment: () => 'unit 7 of day3.nwb',
  deletion: () => 'day3.nwb',
  isUsedUp: (invite) => invite === 'cd'.repeat(16)
};
const words = (change: HistoryItem['change']) =>
  historyWords({ entry: '', person: '0a'.repeat(16) as PersonId, at: 0, change }, names);
const id = 'ab'.repeat(16) as never;

test('an item says what was done, of which kind it is', () => {
  expect(words({ type: 'delete', at: 0, kind: 'file', id })).toEqual({
    kind: 'deletions',
    text: 'deleted day3.nwb'
  });
  expect(
    words({ type: 'comment', at: 0, comment: id, on: { kind: 'unit', id, unit: 7 }, text: 'x' }).text
  ).toBe('commented on unit 7 of day3.nwb');
  expect(
    words({
      type: 'event',
      at: 0,
      event: { job: id, attempt: 1, n: 0, state: 'failed', reason: { tag: 't', message: 'No disk.' } }
    })
  ).toEqual({ kind: 'jobs', text: 'failed at the job on day3.nwb', note: 'No disk.' });
});

test('a tag and the project’s being put away are told', () => {
  const tag = { type: 'tag' as const, subject: 'project' as const, tag: 'CA1' };
  expect(words({ ...tag, present: true }).text).toBe('tagged the project “CA1”');
  expect(words({ ...tag, present: false }).text).toBe('untagged the project “CA1”');
  expect(words({ type: 'archive', archived: true }).text).toBe('archived the project');
  expect(words({ type: 'archive', archived: false }).text).toBe('brought the project back');
});

test('an invitation is closed once it is used up, or taken back', () => {
  expect(words({ type: 'revoke', at: 0, invite: 'cd'.repeat(16) as never }).text).toBe(
    'closed a used-up invitation'
  );
  expect(words({ type: 'revoke', at: 0, invite: id }).text).toBe('took an invitation back');
});

test('of two names given at once, the one that lost is told', () => {
  const renamed = { type: 'name' as const, subject: 'project' as const, before: 'CA1', edits: 1 };
  const crossed = { name: 'CA2', by: undefined };
  expect(words({ ...renamed, name: 'CA3', crossed: { ...crossed, won: true } })).toMatchObject({
    text: 'renamed the project from “CA1” to “CA3”',
    note: 'Bob gave it the name “CA2” at the same time; this one counts.'
  });
  expect(words({ ...renamed, name: 'CA3', crossed: { ...crossed, won: false } }).note).toContain(
    'that one counts'
  );
});
