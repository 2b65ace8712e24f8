/**
 * The engine's inner loops, compiled from AssemblyScript (assembly/index.ts). Each thread has an instance and a memory of
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
    start: number,
    gain: number
  ): void;
  nextBeyond(trace: number, from: number, to: number, low: number, high: number): number;
  correlateLags(
    data: number,
    samples: number,
    channels: number,
    channelCount: number,
    waveform: number,
    length: number,
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

/** A layout of the memory; it and the views into it hold until the next one is made. */
export class KernelMemory {
  readonly run: Exports;
  readonly #memory: WebAssembly.Memory;
  /** Byte addresses of the parts, in the order in which their sizes were given. */
  readonly addresses: readonly number[];

  /** @param bytes sizes of the parts */
  constructor(...bytes: number[]) {
    const { run, memory } = load();
    this.run = run;
    this.#memory = memory;
    let end = firstByte;
    this.addresses = bytes.map((size) => {
      const address = end;
      end += Math.ceil(size / 16) * 16;
      return address;
    });
    const missing = end + slackBytes - memory.buffer.byteLength;
    if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
  }

  address(part: number): number {
    return this.addresses[part] as number;
  }
  floats(part: number, length: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#buffer, this.address(part), length);
  }
  doubles(part: number, length: number): Float64Array<ArrayBuffer> {
    return new Float64Array(this.#buffer, this.address(part), length);
  }
  integers(part: number, length: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.#buffer, this.address(part), length);
  }

  get #buffer(): ArrayBuffer {
    return this.#memory.buffer as ArrayBuffer;
  }
}
