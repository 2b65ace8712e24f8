/**
 * Draws a window of traces and their marks with WebGL2. The window's values go to the GPU once; panning, zooming and
 * scaling only change uniforms, so they stay smooth while the next window is being computed.
 */
import * as twgl from 'twgl.js';
import { type TraceMarks, type TraceWindow } from '#lib/model/preview.ts';
import {
  beginFrame,
  createProgram,
  createShape,
  type DrawingSize,
  flatFragment,
  type GlShape,
  openGl
} from './gl.ts';
import { type Rgb } from './theme-colors.ts';
import { type TraceView } from './trace-view.ts';

const traceVertex = `#version 300 es
in float value;
uniform int first;
uniform vec2 time;
uniform vec2 level;
void main() {
  gl_Position = vec4(float(gl_VertexID - first) * time.x + time.y, value * level.x + level.y, 0, 1);
}`;

const markVertex = `#version 300 es
in vec3 place;
in vec3 tint;
uniform vec2 time;
uniform vec4 rows;
uniform float pointSize;
out vec3 ink;
void main() {
  gl_Position = vec4(place.x * time.x + time.y, place.z * rows.x + rows.y + place.y * rows.z, 0, 1);
  gl_PointSize = pointSize;
  ink = tint;
}`;

const markFragment = `#version 300 es
precision highp float;
in vec3 ink;
out vec4 result;
void main() { result = vec4(ink, 1); }`;

export interface TraceColors {
  trace: Rgb;
  peak: Rgb;
  /** The colour of a unit. */
  unit: (unit: number) => Rgb;
}

export interface TraceFrame {
  view: TraceView;
  size: DrawingSize;
  samplingRateHz: number;
  /** Channel shown in each row, from the top. */
  rows: readonly number[];
  colors: TraceColors;
}

/** Half the length of a marked stretch. */
const markSeconds = 0.0005;

export class TraceRenderer {
  readonly #gl: WebGL2RenderingContext;
  readonly #traceProgram: twgl.ProgramInfo;
  readonly #markProgram: twgl.ProgramInfo;
  #window: TraceWindow | undefined;
  #traces: GlShape | undefined;
  #markLines: GlShape | undefined;
  #markPoints: GlShape | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#gl = openGl(canvas);
    this.#traceProgram = createProgram(this.#gl, traceVertex, flatFragment);
    this.#markProgram = createProgram(this.#gl, markVertex, markFragment);
  }

  setWindow(window: TraceWindow): void {
    this.#window = window;
    this.#traces?.release();
    this.#traces = createShape(this.#gl, this.#traceProgram, {
      value: { data: window.values, numComponents: 1 }
    });
  }

  /** Prepares the marks for the window that was set and the rows that are shown. */
  setMarks(marks: TraceMarks, frame: Pick<TraceFrame, 'rows' | 'colors' | 'samplingRateHz'>): void {
    this.#markLines?.release();
    this.#markPoints?.release();
    this.#markLines = this.#markPoints = undefined;
    if (!this.#window) return;
    const { lines, points } = buildMarks(this.#window, marks, frame);
    if (lines.place.length > 0) this.#markLines = this.#shapeOf(lines);
    if (points.place.length > 0) this.#markPoints = this.#shapeOf(points);
  }

  draw(frame: TraceFrame): void {
    const gl = this.#gl;
    const ratio = beginFrame(gl, frame.size);
    const window = this.#window;
    if (!window || !this.#traces) return;
    const { view, samplingRateHz } = frame;
    // Clip x of a sample s: 2 (s/rate − start) / span − 1.
    const perSample = 2 / (view.spanSeconds * samplingRateHz);
    const atStart = (2 * (window.startSample / samplingRateHz - view.startSeconds)) / view.spanSeconds - 1;
    const rowHeight = 2 / view.rowCount;
    const perUv = rowHeight / view.uvPerRow;
    const topRow = 1 - rowHeight * (0.5 - view.firstRow);

    gl.useProgram(this.#traceProgram.program);
    this.#traces.bind();
    const samplesPerPoint = window.samplesPerBucket === 1 ? 1 : window.samplesPerBucket / 2;
    twgl.setUniforms(this.#traceProgram, {
      time: [perSample * samplesPerPoint, atStart],
      color: [...frame.colors.trace, 1]
    });
    const firstRow = Math.max(0, Math.floor(view.firstRow) - 1);
    const lastRow = Math.min(frame.rows.length, Math.ceil(view.firstRow + view.rowCount) + 1);
    for (let row = firstRow; row < lastRow; row++) {
      const first = (frame.rows[row] ?? 0) * window.pointCount;
      twgl.setUniforms(this.#traceProgram, { first, level: [perUv, topRow - row * rowHeight] });
      gl.drawArrays(gl.LINE_STRIP, first, window.pointCount);
    }

    gl.useProgram(this.#markProgram.program);
    const marks = { time: [perSample, atStart], rows: [-rowHeight, topRow, perUv, 0] };
    for (const [shape, mode] of [
      [this.#markLines, gl.LINES],
      [this.#markPoints, gl.POINTS]
    ] as const) {
      if (!shape) continue;
      shape.bind();
      twgl.setUniforms(this.#markProgram, { ...marks, pointSize: 5 * ratio });
      gl.drawArrays(mode, 0, shape.vertexCount);
    }
    gl.bindVertexArray(null);
  }

  #shapeOf(vertices: MarkVertices): GlShape {
    return createShape(this.#gl, this.#markProgram, {
      place: { data: new Float32Array(vertices.place), numComponents: 3 },
      tint: { data: new Float32Array(vertices.tint), numComponents: 3 }
    });
  }

  dispose(): void {
    for (const shape of [this.#traces, this.#markLines, this.#markPoints]) shape?.release();
    this.#gl.deleteProgram(this.#traceProgram.program);
    this.#gl.deleteProgram(this.#markProgram.program);
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}

export interface MarkVertices {
  /** vertices × (samples from the window's start, µV, row) */
  place: number[];
  /** vertices × rgb */
  tint: number[];
}

/** Recolours the stretch of trace around each mark, and puts a dot at a peak that has no unit. */
export function buildMarks(
  window: TraceWindow,
  marks: TraceMarks,
  frame: Pick<TraceFrame, 'rows' | 'colors' | 'samplingRateHz'>
): { lines: MarkVertices; points: MarkVertices } {
  const lines: MarkVertices = { place: [], tint: [] };
  const points: MarkVertices = { place: [], tint: [] };
  const rowOf = new Map(frame.rows.map((channel, row) => [channel, row]));
  const samplesPerPoint = window.samplesPerBucket === 1 ? 1 : window.samplesPerBucket / 2;
  const reach = Math.max(1, Math.round((markSeconds * frame.samplingRateHz) / samplesPerPoint));
  marks.samples.forEach((sample, index) => {
    const channel = marks.channels[index] ?? 0;
    const row = rowOf.get(channel);
    if (row === undefined || sample < window.startSample || sample >= window.endSample) return;
    const unit = marks.units[index] ?? -1;
    const tint = unit < 0 ? frame.colors.peak : frame.colors.unit(unit);
    const at = Math.round((sample - window.startSample) / samplesPerPoint);
    const valueAt = (point: number): number => window.values[channel * window.pointCount + point] ?? 0;
    const from = Math.max(0, at - reach);
    const to = Math.min(window.pointCount - 1, at + reach);
    for (let point = from; point < to; point++) {
      for (const end of [point, point + 1]) {
        lines.place.push(end * samplesPerPoint, valueAt(end), row);
        lines.tint.push(...tint);
      }
    }
    if (unit < 0) {
      points.place.push(sample - window.startSample, lowest(valueAt, from, to), row);
      points.tint.push(...tint);
    }
  });
  return { lines, points };
}

function lowest(valueAt: (point: number) => number, from: number, to: number): number {
  let value = Infinity;
  for (let point = from; point <= to; point++) value = Math.min(value, valueAt(point));
  return value;
}
