/** Valid bytes with some of them changed, cut out, doubled or put elsewhere, by fast-check so that failures shrink. */
import fc from 'fast-check';

type Mutation =
  | { kind: 'set'; at: number; value: number }
  | { kind: 'cut'; at: number; length: number }
  | { kind: 'repeat'; at: number; length: number }
  | { kind: 'insert'; at: number; bytes: Uint8Array };

const at = fc.double({ min: 0, max: 1, noNaN: true });
const length = fc.integer({ min: 1, max: 64 });
const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  // Bytes that end or lengthen variable-length numbers are the likeliest to lead a decoder astray.
  fc.record({
    kind: fc.constant('set' as const),
    at,
    value: fc.oneof(fc.constantFrom(0, 1, 127, 128, 255), fc.nat(255))
  }),
  fc.record({ kind: fc.constant('cut' as const), at, length }),
  fc.record({ kind: fc.constant('repeat' as const), at, length }),
  fc.record({ kind: fc.constant('insert' as const), at, bytes: fc.uint8Array({ maxLength: 16 }) })
);

/** How many inputs each target sees: FUZZ_RUNS, else a few seconds' worth. */
export const fuzzRuns = Number(process.env.FUZZ_RUNS ?? 2000);
if (process.env.FUZZ_SEED) fc.configureGlobal({ seed: Number(process.env.FUZZ_SEED) });

export function mutated(...seeds: Uint8Array[]): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.constantFrom(...seeds), fc.array(mutation, { minLength: 1, maxLength: 6 }))
    .map(([seed, mutations]) => mutations.reduce(apply, seed));
}

function apply(bytes: Uint8Array, change: Mutation): Uint8Array {
  const start = Math.floor(change.at * bytes.length);
  const head = [...bytes.subarray(0, start)];
  if (change.kind === 'set') return Uint8Array.from([...head, change.value, ...bytes.subarray(start + 1)]);
  if (change.kind === 'insert') return Uint8Array.from([...head, ...change.bytes, ...bytes.subarray(start)]);
  const end = start + change.length;
  if (change.kind === 'cut') return Uint8Array.from([...head, ...bytes.subarray(end)]);
  return Uint8Array.from([...bytes.subarray(0, end), ...bytes.subarray(start)]);
}
