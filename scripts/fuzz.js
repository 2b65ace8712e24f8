// `npm run test:fuzz -- --inputs N [--seed S]`: throws N hostile inputs at each target in tests/fuzz. The seed is drawn
// and printed, so that what was found can be run again.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readVitestCounts, reportCounts } from './counts.js';

const { values, positionals } = parseArgs({
  options: { inputs: { type: 'string', default: '1000' }, seed: { type: 'string' } },
  allowPositionals: true
});
const inputs = Number(values.inputs);
const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
if (!Number.isInteger(inputs) || inputs < 1 || !Number.isInteger(seed)) {
  process.stderr.write('Usage: npm run test:fuzz -- [--inputs N] [--seed S] [FILTER]\n');
  process.exit(2);
}

process.stdout.write(`fuzz: ${inputs} inputs a target, seed ${seed}\n`);
const folder = mkdtempSync(join(tmpdir(), 'dendro-fuzz-'));
const report = join(folder, 'fuzz.json');
const { status } = spawnSync(
  'vitest',
  [
    'run',
    '--project',
    'fuzz',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...positionals
  ],
  { stdio: 'inherit', env: { ...process.env, FUZZ_RUNS: String(inputs), FUZZ_SEED: String(seed) } }
);
const counts = readVitestCounts(report);
rmSync(folder, { recursive: true });
if (status !== 0 && counts.failed === 0) counts.failed = 1;
reportCounts(counts);
process.exit(status ?? 1);
