// `npm run bench:classifier [-- --training N --held-out N --seed S]`: trains the unit classifier on generated recordings
// and judges it on others. Writes the model, docs/unit-classifier.md and the tests' fixture; see bench/README.md.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { featureHash } from '#lib/classifier/unit-classifier.ts';
import { featureNames } from '#lib/metrics/unit-features.ts';
import { pythonEnvironment } from '../scripts/python-env.js';
import { writeCard } from './classifier/card.ts';
import { collectUnits } from './classifier/collect.ts';
import { TrainingReport } from './classifier/report.ts';
import * as v from 'valibot';

const folder = 'bench/.cache';
const modelPath = 'src/lib/classifier/unit-classifier.onnx';
const cardPath = 'docs/unit-classifier.md';
const fixturePath = 'tests/fixtures/sorting/unit-classes.json';
/** Larger ones do not belong into every page's precache. */
const mostModelBytes = 500_000;

const { values } = parseArgs({
  options: {
    training: { type: 'string', default: '9' },
    'held-out': { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
    /** Trains on the units that the last run collected. */
    'keep-units': { type: 'boolean', default: false }
  }
});

const python = pythonEnvironment({
  requirements: 'bench/requirements-classifier.txt',
  name: '.venv-classifier'
});
mkdirSync(folder, { recursive: true });
const unitsPath = `${folder}/units.json`;
const reportPath = `${folder}/classifier-report.json`;
const seed = Number(values.seed);
if (!values['keep-units']) await collect();
train();
const report = v.parse(TrainingReport, JSON.parse(readFileSync(reportPath, 'utf8')));
if (report.modelBytes > mostModelBytes) throw new Error(`the model takes ${report.modelBytes} bytes`);
writeFileSync(cardPath, writeCard(report, { seed }));
writeFileSync(fixturePath, `${JSON.stringify(report.check)}\n`);
console.log(
  `balanced accuracy on held-out recordings: ${report.classifier.balancedAccuracy.toFixed(3)}, rules ${report.rules.balancedAccuracy.toFixed(3)}`
);
console.log(`wrote ${modelPath} (${report.modelBytes} bytes), ${cardPath}, ${fixturePath}`);

async function collect(): Promise<void> {
  const counts = { training: Number(values.training), 'held-out': Number(values['held-out']) };
  const units = await collectUnits({ counts, seed, onRecording: (line) => console.log(line) });
  writeFileSync(unitsPath, JSON.stringify({ featureNames, featureHash: await featureHash(), units }));
}

/** With one thread, so that it disturbs nothing beside it and gives the same model. */
function train(): void {
  const { status } = spawnSync(python, ['bench/train-classifier.py', unitsPath, modelPath, reportPath], {
    stdio: 'inherit',
    env: { ...process.env, OMP_NUM_THREADS: '1', OPENBLAS_NUM_THREADS: '1' }
  });
  if (status !== 0) throw new Error(`training ended with ${String(status)}`);
}
