// `npm test`: builds the app, then runs unit and contract tests (Node), browser tests (Vitest in Chromium) and
// end-to-end tests (Playwright), all in a private network namespace.
//   npm test                          everything
//   npm test -- --only unit,browser   some of unit, browser, e2e
//   npm test -- --only e2e open       test files whose path contains "open"
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addCounts, readPlaywrightCounts, readVitestCounts, reportCounts } from './counts.js';
import { inNetworkNamespace, insideNamespace, requirePrograms } from './system.js';

/** Tests that take the network away from all (tagged @link) run by themselves, the others two files at a time. */
const suites = [
  { name: 'unit', of: 'unit', run: vitest('unit'), read: readVitestCounts },
  { name: 'browser', of: 'browser', run: vitest('browser'), read: readVitestCounts },
  { name: 'e2e', of: 'e2e', run: playwright('--grep-invert', '@link'), read: readPlaywrightCounts },
  { name: 'e2e-link', of: 'e2e', run: playwright('--grep', '@link'), read: readPlaywrightCounts }
];
const names = ['unit', 'browser', 'e2e'];
const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, 'no-build': { type: 'boolean' } },
  allowPositionals: true
});
const chosen = values.only?.split(',') ?? names;
const unknown = chosen.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`Unknown suite: ${unknown.join(', ')}. Choose from ${names.join(', ')}.\n`);
  process.exit(2);
}

if (insideNamespace) process.exit(runSuites());

if (chosen.includes('browser') || chosen.includes('e2e'))
  requirePrograms({ '/usr/bin/chromium': 'chromium', '/usr/sbin/ip': 'iproute2' });
else requirePrograms({ '/usr/sbin/ip': 'iproute2' });
const preparation = chosen.includes('e2e') && !values['no-build'] ? 'build' : 'generate';
if (run('npm', ['run', '-s', preparation]) !== 0) process.exit(4);
process.exit(
  inNetworkNamespace(process.execPath, [fileURLToPath(import.meta.url), ...process.argv.slice(2)])
);

/** @returns {number} exit status */
function runSuites() {
  const reports = mkdtempSync(join(tmpdir(), 'dendro-test-'));
  mkdirSync('test-results', { recursive: true });
  const counts = [];
  let status = 0;
  for (const { name, run, read } of suites.filter(({ of }) => chosen.includes(of))) {
    const report = join(reports, `${name}.json`);
    const failed = run(report) !== 0;
    if (failed) status = 1;
    const found = readCounts(read, report);
    if (failed && found.failed === 0) {
      found.failed = 1;
      found.notes = [`failed: ${name}, by an error outside of its tests`];
    }
    counts.push(found);
  }
  rmSync(reports, { recursive: true, force: true });
  reportCounts(addCounts(counts));
  return status;
}

/**
 * A runner that ended before writing its report counts as one failure.
 * @param {(report: string) => import('./counts.js').Counts} read
 * @param {string} report
 */
function readCounts(read, report) {
  try {
    return read(report);
  } catch {
    return { passed: 0, failed: 1, skipped: 0, notes: [`failed: ${report} was not written`] };
  }
}

/** @param {string} project */
function vitest(project) {
  return (/** @type {string} */ report) =>
    run('vitest', [
      ...['run', '--project', project, '--passWithNoTests'],
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
      ...positionals
    ]);
}

/** @param {string[]} options */
function playwright(...options) {
  return (/** @type {string} */ report) =>
    run('playwright', ['test', '--pass-with-no-tests', ...options, ...positionals], {
      PLAYWRIGHT_JSON: report
    });
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function run(program, args, env = {}) {
  return spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}
