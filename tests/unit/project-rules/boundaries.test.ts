import { Linter } from 'eslint';
import { describe, expect, test } from 'vitest';
import { importBoundaries, portableMath } from '../../../eslint/boundaries.js';

function lint(filename: string, code: string): string[] {
  const linter = new Linter();
  const rules = { 'dendro/boundaries': 'error', 'dendro/math': 'error' } as const;
  const plugins = { dendro: { rules: { boundaries: importBoundaries, math: portableMath } } };
  return linter
    .verify(code, [{ files: ['**/*.ts'], plugins, rules }], { filename })
    .map(({ message }) => message);
}

describe('import boundaries', () => {
  test.each([
    ['src/routes/+page.ts', "import '#lib/peer/frames.ts';"],
    ['src/lib/sorting/detect.ts', "import '../project/entry.ts';"],
    ['compute-node/serve.ts', "import '#lib/storage/database.ts';"],
    ['src/lib/model/ids.ts', "export * from '#lib/math/random.ts';"],
    ['src/lib/components/panel.ts', "const sync = await import('#lib/sync/project-sync.ts');"]
  ])('%s may not hold %s', (filename, code) => {
    expect(lint(filename, code)).toHaveLength(1);
  });

  test.each([
    ['src/lib/peer/frames.ts', "import * as Y from 'yjs';"],
    ['src/lib/app/project.ts', "import Dexie from 'dexie';"],
    ['src/lib/bytes/file.ts', "import { open } from 'node:fs/promises';"]
  ])('%s may not use the package in %s', (filename, code) => {
    expect(lint(filename, code)).toHaveLength(1);
  });

  test('nobody gives libhdf5 the real file system', () => {
    expect(lint('src/lib/formats/hdf5/open.ts', "import h5 from 'h5wasm/node';")[0]).toContain('h5wasm/node');
  });

  test('an allowed arrow passes', () => {
    expect(lint('src/lib/sorting/detect.ts', "import '#lib/math/random.ts';")).toEqual([]);
    expect(
      lint('compute-node/serve.ts', "import '#lib/project/project-document.ts'; import 'node:fs';")
    ).toEqual([]);
  });
});

describe('portable math', () => {
  test('functions whose last bits differ between engines are refused', () => {
    expect(lint('src/lib/sorting/a.ts', 'Math.exp(1) + Math.random() + 2 ** 0.5;')).toHaveLength(3);
  });
  test('exact ones pass', () => {
    expect(lint('src/lib/sorting/a.ts', 'Math.sqrt(2) + Math.hypot(1, 2) + x ** 2;')).toEqual([]);
  });
});
