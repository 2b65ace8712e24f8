import fc from 'fast-check';
import { expect, test } from 'vitest';
import { AccessHistory } from '#lib/project/access-history.ts';
import { type EntryHeader } from '#lib/project/entry.ts';

const entry = (hash: string, access: string[]) => ({ hash, access }) as EntryHeader & { hash: string };

test('what an author knew is the same from either end, in any graph and order of arrival', () => {
  const graph = fc.array(fc.array(fc.nat({ max: 30 }), { maxLength: 3 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(graph, fc.infiniteStream(fc.nat()), (edges, picks) => {
      const entries = edges.map((known, i) => entry(`${i}`, i === 0 ? [] : known.map((k) => `${k % i}`)));
      const history = new AccessHistory();
      const left = [...entries];
      for (const pick of picks) {
        const [next] = left.splice(pick % left.length, 1);
        if (next) history.add(next);
        if (left.length === 0) break;
      }
      const knows = (from: { access: string[] }, hash: string): boolean =>
        from.access.some((head) => head === hash || knows(entries[Number(head)] ?? entry('', []), hash));
      for (const a of entries)
        for (const b of entries) {
          expect(history.knew(a, b.hash)).toBe(knows(a, b.hash));
          expect(history.buildsOn(a, b.hash)).toBe(knows(a, b.hash));
        }
    })
  );
});

test('thousands of entries that build on each other are judged without a set for each', () => {
  const history = new AccessHistory();
  const chain = Array.from({ length: 30_000 }, (_, i) => entry(`${i}`, i === 0 ? [] : [`${i - 1}`]));
  for (const link of chain) history.add(link);
  expect(chain.filter((link) => history.buildsOn(link, '0'))).toHaveLength(chain.length - 1);
  expect(history.heads).toEqual(['29999']);
});
