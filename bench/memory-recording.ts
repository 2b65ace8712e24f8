// The recording of `npm run bench:memory`: a long probe with as many units as one finds there.
import { closeSync, existsSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '#lib/math/random.ts';
import { type Probe } from '#lib/model/recording.ts';
import { layOutProbe } from '#lib/simulation/probe-layout.ts';
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import { probe32Spec } from '#lib/simulation/specification.ts';
import { folder } from './sets.ts';

export const samplingRateHz = 30_000;

/** Two columns as on a Neuropixels 2.0 shank. */
export function longProbe(channelCount: number): Probe {
  const rows = channelCount / 2;
  return layOutProbe({ name: `2 × ${rows}`, columns: 2, rows, columnPitchUm: 32, rowPitchUm: 15 });
}

/** Writes `seconds` of it as int16, unless it is there. @returns its path */
export function writeLongRecording({
  channelCount,
  seconds
}: {
  channelCount: number;
  seconds: number;
}): string {
  const path = join(folder, `long_${channelCount}_${seconds}s.raw`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true });
  const short = probe32Spec(1, seconds);
  const stream = randomStream(1, 'long');
  const recording = generateRecording({
    ...short,
    probe: longProbe(channelCount),
    // Two units for three channels, from hardly visible to clear.
    unitAmplitudesUv: Array.from(
      { length: Math.round((channelCount * 2) / 3) },
      () => 40 + 260 * stream.uniform()
    ),
    background: { ...short.background, count: channelCount }
  });
  const file = openSync(`${path}.part`, 'w');
  for (const chunk of int16Chunks(recording)) writeSync(file, new Uint8Array(chunk.buffer));
  closeSync(file);
  renameSync(`${path}.part`, path);
  return path;
}
