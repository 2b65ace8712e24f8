// docs/benchmarks.md: what `npm run bench:sorting` found, as tables and plots.

export interface SortingResult {
  set: string;
  seed: number;
  sorter: string;
  /** True units. */
  units: { snr: number; accuracy: number }[];
  sortedUnits: number;
  wellDetected: number;
  falsePositives: number;
  redundant: number;
  cpuSeconds: number;
  /** Wall time: ours from the command to the written file, the others' from the first read with their code compiled. */
  seconds: number;
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
    'CPU s': result.cpuSeconds.toFixed(1),
    GB: (result.peakMemoryBytes / 1e9).toFixed(2)
  };
}

/** The whole page, Markdown. */
export function benchmarkPage(
  results: readonly SortingResult[],
  { seconds, ours }: { seconds: number; ours: string }
): string {
  const sets = [...new Set(results.map(({ set }) => set))];
  const seeds = [...new Set(results.map(({ seed }) => seed))];
  return [
    '# Benchmarks of the sorting engine',
    '',
    `Written by \`npm run bench:sorting\` on recordings of ${seconds} s, made with SpikeInterface's generator from the seeds ${seeds.join(', ')} (drawn when the command was run, unless they were given). Each figure is the median over the seeds. Every sorter had one thread; ours had one worker beside the thread that reads, so that its wall time is shorter than its processor time. Processor time and memory of the other sorters are those of a second run in the same process, when their code is compiled; the memory includes Python and its libraries. Ours is the whole command, from its start to the written file.`,
    '',
    `Accuracy is the agreement of each true unit with the sorted unit that stands for it, as SpikeInterface defines it; well detected are those of 0.8 or more. "Clear" are true units with an SNR of ${clearSnr} or more.`,
    '',
    ...sets.flatMap((set) => setSection(set, results, ours))
  ].join('\n');
}

function setSection(set: string, results: readonly SortingResult[], ours: string): string[] {
  const here = results.filter((result) => result.set === set);
  const sorters = [...new Set(here.map(({ sorter }) => sorter))];
  const rows = sorters.map((sorter) => {
    const runs = here.filter((result) => result.sorter === sorter);
    const middle = (value: (result: SortingResult) => number) => median(runs.map(value));
    const name = sorter === ours ? `**${sorter}**` : sorter;
    return [
      name,
      middle(meanAccuracy).toFixed(3),
      middle(clearAccuracy).toFixed(3),
      `${middle(({ wellDetected }) => wellDetected)} of ${middle(({ units }) => units.length)}`,
      String(middle(({ falsePositives }) => falsePositives)),
      String(middle(({ redundant }) => redundant)),
      middle(({ cpuSeconds }) => cpuSeconds).toFixed(1),
      middle(({ seconds }) => seconds).toFixed(1),
      middle(({ peakMemoryBytes }) => peakMemoryBytes / 1e9).toFixed(2)
    ];
  });
  const head = [
    'sorter',
    'mean accuracy',
    'of clear units',
    'well detected',
    'false positives',
    'redundant',
    'CPU s',
    'wall s',
    'GB'
  ];
  return [`## ${set}`, '', markdownTable([head, ...rows]), '', markdownTable(bySnr(here, sorters)), ''];
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

/** Of an even number the lower of the two in the middle, so that it is a figure that was measured. */
function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;
}

function markdownTable([head = [], ...rows]: string[][]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
