/** The traces in view as numbers and as vectors, for files. */
import { type TraceMarks, type TraceWindow } from '#lib/model/preview.ts';
import { shortFloat } from './plot-csv.ts';
import { type PlotTable } from './plot-table.ts';
import { shortNumber, svgElement } from './svg-text.ts';
import { cssColor, type Rgb } from './theme-colors.ts';
import { buildMarks, type MarkVertices, type TraceColors } from './trace-renderer.ts';
import { type TraceView } from './trace-view.ts';

export interface ShownTraces {
  window: TraceWindow;
  view: TraceView;
  /** Channel of each row, from the top. */
  rows: readonly number[];
  channelIds: readonly string[];
  samplingRateHz: number;
}

/** One row a sample, one column a channel in view; where samples are summarised, minimum and maximum of each stretch. */
export function traceNumbers(traces: ShownTraces): PlotTable {
  const { window, rows, channelIds, samplingRateHz } = traces;
  const channels = rowsInView(traces).map((row) => rows[row] ?? 0);
  const { from, to } = pointsInView(traces);
  const summarised = window.samplesPerBucket > 1;
  const names = channels.map((channel) => channelIds[channel] ?? String(channel));
  const columns = names.flatMap((name) =>
    summarised ? [`${name}_min_uv`, `${name}_max_uv`] : [`${name}_uv`]
  );
  const step = summarised ? 2 : 1;
  const table: PlotTable = { columns: ['time_s', ...columns], rows: [] };
  for (let point = from - (from % step); point < to; point += step) {
    const sample = window.startSample + (point / step) * window.samplesPerBucket;
    const cells = channels.flatMap((channel) =>
      Array.from({ length: step }, (_, part) => valueAt(window, channel, point + part))
    );
    table.rows.push([Number((sample / samplingRateHz).toFixed(7)), ...cells.map(shortFloat)]);
  }
  return table;
}

/** Points of all traces in view. */
export function tracePointCount(traces: ShownTraces): number {
  const { from, to } = pointsInView(traces);
  return Math.max(0, to - from) * rowsInView(traces).length;
}

/** A line for each channel in view and the marked stretches over them, in px of a plot of the given size. */
export function traceVectors(
  traces: ShownTraces & {
    size: { width: number; height: number };
    marks: TraceMarks;
    colors: TraceColors;
  }
): string {
  const { window, view, rows, size, samplingRateHz, marks, colors } = traces;
  const rowHeight = size.height / view.rowCount;
  const perSample = size.width / (view.spanSeconds * samplingRateHz);
  const firstSample = view.startSeconds * samplingRateHz - window.startSample;
  const place = (sample: number, value: number, row: number): string =>
    `${shortNumber((sample - firstSample) * perSample)} ${shortNumber((row - view.firstRow + 0.5 - value / view.uvPerRow) * rowHeight)}`;

  const { from, to } = pointsInView(traces);
  const samplesPerPoint = window.samplesPerBucket === 1 ? 1 : window.samplesPerBucket / 2;
  const lines = rowsInView(traces).map((row) => {
    const channel = rows[row] ?? 0;
    const points = Array.from({ length: Math.max(0, to - from) }, (_, index) =>
      place((from + index) * samplesPerPoint, valueAt(window, channel, from + index), row)
    );
    return stroke(`M${points.join('L')}`, colors.trace);
  });
  return lines.join('') + markVectors(buildMarks(window, marks, traces), place);
}

function markVectors(
  marks: { lines: MarkVertices; points: MarkVertices },
  place: (sample: number, value: number, row: number) => string
): string {
  const byColor = new Map<string, { tint: Rgb; path: string[] }>();
  const add = ({ tint }: MarkVertices, vertex: number, path: string): void => {
    const color: Rgb = [tint[3 * vertex] ?? 0, tint[3 * vertex + 1] ?? 0, tint[3 * vertex + 2] ?? 0];
    const entry = byColor.get(cssColor(color)) ?? { tint: color, path: [] };
    entry.path.push(path);
    byColor.set(cssColor(color), entry);
  };
  const at = ({ place: places }: MarkVertices, vertex: number): string =>
    place(places[3 * vertex] ?? 0, places[3 * vertex + 1] ?? 0, places[3 * vertex + 2] ?? 0);
  for (let vertex = 0; vertex + 1 < marks.lines.place.length / 3; vertex += 2)
    add(marks.lines, vertex, `M${at(marks.lines, vertex)}L${at(marks.lines, vertex + 1)}`);
  // A dot of 5 px for each peak without a unit.
  for (let vertex = 0; vertex < marks.points.place.length / 3; vertex++)
    add(marks.points, vertex, `M${at(marks.points, vertex)}m-2.5 0h5m-2.5 -2.5v5`);
  return Array.from(byColor.values(), ({ tint, path }) => stroke(path.join(''), tint)).join('');
}

function stroke(d: string, color: Rgb): string {
  return svgElement('path', { d, fill: 'none', stroke: cssColor(color), 'stroke-width': 1 });
}

function valueAt(window: TraceWindow, channel: number, point: number): number {
  return window.values[channel * window.pointCount + point] ?? 0;
}

function rowsInView({ view, rows }: ShownTraces): number[] {
  return rows
    .map((_, row) => row)
    .filter((row) => row > view.firstRow - 1 && row < view.firstRow + view.rowCount);
}

/** Points of one channel from the left edge to the right one. */
function pointsInView({ window, view, samplingRateHz }: ShownTraces): { from: number; to: number } {
  const samplesPerPoint = window.samplesPerBucket === 1 ? 1 : window.samplesPerBucket / 2;
  const point = (seconds: number): number =>
    (Math.round(seconds * samplingRateHz) - window.startSample) / samplesPerPoint;
  return {
    from: Math.min(window.pointCount, Math.max(0, Math.floor(point(view.startSeconds)))),
    to: Math.min(window.pointCount, Math.max(0, Math.ceil(point(view.startSeconds + view.spanSeconds))))
  };
}
