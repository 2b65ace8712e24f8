// The figures of docs/benchmarks.md: accuracy of the true units by their SNR, processor time and memory.
import {
  along,
  type Axis,
  axisBelow,
  axisLeft,
  figure,
  legend,
  line,
  logAxis,
  mark,
  type Point,
  type Series,
  text
} from './svg.ts';
import { type SortingResult } from './sorting-page.ts';

/** A figure and the name of its file. */
export interface Plot {
  file: string;
  svg: string;
  /** What it shows, for the page. */
  text: string;
}

const accuracyAxis: Axis = {
  label: 'accuracy',
  from: 0,
  to: 1,
  ticks: [0, 0.2, 0.4, 0.6, 0.8, 1],
  log: false
};
const panel = { width: 200, height: 130, gapX: 24, gapY: 72, perRow: 4 };

/** Each sorter's look, the same in all figures; one with motion correction is the outline of the one without. */
function looksOf(results: readonly SortingResult[]): Map<string, Series> {
  const names = [...new Set(results.map(({ sorter }) => sorter))];
  const plain = [...new Set(names.map((name) => name.split(',')[0] ?? name))];
  return new Map(
    names.map((name) => [
      name,
      { name, look: plain.indexOf(name.split(',')[0] ?? name), hollow: name.includes(',') }
    ])
  );
}

/** One panel a sorter, one mark a true unit, all seeds together. */
function accuracyPlot(
  results: readonly SortingResult[],
  { set, looks }: { set: string; looks: ReadonlyMap<string, Series> }
): Plot {
  const here = results.filter((result) => result.set === set);
  const sorters = [...looks.values()].filter(({ name }) => here.some(({ sorter }) => sorter === name));
  const snrs = here.flatMap(({ units }) => units.map(({ snr }) => snr));
  const snrAxis = logAxis('SNR of the true unit (ratio)', snrs);
  const perRow = Math.min(panel.perRow, Math.max(1, sorters.length));
  const rows = Math.ceil(sorters.length / perRow);
  const panels = sorters.flatMap((series, i) => {
    const box = {
      left: 54 + (i % perRow) * (panel.width + panel.gapX),
      top: 28 + Math.floor(i / perRow) * (panel.height + panel.gapY),
      ...{ width: panel.width, height: panel.height }
    };
    const units = here.filter(({ sorter }) => sorter === series.name).flatMap((result) => result.units);
    const place = ({ snr, accuracy }: { snr: number; accuracy: number }): Point => ({
      x: box.left + along(snrAxis, snr) * box.width,
      y: box.top + (1 - along(accuracyAxis, accuracy)) * box.height
    });
    const leftAxis = { ...accuracyAxis, bare: i % perRow > 0 };
    return [
      text({ x: box.left, y: box.top - 10, look: 'title' }, series.name),
      ...axisBelow(box, snrAxis),
      ...axisLeft(box, leftAxis),
      ...units.map((unit) => mark(series, { ...place(unit), size: 3 }))
    ];
  });
  const what = `Accuracy of the true units of ${set} by their SNR, one panel a sorter, all seeds`;
  const size = {
    width: 64 + perRow * (panel.width + panel.gapX),
    height: 16 + rows * (panel.height + panel.gapY),
    text: what
  };
  return { file: `bench-accuracy-${set}.svg`, svg: figure(size, panels), text: what };
}

interface Cost {
  name: string;
  label: string;
  text: string;
  of: (result: SortingResult) => number;
}

/** One row a set, one mark a sorter (the median over the seeds), on a logarithmic axis. */
function costPlot(
  results: readonly SortingResult[],
  { cost, looks }: { cost: Cost; looks: ReadonlyMap<string, Series> }
): Plot {
  const sets = [...new Set(results.map(({ set }) => set))];
  const values = sets.flatMap((set) =>
    [...looks.values()].flatMap((series) => {
      const runs = results.filter((result) => result.set === set && result.sorter === series.name);
      return runs.length === 0 ? [] : [{ set, series, value: median(runs.map(cost.of)) }];
    })
  );
  const axis = logAxis(
    cost.label,
    values.map(({ value }) => value)
  );
  const box = { left: 84, top: 70, width: 560, height: sets.length * 34 };
  const rowAt = (set: string) => box.top + (sets.indexOf(set) + 0.5) * 34;
  const rows = sets.flatMap((set) => [
    line(
      [
        { x: box.left, y: rowAt(set) },
        { x: box.left + box.width, y: rowAt(set) }
      ],
      'grid'
    ),
    text({ x: box.left - 10, y: rowAt(set) + 4, look: 'end' }, set)
  ]);
  const marks = values.map(({ set, series, value }) =>
    mark(series, { x: box.left + along(axis, value) * box.width, y: rowAt(set), size: 5 })
  );
  const size = { width: 680, height: box.top + box.height + 46, text: cost.text };
  const named = legend([...looks.values()], { left: 14, top: 20, width: 650 });
  return {
    file: `bench-${cost.name}.svg`,
    svg: figure(size, [...named, ...axisBelow(box, axis), ...rows, ...marks]),
    text: cost.text
  };
}

/** The figures of the costs on all sets, and of each set's accuracy. */
export function sortingPlots(results: readonly SortingResult[]): {
  costs: Plot[];
  accuracy: Map<string, Plot>;
} {
  const looks = looksOf(results);
  const sets = [...new Set(results.map(({ set }) => set))];
  const costs = [
    {
      name: 'cpu',
      label: 'processor time, s',
      text: 'Processor seconds of each sorter on each set (median of the seeds)',
      of: ({ cpuSeconds }: SortingResult) => cpuSeconds
    },
    {
      name: 'memory',
      label: 'largest memory, GB',
      text: 'Largest resident memory of each sorter on each set (median of the seeds)',
      of: ({ peakMemoryBytes }: SortingResult) => peakMemoryBytes / 1e9
    }
  ].map((cost) => costPlot(results, { cost, looks }));
  return { costs, accuracy: new Map(sets.map((set) => [set, accuracyPlot(results, { set, looks })])) };
}

/** Of an even number the lower of the two in the middle, so that it is a figure that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[(values.length - 1) >> 1] ?? 0;
}
