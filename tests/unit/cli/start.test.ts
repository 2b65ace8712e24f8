import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';

function help(cache: string) {
  return spawnSync(process.execPath, ['bin/dendro.js', 'help'], {
    encoding: 'utf8',
    timeout: 30_000,
    env: { ...process.env, NODE_COMPILE_CACHE: cache }
  });
}

test('the command keeps what was compiled, where it can', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'dendro-compiled-'));
  try {
    expect(help(folder)).toMatchObject({ status: 0, stderr: '' });
    expect(await readdir(folder)).not.toEqual([]);
    const file = join(folder, 'file');
    await writeFile(file, '');
    expect(help(join(file, 'none'))).toMatchObject({ status: 0, stderr: '' });
  } finally {
    await rm(folder, { recursive: true });
  }
});
