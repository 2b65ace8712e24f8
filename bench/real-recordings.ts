// Recordings of real brains, brought into the form that every sorter is given: int16 counts and a layout.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as v from 'valibot';
import { folder, type SetFiles } from './sets.ts';

export const recordings = process.env.DENDRO_RECORDINGS ?? resolve('../shared/recordings');

/** µm. The files say nothing of the contacts' places: a square as tetrodes have, for every sorter. */
const tetrodePitchUm = 25;
/** s, of the first sample before the stimulus, which the expert's times count from. */
const beforeStimulusSeconds = 2;
const starlingStimulus = 'A8';

export interface RealSet extends SetFiles {
  name: string;
  seconds: number;
  remove(): void;
}

/** A trial of the starling's neuron, spikes downwards, with those that an expert sorted. */
export interface StarlingTrial {
  samplingRateHz: number;
  counts: Int16Array;
  /** Samples, ascending. */
  expert: number[];
}

const LocustInfo = v.object({
  sample_rate: v.number(),
  shape: v.tuple([v.number(), v.number()]),
  dtype: v.literal('int16')
});
const Pprox = v.object({
  pprox: v.array(v.object({ stimulus: v.string(), events: v.array(v.number()) }))
});

/** The locust's trials, one tetrode each (antennal lobe); none where the files are missing. */
export function locustSets(): RealSet[] {
  const from = join(recordings, 'locust');
  if (!existsSync(from)) return [];
  const info = v.parse(LocustInfo, JSON.parse(readFileSync(join(from, 'locust_info.json'), 'utf8')));
  const [, channelCount] = info.shape;
  const trials = readdirSync(from).filter((name) => /^locust_trial_\d+\.raw$/.test(name));
  return trials.toSorted().map((file) => {
    const bytes = readFileSync(join(from, file));
    const name = file.replace(/\.raw$/, '');
    return writeSet(name, { counts: int16(bytes, 0), samplingRateHz: info.sample_rate, channelCount });
  });
}

/** The trials whose sound there is, in the order of the expert's list; none where the files are missing. */
export function starlingTrials(): StarlingTrial[] {
  const from = join(recordings, 'starling');
  if (!existsSync(from)) return [];
  const list = v.parse(Pprox, JSON.parse(readFileSync(join(from, 'pprox_st11_1_2_1.json'), 'utf8')));
  const trials = list.pprox.filter(({ stimulus }) => stimulus === starlingStimulus);
  return trials.flatMap(({ events }, k) => {
    const path = join(from, `extracellular_st11_1_2_${starlingStimulus}_${k + 1}.wav`);
    if (!existsSync(path)) return [];
    const { counts, samplingRateHz } = readWav(readFileSync(path));
    // This amplifier inverts: spikes point upwards, and no sorter looks there unless it is told.
    counts.forEach((count, i) => (counts[i] = Math.min(32767, -count)));
    const samples = events.map((time) => Math.round((time + beforeStimulusSeconds) * samplingRateHz));
    return [{ counts, samplingRateHz, expert: samples.toSorted((a, b) => a - b) }];
  });
}

/** Trials of one channel, one after the other. */
export function joinTrials(name: string, trials: readonly StarlingTrial[]): RealSet {
  const counts = new Int16Array(trials.reduce((sum, trial) => sum + trial.counts.length, 0));
  let at = 0;
  for (const trial of trials) {
    counts.set(trial.counts, at);
    at += trial.counts.length;
  }
  return writeSet(name, { counts, samplingRateHz: trials[0]?.samplingRateHz ?? 1, channelCount: 1 });
}

function writeSet(
  name: string,
  recording: { counts: Int16Array; samplingRateHz: number; channelCount: number }
): RealSet {
  const { counts, samplingRateHz, channelCount } = recording;
  const contacts = Array.from({ length: channelCount }, (_, channel) => ({
    id: String(channel),
    x: (channel % 2) * tetrodePitchUm,
    y: (channel >> 1) * tetrodePitchUm,
    shank: 0
  }));
  const description = { samplingRateHz, channelCount, gainUv: 1, contacts };
  const stem = join(folder, name);
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${stem}.raw`, new Uint8Array(counts.buffer, counts.byteOffset, counts.byteLength));
  writeFileSync(`${stem}.json`, JSON.stringify(description));
  return {
    ...{ name, stem, description, seconds: counts.length / channelCount / samplingRateHz },
    remove() {
      for (const suffix of ['.raw', '.json']) rmSync(stem + suffix);
    }
  };
}

/** PCM of 16 bits and one channel. @throws Error when the file is something else */
function readWav(bytes: Buffer): { counts: Int16Array; samplingRateHz: number } {
  const tag = (at: number) => bytes.toString('latin1', at, at + 4);
  if (tag(0) !== 'RIFF' || tag(8) !== 'WAVE') throw new Error('no WAV file');
  let samplingRateHz = 0;
  for (let at = 12; at + 8 <= bytes.length;) {
    const size = bytes.readUInt32LE(at + 4);
    if (tag(at) === 'fmt ') {
      const [kind, channels, bits] = [8, 10, 22].map((offset) => bytes.readUInt16LE(at + offset));
      if (kind !== 1 || channels !== 1 || bits !== 16) throw new Error('no PCM of 16 bits and one channel');
      samplingRateHz = bytes.readUInt32LE(at + 12);
    }
    if (tag(at) === 'data')
      return { counts: int16(bytes.subarray(0, at + 8 + size), at + 8), samplingRateHz };
    at += 8 + size + (size % 2);
  }
  throw new Error('the WAV file holds no samples');
}

/** The values from a byte on, in an array of their own. */
function int16(bytes: Buffer, from: number): Int16Array {
  const whole = bytes.subarray(from, from + 2 * Math.floor((bytes.length - from) / 2));
  return new Int16Array(Uint8Array.from(whole).buffer);
}
