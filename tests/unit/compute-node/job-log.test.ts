import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { JobLogs } from '../../../compute-node/node/job-log.ts';
import { BlobStore } from '../../../compute-node/platform/blob-store.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-log-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what two runs of an attempt printed becomes one stored file', async () => {
  new JobLogs(folder).append(7, ['first run', 'ends here']);
  const logs = new JobLogs(folder);
  logs.append(7, ['second run']);
  const blobs = new BlobStore(folder);
  const kept = await logs.keep(7, blobs);
  expect(kept && readFileSync(blobs.pathOf(kept.root), 'utf8')).toBe('first run\nends here\nsecond run\n');
  expect(kept?.size).toBe(31);
  logs.remove(7);
  expect(existsSync(join(folder, '7.log'))).toBe(false);
});

test('a job that prints nothing has no log', async () => {
  expect(await new JobLogs(folder).keep(7, new BlobStore(folder))).toBeUndefined();
});

test('a job that prints without end does not fill the disk, and its log says where it ends', () => {
  const logs = new JobLogs(folder);
  const mebibyte = ['x'.repeat(1024 * 1024)];
  for (let count = 0; count < 20; count++) logs.append(7, mebibyte);
  const path = join(folder, '7.log');
  expect(statSync(path).size).toBeLessThan(17.1 * 1024 * 1024);
  expect(readFileSync(path, 'utf8').slice(-60)).toContain('The log ends here');
});
