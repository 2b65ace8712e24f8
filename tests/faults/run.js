// `npm run test:faults`: what breaks in the field, made to happen. Runs each *.fault.ts as a process of its own and
// each *.test.ts with Vitest, in a private network namespace. Needs a built app (npm run build).
//   npm run test:faults                          all of them
//   npm run test:faults -- --rounds 200          more rounds
//   npm run test:faults -- reconnect             those whose name contains "reconnect"
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addCounts, readVitestCounts, reportCounts } from '../../scripts/counts.js';
import { inNetworkNamespace, insideNamespace, requirePrograms } from '../../scripts/system.js';

const { values, positionals } = parseArgs({
  options: { rounds: { type: 'string', default: '20' } },
  allowPositionals: true
});
const rounds = Number(values.rounds);
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write('--rounds takes a whole number above 0.\n');
  process.exit(2);
}

if (!insideNamespace) {
  requirePrograms({
    '/usr/sbin/ip': 'iproute2',
    '/usr/sbin/nft': 'nftables',
    '/usr/bin/turnserver': 'coturn',
    '/usr/bin/chromium': 'chromium'
  });
  process.exit(
    inNetworkNamespace(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
  );
}

const chosen = (/** @type {string} */ name) =>
  positionals.length === 0 || positionals.some((part) => name.includes(part));
const folder = fileURLToPath(new URL('.', import.meta.url));
const names = readdirSync(folder).filter(chosen).toSorted();
const programs = names.filter((name) => name.endsWith('.fault.ts'));
const suites = names.filter((name) => name.endsWith('.test.ts'));
if (programs.length + suites.length === 0) {
  process.stderr.write(`No fault test matches ${positionals.join(' ')}.\n`);
  process.exit(2);
}

const counts = [...programs.map(runProgram), ...(suites.length > 0 ? [runSuites()] : [])];
const sum = addCounts(counts);
reportCounts(sum);
process.exitCode = sum.failed === 0 ? 0 : 1;

/**
 * A program counts as one test.
 * @param {string} name
 */
function runProgram(name) {
  process.stdout.write(`\n${name}\n`);
  const run = spawnSync(process.execPath, [`${folder}${name}`, '--rounds', String(rounds)], {
    stdio: 'inherit'
  });
  const passed = run.status === 0;
  return {
    passed: passed ? 1 : 0,
    failed: passed ? 0 : 1,
    skipped: 0,
    notes: passed ? [] : [`failed: tests/faults/${name}`]
  };
}

function runSuites() {
  const reports = mkdtempSync(join(tmpdir(), 'dendro-faults-'));
  const report = join(reports, 'faults.json');
  const { status } = spawnSync(
    'vitest',
    [
      'run',
      '--project',
      'faults',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${report}`,
      ...suites
    ],
    { stdio: 'inherit', env: { ...process.env, FAULT_ROUNDS: String(rounds) } }
  );
  const found = readVitestCounts(report);
  rmSync(reports, { recursive: true });
  if (status !== 0 && found.failed === 0) found.failed = 1;
  return found;
}
