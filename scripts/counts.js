// How every test command ends: one line with its runners' true counts, or, below .ci/run, a row in the file that
// DENDRO_COUNTS names, which .ci/run adds up.
import { appendFileSync, readFileSync } from 'node:fs';

/**
 * What failed is told by name, with the beginning of its message.
 * @typedef {{ passed: number, failed: number, skipped: number, notes?: string[] }} Counts
 */

/** So many lines of a failure's message are repeated at the end. */
const messageLines = 12;

/**
 * @param {Counts[]} parts
 * @returns {Counts}
 */
export function addCounts(parts) {
  const sum = { passed: 0, failed: 0, skipped: 0, notes: /** @type {string[]} */ ([]) };
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.skipped += part.skipped;
    sum.notes.push(...(part.notes ?? []));
  }
  return sum;
}

/**
 * What failed, and last the line of counts: the end of a long output says all that matters.
 * @param {Counts} counts
 */
export function printCounts({ passed, failed, skipped, notes = [] }) {
  for (const note of notes) process.stdout.write(`${note}\n`);
  process.stdout.write(`${passed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ''}\n`);
}

/**
 * Reports a command's counts as its last act.
 * @param {Counts} counts
 */
export function reportCounts(counts) {
  const file = process.env.DENDRO_COUNTS;
  if (file) appendFileSync(file, `${JSON.stringify(counts)}\n`);
  else printCounts(counts);
}

/**
 * Counts of a Vitest JSON report.
 * @param {string} path
 * @returns {Counts}
 */
export function readVitestCounts(path) {
  const report = JSON.parse(readFileSync(path, 'utf8'));
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + failedFiles(report),
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
    notes: report.testResults.flatMap(vitestFailures)
  };
}

/**
 * @param {{ name: string, status: string, message?: string,
 *   assertionResults: { status: string, fullName: string, failureMessages?: string[] }[] }} file
 */
function vitestFailures({ name, status, message, assertionResults }) {
  if (status === 'failed' && assertionResults.length === 0) return [describe('failed', name, message)];
  return assertionResults
    .filter((test) => test.status === 'failed')
    .map(({ fullName, failureMessages }) =>
      describe('failed', `${name} › ${fullName}`, failureMessages?.[0])
    );
}

/**
 * Files that failed before any of their tests could run count as one failure each.
 * @param {{ testResults: { status: string, assertionResults: unknown[] }[] }} report
 */
function failedFiles(report) {
  return report.testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0
  ).length;
}

/**
 * Counts of a Playwright JSON report. A test that passed on its second try counts as passed and is named.
 * @param {string} path
 * @returns {Counts}
 */
export function readPlaywrightCounts(path) {
  const { stats, errors, suites } = JSON.parse(readFileSync(path, 'utf8'));
  return {
    passed: stats.expected + stats.flaky,
    failed: stats.unexpected + errors.length,
    skipped: stats.skipped,
    notes: [
      ...suites.flatMap(playwrightFailures),
      ...errors.map((/** @type {{ message?: string }} */ error) => describe('failed', 'e2e', error.message))
    ]
  };
}

/**
 * @typedef {{ error?: { message?: string } }} PlaywrightTry
 * @typedef {{ file: string, suites?: PlaywrightSuite[],
 *   specs?: { title: string, tests: { status: string, results: PlaywrightTry[] }[] }[] }} PlaywrightSuite
 */

/**
 * @param {PlaywrightSuite} suite
 * @returns {string[]}
 */
function playwrightFailures({ file, suites = [], specs = [] }) {
  return [
    ...suites.flatMap(playwrightFailures),
    ...specs.flatMap(({ title, tests }) =>
      tests
        .filter(({ status }) => status === 'unexpected' || status === 'flaky')
        .map(({ status, results }) =>
          describe(
            status === 'flaky' ? 'passed on a second try' : 'failed',
            `${file} › ${title}`,
            results[0]?.error?.message
          )
        )
    )
  ];
}

/**
 * @param {string} what
 * @param {string} name
 * @param {string | undefined} message
 */
function describe(what, name, message = '') {
  const lines = message.split('\n').slice(0, messageLines);
  return [`${what}: ${name}`, ...lines.map((line) => `    ${line}`)].join('\n');
}
