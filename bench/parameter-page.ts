// docs/parameters-measured.md, as `npm run bench:parameters` writes it.
import { type SortingParameters, resolveParameters } from '#lib/sorting/parameters.ts';
import { markdownTable } from './markdown.ts';
import { type Measured } from './parameter-plots.ts';
import { sweeps } from './parameter-sweeps.ts';
import { type Plot } from './sorting-plots.ts';

/** @param plots One a parameter, in the order of the sweeps. */
export function parameterPage(measured: readonly Measured[], plots: readonly Plot[]): string {
  const sets = new Set(sweeps.flatMap((sweep) => sweep.sets));
  const sections = sweeps.map(({ parameter }, i) => {
    const { file, text } = plots[i] as Plot;
    const rows = measured.filter((one) => one.parameter === parameter).map(row);
    return [`## ${parameter}`, `![${text}](images/${file})`, markdownTable([head, ...rows])].join('\n\n');
  });
  return [
    '# What each parameter changes, measured',
    '<!-- Written by `npm run bench:parameters`: edit bench/parameter-page.ts, not this. -->',
    'What the parameters mean and when to change them: [sorting.md](sorting.md).',
    'In each row one parameter is changed and all others have their defaults; the default is in bold. Accuracy is ' +
      'the mean over all true units, a well-detected one has 0.8 or more, and a false positive is a sorted unit that is ' +
      'like no true one and like none of the small units of the background. Processor time is that of all threads for ' +
      'all recordings of a kind, and depends on the machine; all else is the same every time. These are few ' +
      'recordings: a unit more or less means nothing, a trend over several values does.',
    'The recordings are made by the project’s own generator:',
    [...sets].map(({ name, text }) => `- **${name}**: ${text}.`).join('\n'),
    ...sections,
    ''
  ].join('\n\n');
}

const head = [
  'recordings',
  'value',
  'mean accuracy',
  'well-detected units',
  'false positives',
  'processor time, s'
];

function row({ set, parameter, value, ...figures }: Measured): string[] {
  const { accuracy, wellDetected, trueUnits, falsePositives, cpuSeconds } = figures;
  return [
    set,
    isDefault(parameter, value) ? `**${value}**` : String(value),
    accuracy.toFixed(3),
    `${wellDetected} of ${trueUnits}`,
    String(falsePositives),
    cpuSeconds.toFixed(1)
  ];
}

const isDefault = (parameter: keyof SortingParameters, value: unknown): boolean =>
  resolveParameters()[parameter] === value;
