/** The WebGL2 drawing surface that the plots share: a context, its size, and programs made once. */
import * as twgl from 'twgl.js';
import { TaggedError } from '#lib/model/errors.ts';

/** In CSS px, with the device px a CSS px where they are not the screen's. */
export interface DrawingSize {
  width: number;
  height: number;
  ratio?: number | undefined;
}

/** @throws TaggedError `webgl-missing` when the browser cannot draw with WebGL2. */
export function openGl(canvas: HTMLCanvasElement): WebGL2RenderingContext {
  const gl = canvas.getContext('webgl2', { antialias: true, premultipliedAlpha: true, alpha: true });
  if (!gl) throw new TaggedError('webgl-missing', 'the browser gave no WebGL2 context');
  return gl;
}

/** Clears the surface and sets its size in CSS px; returns the device px a CSS px, the screen's unless given. */
export function beginFrame(gl: WebGL2RenderingContext, size: DrawingSize): number {
  const ratio = size.ratio ?? (globalThis.devicePixelRatio || 1);
  const canvas = gl.canvas as HTMLCanvasElement;
  const width = Math.max(1, Math.round(size.width * ratio));
  const height = Math.max(1, Math.round(size.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  gl.viewport(0, 0, width, height);
  gl.clearColor(0, 0, 0, 0);
  gl.clear(gl.COLOR_BUFFER_BIT);
  return ratio;
}

export function createProgram(
  gl: WebGL2RenderingContext,
  vertex: string,
  fragment: string
): twgl.ProgramInfo {
  const problems: string[] = [];
  const program = twgl.createProgramInfo(gl, [vertex, fragment], (message) => problems.push(String(message)));
  if (!program?.program)
    throw new TaggedError('webgl-missing', problems.join('; ') || 'a shader did not compile');
  return program;
}

/** Vertices on the GPU, bound as one program needs them. */
export interface GlShape {
  readonly vertexCount: number;
  bind(): void;
  release(): void;
}

export function createShape(
  gl: WebGL2RenderingContext,
  program: twgl.ProgramInfo,
  arrays: Record<string, { data: Float32Array; numComponents: number }>
): GlShape {
  const buffers = twgl.createBufferInfoFromArrays(gl, arrays);
  // A vertex array of its own keeps one shape's attributes out of another's drawing.
  const vertices = twgl.createVertexArrayInfo(gl, program, buffers);
  return {
    vertexCount: buffers.numElements,
    bind: () => gl.bindVertexArray(vertices.vertexArrayObject ?? null),
    release: () => {
      gl.deleteVertexArray(vertices.vertexArrayObject ?? null);
      for (const attribute of Object.values(buffers.attribs ?? {})) gl.deleteBuffer(attribute.buffer ?? null);
    }
  };
}

export const flatFragment = `#version 300 es
precision highp float;
uniform vec4 color;
out vec4 result;
void main() { result = color; }`;
