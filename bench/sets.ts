// Recordings with known units, made with SpikeInterface's generator (make-set.py), used and removed again.
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { openRaw } from '#lib/formats/raw/raw-recording.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';
import { openFileSource } from '../compute-node/platform/file-source.ts';

export const folder = 'bench/.cache';
/** Parameters were chosen on these; they are never drawn. */
const tuningSeeds = [101, 102, 103, 104, 105, 47810, 289916, 373607];

const SetDescription = v.object({
  samplingRateHz: v.number(),
  channelCount: v.number(),
  gainUv: v.number(),
  contacts: v.array(v.object({ id: v.string(), x: v.number(), y: v.number(), shank: v.number() })),
  trueUnits: v.array(v.object({ spikeSamples: v.array(v.number()) })),
  backgroundUnits: v.array(v.object({ spikeSamples: v.array(v.number()) }))
});

type SetDescription = v.InferOutput<typeof SetDescription>;

/** The two files of a recording that every sorter can be given. */
export interface SetFiles {
  /** Path of its files without their suffixes. */
  stem: string;
  description: Pick<SetDescription, 'samplingRateHz' | 'channelCount' | 'gainUv' | 'contacts'>;
}

export interface TestSet extends SetFiles {
  truth: SpikeTrains;
  /** The small units behind the true ones, which a sorter may find but need not. */
  background: SpikeTrains;
  /** Its samples, read from the file; `close` ends that. */
  open(): Promise<{ source: TraceSource; close: () => void }>;
  remove(): void;
}

export function drawSeeds(count: number): number[] {
  const drawn = new Set<number>();
  while (drawn.size < count) {
    const seed = randomInt(1_000_000);
    if (!tuningSeeds.includes(seed)) drawn.add(seed);
  }
  return [...drawn];
}

/** @throws Error with what the generator complained about */
export function makeSet(
  python: string,
  { set, seed, seconds }: { set: string; seed: number; seconds: number }
): TestSet {
  mkdirSync(folder, { recursive: true });
  const args = ['--set', set, '--seed', String(seed), '--seconds', String(seconds), '--out', folder];
  run(python, ['bench/make-set.py', ...args]);
  const stem = join(folder, `${set}_${seed}_${seconds}s`);
  const description = v.parse(SetDescription, JSON.parse(readFileSync(`${stem}.json`, 'utf8')));
  const { samplingRateHz, channelCount, gainUv, contacts, trueUnits, backgroundUnits } = description;
  const layout = {
    samplingRateHz,
    channelCount,
    dtype: 'int16',
    offsetBytes: 0,
    gainUv,
    offsetUv: 0
  } as const;
  const trainsOf = (units: SetDescription['trueUnits']): SpikeTrains => ({
    samplingRateHz,
    trains: units.map(({ spikeSamples }) => Float64Array.from(spikeSamples))
  });
  return {
    stem,
    description,
    truth: trainsOf(trueUnits),
    background: trainsOf(backgroundUnits),
    async open() {
      const file = await openFileSource(`${stem}.raw`);
      const source = openRaw(file, { format: 'raw', ...layout }, { contacts, origin: 'layout' });
      return { source, close: () => file.close() };
    },
    remove() {
      for (const suffix of ['.raw', '.json']) rmSync(stem + suffix);
    }
  };
}

/** @returns what the program printed @throws Error with what it complained about */
export function run(program: string, args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1e9 });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr.slice(-2000)}`);
  return stdout;
}
