/**
 * Finished stages kept in the scratch space, so that a killed run goes on after the last of them. A checkpoint counts
 * only for the same recording, parameters, seed and version; anything else is as if it were not there.
 *
 * Form: the magic number, the length of a JSON text, the length of all, the text, then the typed arrays that it refers to.
 */
import { type Scratch } from '../model/engine.ts';

const magic = 0x444b4331; // DKC1
const headerBytes = 16;

type NumericArray = Float64Array | Float32Array | Int32Array | Uint8Array;
const arrayTypes = { Float64Array, Float32Array, Int32Array, Uint8Array } as const;
type ArrayType = keyof typeof arrayTypes;

interface ArrayReference {
  $array: ArrayType;
  offset: number;
  length: number;
}

export interface Checkpoint<State> {
  /** What was kept, if it is whole and belongs to this run. */
  load(): Promise<State | undefined>;
  save(state: State): Promise<void>;
}

/** A named checkpoint; without a scratch space nothing is kept. */
export function checkpoint<State>(
  scratch: Scratch | undefined,
  { name, key }: { name: string; key: string }
): Checkpoint<State> {
  return {
    async load() {
      const bytes = await scratch?.read(name);
      if (!bytes) return undefined;
      const stored = decodeState(bytes) as { key: string; state: State } | undefined;
      return stored?.key === key ? stored.state : undefined;
    },
    async save(state) {
      await scratch?.write(name, encodeState({ key, state }));
    }
  };
}

/** Bytes of plain data that may hold typed arrays. */
export function encodeState(state: unknown): Uint8Array<ArrayBuffer> {
  const arrays: NumericArray[] = [];
  let offset = 0;
  const text = JSON.stringify(state, (_key, value: unknown) => {
    const type = typeOf(value);
    if (!type) return value;
    const array = value as NumericArray;
    arrays.push(array);
    const reference: ArrayReference = { $array: type, offset, length: array.length };
    offset += aligned(array.byteLength);
    return reference;
  });
  const json = new TextEncoder().encode(text);
  const base = headerBytes + aligned(json.length);
  const bytes = new Uint8Array(base + offset);
  const header = new DataView(bytes.buffer);
  header.setUint32(0, magic);
  header.setUint32(4, json.length);
  header.setFloat64(8, bytes.length);
  bytes.set(json, headerBytes);
  let at = base;
  for (const array of arrays) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), at);
    at += aligned(array.byteLength);
  }
  return bytes;
}

/** The data again, in arrays of its own; undefined for anything that is not whole. */
export function decodeState(bytes: Uint8Array): unknown {
  // A copy starts at a multiple of 8, as arrays of doubles must.
  const whole = Uint8Array.from(bytes);
  const header = new DataView(whole.buffer);
  if (whole.length < headerBytes || header.getUint32(0) !== magic) return undefined;
  if (header.getFloat64(8) !== whole.length) return undefined;
  const length = header.getUint32(4);
  const base = headerBytes + aligned(length);
  try {
    const text = new TextDecoder().decode(whole.subarray(headerBytes, headerBytes + length));
    return JSON.parse(text, (_key, value: unknown) => {
      if (!isReference(value)) return value;
      return new arrayTypes[value.$array](whole.buffer, base + value.offset, value.length).slice();
    });
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError) return undefined;
    throw error;
  }
}

function aligned(length: number): number {
  return Math.ceil(length / 8) * 8;
}

function typeOf(value: unknown): ArrayType | undefined {
  return (Object.keys(arrayTypes) as ArrayType[]).find((type) => value instanceof arrayTypes[type]);
}

function isReference(value: unknown): value is ArrayReference {
  return typeof value === 'object' && value !== null && '$array' in value;
}
