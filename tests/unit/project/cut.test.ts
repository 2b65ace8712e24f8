import { expect, test } from 'vitest';
import * as v from 'valibot';
import { type WriterId } from '#lib/model/ids.ts';
import { AccessBody } from '#lib/project/bodies.ts';
import { cutFrom } from '#lib/project/cut.ts';

test('a removal names as many logs as an entry may, the longest first: nobody keeps themselves in by opening thousands', () => {
  const sessions = Array.from({ length: 20_000 }, (_, i) => ({ writer: (i + 1) as WriterId, seq: 0 }));
  const work = { writer: 99_999 as WriterId, seq: 12 };
  const cut = cutFrom([...sessions, work]);
  expect(cut[0]).toEqual(work);
  const removal = { type: 'remove', at: 0, person: 'ab'.repeat(16), cut };
  expect(v.is(AccessBody, removal)).toBe(true);
  expect(v.is(AccessBody, { ...removal, cut: [...sessions, work] })).toBe(false);
});
