// docs/benchmarks.md: what `npm run bench:sorting` found, as tables and plots.
import { availableParallelism } from 'node:os';
import { markdownTable } from './markdown.ts';
import { median, type Plot } from './sorting-plots.ts';

export interface SortingResult {
  set: string;
  seed: number;
  sorter: string;
  /** True units. */
  units: { snr: number; accuracy: number }[];
  /** Small units that the set has besides. */
  backgroundUnits: number;
  sortedUnits: number;
  wellDetected: number;
  /** Sorted units that are like no true unit and like none of the background. */
  falsePositives: number;
  /** Sorted units that are a unit of the background. */
  backgroundFound: number;
  redundant: number;
  cpuSeconds: number;
  /** Wall time: ours from the command to the written file, the others' from the first read with their code compiled. */
  seconds: number;
  /** Wall time of a whole fresh process; where it was measured. */
  coldSeconds?: number;
  /** Of these, what passes around the sorting (interpreter, imports); absent for ours, which has no such part. */
  aroundSeconds?: number;
  peakMemoryBytes: number;
}

/** A unit of this SNR can be told from noise. */
const clearSnr = 5;

export function shortRow(result: SortingResult) {
  return {
    set: `${result.set} ${result.seed}`,
    sorter: result.sorter,
    accuracy: meanAccuracy(result).toFixed(3),
    'well detected': `${result.wellDetected} of ${result.units.length}`,
    'false positives': result.falsePositives,
    background: result.backgroundFound,
    'CPU s': result.cpuSeconds.toFixed(1),
    GB: (result.peakMemoryBytes / 1e9).toFixed(2)
  };
}

export interface PageOptions {
  seconds: number;
  ours: string;
  plots: { costs: Plot[]; accuracy: ReadonlyMap<string, Plot> };
}

/** The whole page, Markdown. */
export function benchmarkPage(results: readonly SortingResult[], options: PageOptions): string {
  const sets = [...new Set(results.map(({ set }) => set))];
  return [
    '# Benchmarks of the sorting engine',
    '',
    ...introduction(results, options),
    ...options.plots.costs.flatMap((plot) => [image(plot), '']),
    ...sets.flatMap((set) => setSection(set, results, options))
  ].join('\n');
}

function introduction(results: readonly SortingResult[], { seconds }: PageOptions): string[] {
  const seeds = [...new Set(results.map(({ seed }) => seed))].join(', ');
  const background = results.some(({ backgroundUnits }) => backgroundUnits > 0);
  return [
    `Written by \`npm run bench:sorting\` on recordings of ${seconds} s, made with SpikeInterface's generator from the seeds ${seeds} (drawn when the command was run, unless they were given). Each figure is the median over the seeds. Every sorter had one thread; ours had one worker beside the thread that reads, so that its wall time is shorter than its processor time. Processor time and memory of the other sorters are those of a second run in the same process, when their code is compiled; the memory includes Python and its libraries. Ours is the whole command, from its start to the written file.`,
    '',
    `"Cold" is the wall time of a first run in a fresh process, from the command to the written result, on the first seed, with all ${availableParallelism()} processors: for a sorter in Python this includes starting it, importing SpikeInterface and compiling what it compiles as it runs; in brackets without the start, the imports and the writing.`,
    '',
    `Accuracy is the agreement of each true unit with the sorted unit that stands for it, as SpikeInterface defines it; well detected are those of 0.8 or more. "Clear" are true units with an SNR of ${clearSnr} or more.`,
    '',
    ...(background
      ? [
          'Where a set has a background of small units, a sorted unit that is like no true one but agrees by 0.2 or more with one of the background is "background found" and no false positive, for every sorter alike.',
          ''
        ]
      : [])
  ];
}

const image = ({ file, text }: Plot): string => `![${text}](images/${file})`;

function setSection(set: string, results: readonly SortingResult[], { ours, plots }: PageOptions): string[] {
  const here = results.filter((result) => result.set === set);
  const sorters = [...new Set(here.map(({ sorter }) => sorter))];
  const background = here.some(({ backgroundUnits }) => backgroundUnits > 0);
  const head = [
    ...['sorter', 'mean accuracy', 'of clear units', 'well detected', 'false positives'],
    ...(background ? ['background found'] : []),
    ...['redundant', 'CPU s', 'wall s', 'cold wall s', 'GB']
  ];
  const rows = sorters.map((sorter) => {
    const runs = here.filter((result) => result.sorter === sorter);
    const middle = (value: (result: SortingResult) => number) => median(runs.map(value));
    return [
      sorter === ours ? `**${sorter}**` : sorter,
      middle(meanAccuracy).toFixed(3),
      middle(clearAccuracy).toFixed(3),
      `${middle(({ wellDetected }) => wellDetected)} of ${middle(({ units }) => units.length)}`,
      String(middle(({ falsePositives }) => falsePositives)),
      ...(background ? [backgroundCell(middle)] : []),
      String(middle(({ redundant }) => redundant)),
      middle(({ cpuSeconds }) => cpuSeconds).toFixed(1),
      middle(({ seconds }) => seconds).toFixed(1),
      coldCell(runs),
      middle(({ peakMemoryBytes }) => peakMemoryBytes / 1e9).toFixed(2)
    ];
  });
  const plot = plots.accuracy.get(set);
  return [
    ...[`## ${set}`, '', markdownTable([head, ...rows]), ''],
    ...(plot ? [image(plot), ''] : []),
    ...[markdownTable(bySnr(here, sorters)), '']
  ];
}

function backgroundCell(middle: (value: (result: SortingResult) => number) => number): string {
  const found = middle(({ backgroundFound }) => backgroundFound);
  return `${found} of ${middle(({ backgroundUnits }) => backgroundUnits)}`;
}

/** The one run that was timed cold. */
function coldCell(runs: readonly SortingResult[]): string {
  const timed = runs.find(({ coldSeconds }) => coldSeconds !== undefined);
  if (timed?.coldSeconds === undefined) return '–';
  const { coldSeconds, aroundSeconds } = timed;
  const whole = coldSeconds.toFixed(1);
  return aroundSeconds === undefined ? whole : `${whole} (${(coldSeconds - aroundSeconds).toFixed(1)})`;
}

const snrEdges = [0, 3, 5, 8, 12, Number.POSITIVE_INFINITY];

/** Mean accuracy of the true units of all seeds by their SNR. */
function bySnr(results: readonly SortingResult[], sorters: readonly string[]): string[][] {
  const bins = snrEdges.slice(1).map((to, at) => ({ from: snrEdges[at] ?? 0, to }));
  const named = bins.map(({ from, to }) => (Number.isFinite(to) ? `SNR ${from}–${to}` : `over ${from}`));
  const rows = sorters.map((sorter) => {
    const units = results.filter((result) => result.sorter === sorter).flatMap((result) => result.units);
    return [
      sorter,
      ...bins.map(({ from, to }) => {
        const within = units.filter(({ snr }) => snr >= from && snr < to);
        return within.length === 0
          ? '–'
          : `${mean(within.map(({ accuracy }) => accuracy)).toFixed(2)} (${within.length})`;
      })
    ];
  });
  return [['accuracy (true units)', ...named], ...rows];
}

function meanAccuracy({ units }: SortingResult): number {
  return mean(units.map(({ accuracy }) => accuracy));
}

function clearAccuracy({ units }: SortingResult): number {
  return mean(units.filter(({ snr }) => snr >= clearSnr).map(({ accuracy }) => accuracy));
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
