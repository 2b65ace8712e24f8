// `npm run test:python [-- --small]`: parity with SpikeInterface and isosplit6, and our NWB files in pynwb and
// nwbinspector. `--small` runs fewer random cases.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { reportCounts } from './counts.js';
import { pythonEnvironment } from './python-env.js';

const { values, positionals } = parseArgs({
  options: { small: { type: 'boolean' } },
  allowPositionals: true
});
const python = pythonEnvironment();
const folder = mkdtempSync(join(tmpdir(), 'dendro-python-'));
const report = join(folder, 'report.xml');
const { status } = spawnSync(
  python,
  ['-m', 'pytest', '-q', '-p', 'no:cacheprovider', 'tests/python', `--junitxml=${report}`, ...positionals],
  {
    stdio: 'inherit',
    env: { ...process.env, DENDRO_CASES: values.small ? '15' : '100', DENDRO_NODE: process.execPath }
  }
);
const counts = readCounts();
rmSync(folder, { recursive: true });
if (status !== 0 && counts.failed === 0) counts.failed = 1;
reportCounts(counts);
process.exit(status ?? 1);

function readCounts() {
  const xml = readFileSync(report, 'utf8');
  const number = (/** @type {string} */ name) =>
    Number(new RegExp(`<testsuite [^>]*\\b${name}="(\\d+)"`).exec(xml)?.[1] ?? 0);
  const failed = number('failures') + number('errors');
  const skipped = number('skipped');
  return { passed: number('tests') - failed - skipped, failed, skipped };
}
