// The figures of docs/parameters-measured.md: what one parameter of the engine changes, one panel a measure, one curve a
// set, the default marked.
import { type ParameterValue } from '#lib/model/processor.ts';
import { type SortingParameters, resolveParameters } from '#lib/sorting/parameters.ts';
import { type Sweep } from './parameter-sweeps.ts';
import { type Plot } from './sorting-plots.ts';
import {
  type Axis,
  type Box,
  type Point,
  type Series,
  along,
  axisBelow,
  axisLeft,
  figure,
  legend,
  line,
  mark,
  roundAxis,
  text
} from './svg.ts';

/** What was measured on the recordings of a set, all together. */
export interface Figures {
  /** Mean over the true units. */
  accuracy: number;
  wellDetected: number;
  trueUnits: number;
  /** Units that are like no true one, and like none of the background. */
  falsePositives: number;
  /** Processor time of all threads. */
  cpuSeconds: number;
}

/** A set sorted with one value of one parameter. */
export interface Measured extends Figures {
  set: string;
  parameter: keyof SortingParameters;
  value: ParameterValue;
}

interface Measure {
  axis(values: readonly number[]): Axis;
  of(measured: Measured): number;
}

/** The panels, from left to right. */
const measures: Measure[] = [
  { axis: () => roundAxis('mean accuracy', [1]), of: ({ accuracy }) => accuracy },
  {
    axis: () => roundAxis('well-detected units, %', [100]),
    of: ({ wellDetected, trueUnits }) => (100 * wellDetected) / trueUnits
  },
  {
    axis: (values) => roundAxis('false positives, units', [4, ...values]),
    of: ({ falsePositives }) => falsePositives
  },
  { axis: (values) => roundAxis('processor time, s', values), of: ({ cpuSeconds }) => cpuSeconds }
];
const panel = { left: 48, top: 40, width: 170, height: 130, gap: 56 };

/** The figure of one parameter. */
export function parameterPlot(sweep: Sweep, measured: readonly Measured[]): Plot {
  const { parameter, sets } = sweep;
  const looks = sets.map(({ name }, look): Series => ({ name, look, hollow: false }));
  const panels = measures.flatMap((measure, i) => {
    const box = { ...panel, left: panel.left + i * (panel.width + panel.gap) };
    return drawPanel(box, { sweep, measured, measure, looks });
  });
  const what = `Accuracy, well-detected units, false positives and processor time by ${parameter}`;
  const width = panel.left + measures.length * (panel.width + panel.gap) - panel.gap + 14;
  const size = { width, height: panel.top + panel.height + 46, text: what };
  const named = legend(looks, { left: panel.left, top: 20, width: width - 160 });
  const dashed = [
    line(
      [
        { x: width - 96, y: 16 },
        { x: width - 66, y: 16 }
      ],
      'dashed'
    ),
    text({ x: width - 60, y: 20 }, 'default')
  ];
  return {
    file: `parameter-${parameter}.svg`,
    svg: figure(size, [...named, ...dashed, ...panels]),
    text: what
  };
}

function drawPanel(
  box: Box,
  {
    sweep,
    measured,
    measure,
    looks
  }: { sweep: Sweep; measured: readonly Measured[]; measure: Measure; looks: Series[] }
): string[] {
  const { parameter, unit, values } = sweep;
  // Values stand side by side at equal distances: they are words, or grow by factors.
  const across: Axis = {
    label: unit === undefined ? parameter : `${parameter}, ${unit}`,
    ...{ from: -0.5, to: values.length - 0.5, log: false },
    ...{ ticks: [...values.keys()], names: values.map(String) }
  };
  const up = measure.axis(measured.map(measure.of));
  const placeOf = (one: Measured): Point => ({
    x: box.left + along(across, values.indexOf(one.value)) * box.width,
    y: box.top + (1 - along(up, measure.of(one))) * box.height
  });
  const middle = box.left + along(across, values.indexOf(resolveParameters()[parameter])) * box.width;
  const defaultLine = line(
    [
      { x: middle, y: box.top },
      { x: middle, y: box.top + box.height }
    ],
    'dashed'
  );
  const curves = looks.flatMap((series) => {
    const places = measured.filter(({ set }) => set === series.name).map(placeOf);
    const links = places.slice(1).map((place, i) => line([places[i] as Point, place], `s${series.look}`));
    return [...links, ...places.map((place) => mark(series, place))];
  });
  return [...axisBelow(box, across), ...axisLeft(box, up), defaultLine, ...curves];
}
