import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('the hostile program uses nothing of Dendro: what it speaks is written out again', () => {
  const folder = new URL('program/', import.meta.url);
  const imports = readdirSync(folder).flatMap((file) =>
    [...readFileSync(new URL(file, folder), 'utf8').matchAll(/ from '([^']+)'/g)].map(
      ([, name]) => name ?? ''
    )
  );
  expect(imports.length).toBeGreaterThan(10);
  const own = /^(\.\/[a-z]+\.ts|node:[a-z]+|node-datachannel|ws|yjs|y-protocols\/\w+|lib0\/\w+)$/;
  expect(imports.filter((name) => !own.test(name))).toEqual([]);
});
