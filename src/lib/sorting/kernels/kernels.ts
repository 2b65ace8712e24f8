/**
 * The engine's inner loops, compiled from AssemblyScript (assembly/). Each thread has an instance and a memory of
 * its own, into which traces are copied: that costs a few hundredths of what is done with them there.
 */
import { binary } from './binary.ts';

interface Exports {
  bandPass(
    data: number,
    samples: number,
    rows: number,
    rowCount: number,
    coefficients: number,
    work: number
  ): void;
  subtractMedian(
    data: number,
    samples: number,
    rows: number,
    rowCount: number,
    steps: number,
    stepCount: number,
    block: number
  ): void;
  weightedSum(
    data: number,
    samples: number,
    near: number,
    weights: number,
    count: number,
    out: number,
    width: number
  ): void;
  convolve(trace: number, taps: number, tapCount: number, count: number, out: number): void;
  largestInto(out: number, other: number, count: number): void;
  subtractWaveform(
    data: number,
    samples: number,
    channels: number,
    channelCount: number,
    waveform: number,
    length: number,
    stride: number,
    start: number,
    gain: number,
    taps: number,
    tapCount: number
  ): void;
  thin(trace: number, step: number, count: number, out: number): void;
  holdFinite(trace: number, count: number): void;
  addStretches(
    data: number,
    samples: number,
    channels: number,
    channelCount: number,
    start: number,
    length: number,
    sums: number,
    squares: number
  ): void;
  scaleCounts(
    counts: number,
    samples: number,
    channelCount: number,
    gains: number,
    offsets: number,
    out: number
  ): void;
  nextBeyond(trace: number, from: number, to: number, low: number, high: number): number;
  correlateLags(
    data: number,
    samples: number,
    channels: number,
    channelCount: number,
    waveform: number,
    length: number,
    stride: number,
    start: number,
    lagCount: number,
    out: number
  ): void;
}

/** Below lies what the compiler placed. */
const firstByte = 4096;
const pageBytes = 65_536;
/** Past the end of what is laid out: a load of four values may begin at the last one. */
const slackBytes = 64;

let loaded: { run: Exports; memory: WebAssembly.Memory } | undefined;

function load(): { run: Exports; memory: WebAssembly.Memory } {
  if (loaded) return loaded;
  const memory = new WebAssembly.Memory({ initial: 1 });
  const bytes = Uint8Array.from(atob(binary), (character) => character.charCodeAt(0));
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { memory } });
  loaded = { run: exports as unknown as Exports, memory };
  return loaded;
}

/** The address of values that lie in this thread's kernel memory; undefined for others. */
export function kernelAddress(values: Float32Array): number | undefined {
  return loaded && values.buffer === loaded.memory.buffer ? values.byteOffset : undefined;
}

/** A layout of the memory, in parts. It holds until the next one is made, a view into it until a part is added. */
export class KernelMemory {
  readonly run: Exports;
  readonly #memory: WebAssembly.Memory;
  readonly #addresses: number[] = [];
  #end = firstByte;

  /** @param bytes sizes of the first parts */
  constructor(...bytes: number[]) {
    const { run, memory } = load();
    this.run = run;
    this.#memory = memory;
    for (const size of bytes) this.add(size);
  }

  /** Byte addresses of the parts, in the order in which they were added. */
  get addresses(): readonly number[] {
    return this.#addresses;
  }

  /** Lays out one more part behind the others; what is in it is not defined. @returns its number */
  add(bytes: number): number {
    const address = this.#end;
    this.#end += Math.ceil(bytes / 16) * 16;
    const missing = this.#end + slackBytes - this.#memory.buffer.byteLength;
    if (missing > 0) this.#memory.grow(Math.ceil(missing / pageBytes));
    return this.#addresses.push(address) - 1;
  }

  addFloats(values: ArrayLike<number>): number {
    const part = this.add(4 * values.length);
    this.floats(part, values.length).set(values);
    return part;
  }

  addDoubles(values: ArrayLike<number>): number {
    const part = this.add(8 * values.length);
    this.doubles(part, values.length).set(values);
    return part;
  }

  addIntegers(values: ArrayLike<number>): number {
    const part = this.add(4 * values.length);
    this.integers(part, values.length).set(values);
    return part;
  }

  address(part: number): number {
    return this.#addresses[part] as number;
  }
  floats(part: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer, this.address(part), length);
  }
  doubles(part: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#buffer, this.address(part), length);
  }
  shorts(part: number, length: number): Int16Array<ArrayBuffer> {
    return new Int16Array(this.#buffer, this.address(part), length);
  }
  integers(part: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#buffer, this.address(part), length);
  }

  get #buffer(): ArrayBuffer {
    return this.#memory.buffer as ArrayBuffer;
  }
}
