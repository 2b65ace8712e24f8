// sum-counts.js FILE FAILED_STEPS: adds up the rows that the test commands wrote (scripts/counts.js) into one line. A
// step that failed without a failing test (lint, types, a crash) counts as one failure.
import { readFileSync } from 'node:fs';
import { addCounts, printCounts } from './counts.js';

const [file = '', failedSteps = '0'] = process.argv.slice(2);
const rows = readFileSync(file, 'utf8').split('\n').filter(Boolean);
const sum = addCounts(rows.map((row) => JSON.parse(row)));
if (sum.failed === 0) sum.failed = Number(failedSteps);
printCounts(sum);
