import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseServeConfig, prepareDataFolder } from '../../../compute-node/config.ts';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-config-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('flags of dendro serve', () => {
  test('without any, the home is port 4317 on loopback and the data folder is the user’s own', () => {
    const config = parseServeConfig([], { XDG_DATA_HOME: '/home/me/data' });
    expect(config).toMatchObject({
      port: 4317,
      host: '127.0.0.1',
      demonstration: true,
      shares: [],
      allow: []
    });
    expect(config.dataFolder).toBe('/home/me/data/dendro');
  });

  test('a relative XDG_DATA_HOME is ignored, as its specification says', () => {
    expect(parseServeConfig([], { XDG_DATA_HOME: 'data' }).dataFolder).toMatch(/\.local\/share\/dendro$/);
  });

  test.each([
    [['--port', 'http']],
    [['--port', '70000']],
    [['--workers', '0']],
    [['--share', '/no/such/folder']],
    [['--tls-cert', 'only.pem']],
    [['--public-url', 'sorting.example.org']],
    [['--public-url', 'https://sorting.example.org/app']],
    [['--allow', 'Ada']],
    [['--allow', 'ab'.repeat(16)]],
    [['--unknown']],
    [['stray']]
  ])('%j is refused as wrong usage', (args) => {
    expect(() => parseServeConfig(args)).toThrow(expect.objectContaining({ tag: 'usage' }));
  });

  test('further devices are allowed by their keys', () => {
    const key = 'cd'.repeat(32);
    expect(parseServeConfig(['--allow', key]).allow).toEqual([key]);
  });

  test('two shared folders of one name are refused until one is named', () => {
    const one = join(folder, 'one', 'data');
    const two = join(folder, 'two', 'data');
    for (const path of [one, two]) mkdirSync(path, { recursive: true });
    expect(() => parseServeConfig(['--share', one, '--share', two])).toThrow(/NAME=DIR/);
    expect(parseServeConfig(['--share', one, '--share', `rig2=${two}`]).shares).toEqual([
      { name: 'data', folder: one },
      { name: 'rig2', folder: two }
    ]);
  });
});

describe('data folder', () => {
  test('is made readable by its owner alone', () => {
    const path = join(folder, 'a', 'b');
    prepareDataFolder(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
  });

  test('that others can read is refused with the remedy', () => {
    chmodSync(folder, 0o755);
    expect(() => prepareDataFolder(folder)).toThrow(/chmod 700/);
  });

  test('that cannot be made is refused', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => prepareDataFolder(join(folder, 'file', 'data'))).toThrow(
      expect.objectContaining({ tag: 'data-folder' })
    );
  });
});
