// The model card docs/unit-classifier.md, written from a training's report: its figures are the report's.
import { type TrainingReport } from './report.ts';
import { limits } from './labels.ts';

const classes = ['noise', 'multi', 'single'] as const;

/** What each feature is, in the card's words. */
const featureWords: Record<string, string> = {
  firingRateHz: 'spikes a second',
  firingRangePerRate: 'firing range in bins of 5 s over the rate',
  presenceRatio: 'share of bins of 5 s with a spike',
  isiViolationsRatio: 'ISI violations under 1.5 ms (Hill)',
  contamination1Ms: 'refractory contamination at 1 ms (Llobet)',
  contamination2Ms: 'refractory contamination at 2 ms (Llobet)',
  snr: 'extremum of the mean waveform over the noise',
  extremumSdPerMean: 'standard deviation at the extremum over its size',
  extremumSdPerNoise: 'standard deviation at the extremum over the noise',
  largestSdPerNoise: 'largest standard deviation on the main channel over the noise',
  baselineSdPerNoise: 'standard deviation in the first 0.5 ms over the noise',
  otherChannelsSd: 'largest standard deviation on another channel over its median there',
  peakToTroughMs: 'trough to the peak after it, ms',
  troughHalfWidthMs: 'width of the trough at half height, ms',
  peakHalfWidthMs: 'width of the higher peak at half height, ms',
  peakBeforeToTrough: 'peak before the trough over the trough',
  peakAfterToTrough: 'peak after the trough over the trough',
  positivePeaks: 'number of positive peaks',
  negativePeaks: 'number of negative peaks',
  repolarizationPerMs: 'repolarization slope over the extremum, 1/ms',
  recoveryPerMs: 'recovery slope over the extremum, 1/ms',
  baselineFlatness: 'largest deviation of the first 0.5 ms over the largest of all',
  energyOnMainChannel: 'share of the mean waveform’s energy on its main channel',
  channelsReached: 'channels with more than a fifth of the largest amplitude',
  nearestSimilarity: 'largest cosine with another unit’s mean waveform',
  coincidence: 'largest share of spikes within 0.5 ms of one other unit’s'
};

const share = (value: number): string => value.toFixed(3).replace(/^-0\.000$/, '0.000');
const percent = (value: number): string => `${(100 * value).toFixed(0)} %`;
const row = (cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly (readonly (string | number)[])[]): string =>
  [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');

export function writeCard(report: TrainingReport, { seed }: { seed: number }): string {
  return `${[intro, ...definitions(report, seed), ...results(report), ...limitsAndUse].join('\n\n')}\n`;
}

const intro = `# The unit classifier

<!-- Written by \`npm run bench:classifier\`: edit bench/classifier/card.ts, not this. -->

After a sort every unit is given a class, *single* (one neuron), *multi* (several neurons, or part of one) or *noise*, with its probability. An ONNX model (\`src/lib/classifier/unit-classifier.onnx\`) over features of the sorting alone says it: by onnxruntime-web in the tab, by onnxruntime-node on the node. The idea, a classifier over quality and template metrics that takes the place of thresholds, is UnitRefine's (SpikeInterface's curation module has it); features, data and model are our own. Spikes and waveforms are never changed by it.`;

function definitions({ counts, recordings }: TrainingReport, seed: number): string[] {
  const rows = (['training', 'held-out'] as const).map((split) => [
    split,
    recordings[split],
    ...classes.map((name) => counts[split][name])
  ]);
  return [
    `## Data

Recordings of our own generator (seed ${seed}, 60 to 90 s, 30 kHz), drawn in \`bench/classifier/recordings.ts\`: tetrodes, probes of 16 and of 32 contacts, drifting tissue, crowded recordings with varying spike sizes and a loud background, and such with no unit or two. About half have disturbances that no neuron made (pops, a loose contact, mains, movement, switching; \`artefacts.ts\`). Each is sorted by our engine with default parameters and with drawn detection and matching thresholds, merge similarity and split score, so that bad units occur. No recording is in both splits; cross-validation keeps recordings together too.`,
    table(['split', 'recordings with units', ...classes], rows),
    `## Classes

Of a sorted unit, with spikes matched within 0.4 ms:

- **single**: its best agreement with a known unit is at least ${limits.agreement}, or at least ${limits.precision} of its spikes are one known unit's and hold at least ${limits.recall} of that unit's.
- **noise**: no single, and less than ${limits.noiseShare} of its spikes lie on a spike of any known or background unit, after taking off what chance gives: (observed − chance) / (1 − chance), chance being the same share for the train shifted by six distances of 41 to 211 ms.
- **multi**: all others: spikes of real neurons, but mixed, or too few of one's.`
  ];
}

function results(report: TrainingReport): string[] {
  const { classifier, rules } = report;
  const summary = (
    [
      ['classifier', classifier],
      ['rules', rules]
    ] as const
  ).map(([name, judged]) => [name, share(judged.balancedAccuracy), ...judged.recalls.map(share)]);
  const confusion = (judged: typeof classifier) =>
    table(
      ['is \\ said', ...classes],
      classes.map((name, i) => [name, ...(judged.confusion[i] ?? [])])
    );
  return [
    `## Choice of the model

Balanced accuracy in five-fold cross-validation on the training split, mean and standard deviation over folds; classes weigh the same. Chosen: **${report.chosen}**, ${report.modelBytes} bytes. Missing figures are filled with the training split's median inside the model.`,
    table(
      ['model', 'balanced accuracy'],
      report.tried.map(({ name, mean, deviation }) => [name, `${share(mean)} ± ${share(deviation)}`])
    ),
    `## On held-out recordings

Judged is the ONNX file itself. The rules are thresholds after Bombcell's kind, tuned on the same training split for balanced accuracy, one after the other until none gains: noise first, then multi.`,
    table(['', 'balanced accuracy', ...classes.map((name) => `recall of ${name}`)], summary),
    `Classifier:\n\n${confusion(classifier)}`,
    `Rules (${rules.thresholds.join('; ')}):\n\n${confusion(rules)}`,
    `Share of units given the right class, by kind of recording:\n\n${table(
      ['recordings', 'units', 'classifier', 'rules'],
      Object.entries(report.byKind).map(([kind, { units, ...right }]) => [
        kind,
        units,
        percent(right.classifier),
        percent(right.rules)
      ])
    )}`,
    `How often the class is right, by the probability it is given:\n\n${table(
      ['probability', 'units', 'right'],
      report.calibration.map(({ from, to, units, right }) => [`${from} to ${to}`, units, percent(right)])
    )}`,
    `## Features

In the model's order; with each the balanced accuracy lost on held-out recordings when its values are shuffled (mean of ten). Features that say much the same hide each other here. Formulas: [metrics.md](metrics.md).

${featureTable(report)}`
  ];
}

function featureTable({ importances }: TrainingReport): string {
  const lost = new Map(importances.map((one) => [one.feature, one.lost]));
  return table(
    ['feature', 'what', 'lost'],
    Object.entries(featureWords).map(([name, words]) => [`\`${name}\``, words, share(lost.get(name) ?? NaN)])
  );
}

const limitsAndUse = [
  `## Limits

- Learned from generated recordings and our engine alone. Real artefacts, cell types and other sorters look different: take the class as a hint for what to look at first, not as a verdict.
- In the generator all units fire at rates of one kind and no neuron breaks its refractory period of 3 ms: the importance of the firing rate is partly the generator's. Real neurons that fire slowly, fast or in tight bursts can be misjudged.
- Recordings of 60 to 90 s: contamination of slow units is hardly measurable in them, and over hours the presence ratio means something else.
- Classes weigh the same in training, so probabilities are for a mix with as many units of each class, not for a clean recording.
- A piece of a neuron's spikes counts as multi, though it holds nothing foreign: merging it is what it needs.`,
  `## Training it again

\`npm run bench:classifier\` does all of it: sorts, trains, judges, writes the model, this page and the tests' fixture (10 minutes of processor time, one thread, Python in \`.venv-classifier\`). It must be run when the engine or a feature changes. The model's metadata holds the features' order (\`dendro.features\`), the classes' order (\`dendro.classes\`) and the SHA-256 of both the order and the features' constants (\`dendro.featureHash\`, of \`featureSpecification\` in \`src/lib/metrics/unit-features.ts\`); the app refuses a model that differs.`
];
