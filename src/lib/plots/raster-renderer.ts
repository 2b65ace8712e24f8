/** Draws spike trains as rows of short lines with WebGL2; times go to the GPU once. */
import * as twgl from 'twgl.js';
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

const vertex = `#version 300 es
in float moment;
uniform vec2 time;
uniform vec2 row;
void main() {
  gl_Position = vec4(moment * time.x + time.y, (gl_VertexID & 1) == 0 ? row.x : row.y, 0, 1);
}`;

export class RasterRenderer {
  readonly #gl: WebGL2RenderingContext;
  readonly #program: twgl.ProgramInfo;
  #shape: GlShape | undefined;
  /** First vertex of each train, and the end of the last. */
  #firsts: number[] = [0];

  constructor(canvas: HTMLCanvasElement) {
    this.#gl = openGl(canvas);
    this.#program = createProgram(this.#gl, vertex, flatFragment);
  }

  /** @param trains Spike times in s, one array a row. */
  setTrains(trains: readonly Float64Array[]): void {
    this.#shape?.release();
    this.#shape = undefined;
    this.#firsts = [0];
    const total = trains.reduce((sum, train) => sum + train.length, 0);
    const moments = new Float32Array(2 * total);
    let at = 0;
    for (const train of trains) {
      for (const time of train) {
        moments[at++] = time;
        moments[at++] = time;
      }
      this.#firsts.push(at);
    }
    if (total > 0)
      this.#shape = createShape(this.#gl, this.#program, {
        moment: { data: moments, numComponents: 1 }
      });
  }

  draw(frame: {
    startSeconds: number;
    spanSeconds: number;
    size: DrawingSize;
    /** One a row. */
    colors: readonly Rgb[];
  }): void {
    const gl = this.#gl;
    beginFrame(gl, frame.size);
    const rows = this.#firsts.length - 1;
    if (!this.#shape || rows === 0) return;
    gl.useProgram(this.#program.program);
    this.#shape.bind();
    const scale = 2 / frame.spanSeconds;
    const rowHeight = 2 / rows;
    const margin = Math.min(0.15, 1 / frame.size.height) * rowHeight;
    for (let row = 0; row < rows; row++) {
      const first = this.#firsts[row] ?? 0;
      const count = (this.#firsts[row + 1] ?? 0) - first;
      const color = frame.colors[row] ?? [0.5, 0.5, 0.5];
      twgl.setUniforms(this.#program, {
        time: [scale, -1 - frame.startSeconds * scale],
        row: [1 - row * rowHeight - margin, 1 - (row + 1) * rowHeight + margin],
        color: [...color, 1]
      });
      if (count > 0) gl.drawArrays(gl.LINES, first, count);
    }
  }

  dispose(): void {
    this.#shape?.release();
    this.#gl.deleteProgram(this.#program.program);
    this.#gl.getExtension('WEBGL_lose_context')?.loseContext();
  }
}
