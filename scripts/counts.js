// How every test command ends: one line with its runners' true counts, or, below .ci/run, a row in the file that
// DENDRO_COUNTS names, which .ci/run adds up.
import { appendFileSync, readFileSync } from 'node:fs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */

/**
 * @param {Counts[]} parts
 * @returns {Counts}
 */
export function addCounts(parts) {
  const sum = { passed: 0, failed: 0, skipped: 0 };
  for (const part of parts) {
    sum.passed += part.passed;
    sum.failed += part.failed;
    sum.skipped += part.skipped;
  }
  return sum;
}

/** @param {Counts} counts */
export function printCounts({ passed, failed, skipped }) {
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
    skipped: report.numPendingTests + (report.numTodoTests ?? 0)
  };
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
 * Counts of a Playwright JSON report; a test that passed on a retry is a failure here (none is retried).
 * @param {string} path
 * @returns {Counts}
 */
export function readPlaywrightCounts(path) {
  const { stats, errors } = JSON.parse(readFileSync(path, 'utf8'));
  return {
    passed: stats.expected,
    failed: stats.unexpected + stats.flaky + errors.length,
    skipped: stats.skipped
  };
}
