import { expect, it } from 'vitest';
import { keepSamples } from '#lib/simulation/kept-source.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { probe32Spec } from '#lib/simulation/specification.ts';
import { planChunks, readChunk } from '#lib/sorting/chunks.ts';
import { findNeighbours } from '#lib/sorting/geometry.ts';
import { inlinePool } from '#lib/sorting/inline-pool.ts';
import { type LocatedPeaks, localisePeaks, planLocalisation } from '#lib/sorting/motion/localise.ts';

import { estimateMotion } from '#lib/sorting/motion/register.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { cleanChunk, detectChunk, prepare } from '#lib/sorting/prepare.ts';
import { median, motionErrors } from './drifting-peaks.ts';

it('the steps in order follow the motion of a generated recording from its traces', async () => {
  const recording = generateRecording({
    ...probe32Spec(21, 24),
    drift: { kind: 'zigzag', amplitudeUm: 15, startSeconds: 2, periodSeconds: 40 }
  });
  const { displacementUm } = recording;
  const source = keepSamples(recording.source);
  const { info } = source;
  const preparation = await prepare({ source, parameters: resolveParameters(), pool: inlinePool() });
  const grid = planChunks(info);
  const neighbours = findNeighbours(info.probe, {
    radiusUm: 75,
    maxCount: 32,
    usable: preparation.usable
  });
  const localisation = planLocalisation(info.probe, neighbours);
  const located: LocatedPeaks[] = [];
  for (let index = 0; index < grid.chunkCount; index++) {
    const chunk = await readChunk(source, grid, { index });
    const clean = cleanChunk(preparation, chunk);
    const place = {
      probe: info.probe,
      localisation,
      samplingRateHz: info.samplingRateHz,
      startSample: chunk.startSample - chunk.haloSamples
    };
    located.push(localisePeaks(clean.filtered, detectChunk(preparation, clean), place));
  }
  const motion = estimateMotion(located, { probe: info.probe, durationSeconds: 24 });
  expect(motion.outcome).toBe('estimated');
  const errors = motionErrors(motion, displacementUm, [50, 150, 250]);
  expect(median(errors)).toBeLessThan(0.5);
  expect(Math.max(...errors)).toBeLessThan(3);

  const chunk = await readChunk(source, grid, { index: 12 });
  const { whitened } = cleanChunk({ ...preparation, motion }, chunk);
  const sd = Math.sqrt(whitened.reduce((sum, value) => sum + value * value, 0) / whitened.length);
  expect(sd).toBeGreaterThan(0.9);
  expect(sd).toBeLessThan(1.5);
});
