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

const suites = ['unit', 'browser', 'e2e'];
const { values, positionals } = parseArgs({
  options: { only: { type: 'string' }, 'no-build': { type: 'boolean' } },
  allowPositionals: true
});
const chosen = values.only?.split(',') ?? suites;
const unknown = chosen.filter((name) => !suites.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`Unknown suite: ${unknown.join(', ')}. Choose from ${suites.join(', ')}.\n`);
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
  for (const suite of suites.filter((name) => chosen.includes(name))) {
    const report = join(reports, `${suite}.json`);
    const failed = (suite === 'e2e' ? runPlaywright(report) : runVitest(suite, report)) !== 0;
    if (failed) status = 1;
    const found = readCounts(suite, report);
    if (failed && found.failed === 0) found.failed = 1;
    counts.push(found);
  }
  rmSync(reports, { recursive: true, force: true });
  reportCounts(addCounts(counts));
  return status;
}

/**
 * A runner that ended before writing its report counts as one failure.
 * @param {string} suite
 * @param {string} report
 */
function readCounts(suite, report) {
  try {
    return suite === 'e2e' ? readPlaywrightCounts(report) : readVitestCounts(report);
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
}

/**
 * @param {string} project
 * @param {string} report
 */
function runVitest(project, report) {
  return run('vitest', [
    ...['run', '--project', project, '--passWithNoTests'],
    ...['--reporter=default', '--reporter=json', `--outputFile.json=${report}`],
    ...positionals
  ]);
}

/** @param {string} report */
function runPlaywright(report) {
  return run('playwright', ['test', '--pass-with-no-tests', ...positionals], { PLAYWRIGHT_JSON: report });
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function run(program, args, env = {}) {
  return spawnSync(program, args, { stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;
}
