// A small writer of SVG figures for the pages of docs: axes, marks and a legend. A figure carries its own ground and its
// colours for light and dark, so that it can be read wherever the page is shown.

/** A sorter's place in the legend: the same colour and mark in every figure. */
export interface Series {
  name: string;
  /** Position among the colours and marks. */
  look: number;
  /** Drawn as an outline: a variant of the series that has the same look. */
  hollow: boolean;
}

export interface Axis {
  label: string;
  from: number;
  to: number;
  ticks: number[];
  /** What stands at the ticks in place of their numbers. */
  names?: string[];
  log: boolean;
  /** Lines without numbers and label: the figure beside it has them. */
  bare?: boolean;
}

export interface Point {
  x: number;
  y: number;
}

/** Where something is drawn, in px. */
export interface Box {
  left: number;
  top: number;
  width: number;
  height: number;
}

/** Okabe and Ito's colours, told apart with every kind of colour vision; on light and on dark ground. */
const colours = [
  ['#0072b2', '#56b4e9'],
  ['#d55e00', '#e8772e'],
  ['#00795a', '#1fbf8f'],
  ['#a8518a', '#cc79a7'],
  ['#8a6d00', '#f0e442']
] as const;

/** A whole figure; its text is for those who do not see it. */
export function figure(size: { width: number; height: number; text: string }, parts: string[]): string {
  const { width, height, text } = size;
  const looks = (dark: 0 | 1) =>
    colours
      .map(
        (pair, look) => `.s${look}{stroke:${pair[dark]};fill:${pair[dark]}}.h${look}{stroke:${pair[dark]}}`
      )
      .join('');
  const style = [
    'text{font:12px system-ui,sans-serif;fill:#24292f}.title{font-weight:600}.end{text-anchor:end}',
    '.mid{text-anchor:middle}.ground{fill:#fff}.axis{stroke:#57606a;fill:none}.grid{stroke:#d8dee4}',
    '.mark{stroke-width:1.2;fill-opacity:.55}.hollow{stroke-width:1.4;fill:none}',
    '.dashed{stroke:#57606a;stroke-dasharray:4 3}',
    looks(0),
    '@media(prefers-color-scheme:dark){text{fill:#e6edf3}.ground{fill:#0d1117}.axis,.dashed{stroke:#8d96a0}',
    `.grid{stroke:#30363d}${looks(1)}}`
  ].join('');
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(text)}</title>`,
    `<style>${style}</style>`,
    `<rect class="ground" width="${width}" height="${height}"/>`,
    ...parts,
    '</svg>',
    ''
  ].join('\n');
}

/** The place of a value along an axis, from 0 to 1; what lies beyond stands at the end. */
export function along({ from, to, log }: Axis, value: number): number {
  const scale = (x: number) => (log ? Math.log(Math.max(x, Number.MIN_VALUE)) : x);
  const part = (scale(value) - scale(from)) / (scale(to) - scale(from));
  return Math.min(1, Math.max(0, part));
}

/** A logarithmic axis that holds the values, with ticks at 1, 2 and 5 of each decade, or at decades where it is long. */
export function logAxis(label: string, values: readonly number[]): Axis {
  const known = values.filter((value) => value > 0);
  const [least, most] = [Math.min(1, ...known), Math.max(1, ...known)];
  const steps = Math.log10(most / least) > 3 ? [1] : [1, 2, 5];
  const candidates: number[] = [];
  for (let decade = -6; decade <= 9; decade++)
    for (const step of steps) candidates.push(Number((step * 10 ** decade).toPrecision(1)));
  const from = candidates.findLast((tick) => tick <= least) ?? least;
  const to = candidates.find((tick) => tick >= most && tick > from) ?? most;
  return { label, from, to, ticks: candidates.filter((tick) => tick >= from && tick <= to), log: true };
}

/** An axis from 0 that holds the values, with up to six ticks at round numbers. */
export function roundAxis(label: string, values: readonly number[]): Axis {
  const most = Math.max(Number.MIN_VALUE, ...values);
  const decade = 10 ** Math.floor(Math.log10(most / 5));
  const step = decade * ([1, 2, 5, 10].find((factor) => most <= 5 * factor * decade * (1 + 1e-9)) ?? 10);
  const count = Math.ceil(most / step - 1e-9);
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(6)));
  return { label, from: 0, to: ticks.at(-1) ?? most, ticks, log: false };
}

/** The horizontal axis below a box: lines across it, numbers and the label with its unit. */
export function axisBelow(box: Box, axis: Axis): string[] {
  const { left, top, width, height } = box;
  const bottom = top + height;
  const ticks = axis.ticks.flatMap((tick, i) => {
    const x = left + along(axis, tick) * width;
    return [
      line(
        [
          { x, y: top },
          { x, y: bottom }
        ],
        'grid'
      ),
      text({ x, y: bottom + 16, look: 'mid' }, axis.names?.[i] ?? String(tick))
    ];
  });
  const frame = line(
    [
      { x: left, y: bottom },
      { x: left + width, y: bottom }
    ],
    'axis'
  );
  return [...ticks, frame, text({ x: left + width / 2, y: bottom + 34, look: 'mid' }, axis.label)];
}

/** The vertical axis left of a box. */
export function axisLeft(box: Box, axis: Axis): string[] {
  const { left, top, width, height } = box;
  const ticks = axis.ticks.flatMap((tick) => {
    const y = top + (1 - along(axis, tick)) * height;
    return [
      line(
        [
          { x: left, y },
          { x: left + width, y }
        ],
        'grid'
      ),
      ...(axis.bare ? [] : [text({ x: left - 6, y: y + 4, look: 'end' }, String(tick))])
    ];
  });
  const frame = line(
    [
      { x: left, y: top },
      { x: left, y: top + height }
    ],
    'axis'
  );
  if (axis.bare) return [...ticks, frame];
  const turned = `translate(${at(left - 34)} ${at(top + height / 2)}) rotate(-90)`;
  return [...ticks, frame, `<text class="mid" transform="${turned}">${escaped(axis.label)}</text>`];
}

/** A series' mark: circle, square, triangle, diamond or a triangle on its head. */
export function mark({ look, hollow }: Series, { x, y, size = 4 }: Point & { size?: number }): string {
  const kind = look % colours.length;
  const drawn = hollow ? `hollow h${kind}` : `mark s${kind}`;
  if (kind === 0) return `<circle class="${drawn}" cx="${at(x)}" cy="${at(y)}" r="${size}"/>`;
  const corners = [
    [],
    [-1, -1, 1, -1, 1, 1, -1, 1],
    [0, -1.2, 1.1, 0.9, -1.1, 0.9],
    [0, -1.35, 1.35, 0, 0, 1.35, -1.35, 0],
    [0, 1.2, 1.1, -0.9, -1.1, -0.9]
  ][kind] as number[];
  const points = corners.map((value, i) => at((i % 2 === 0 ? x : y) + value * size));
  return `<polygon class="${drawn}" points="${points.join(' ')}"/>`;
}

/** The series' names with their marks, in rows that are as wide as the figure. */
export function legend(series: readonly Series[], { left, top, width }: Omit<Box, 'height'>): string[] {
  let [x, y] = [left, top];
  return series.flatMap((one) => {
    const length = 24 + one.name.length * 6.6;
    if (x > left && x + length > left + width) [x, y] = [left, y + 18];
    const drawn = [mark(one, { x: x + 6, y: y - 4 }), text({ x: x + 16, y }, one.name)];
    x += length + 8;
    return drawn;
  });
}

export function text({ x, y, look }: Point & { look?: string }, words: string): string {
  const attribute = look === undefined ? '' : ` class="${look}"`;
  return `<text${attribute} x="${at(x)}" y="${at(y)}">${escaped(words)}</text>`;
}

export function line([from, to]: [Point, Point], look: string): string {
  return `<line class="${look}" x1="${at(from.x)}" y1="${at(from.y)}" x2="${at(to.x)}" y2="${at(to.y)}"/>`;
}

/** A coordinate to a tenth of a px. */
const at = (value: number): string => String(Math.round(value * 10) / 10);

const escaped = (words: string): string =>
  words.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
