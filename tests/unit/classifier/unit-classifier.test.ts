import { readFileSync } from 'node:fs';
import * as runtime from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { classifySorting } from '#lib/classifier/classify-sorting.ts';
import { readModelMetadata } from '#lib/classifier/model-metadata.ts';
import { featureHash, openUnitClassifier, unitLabels } from '#lib/classifier/unit-classifier.ts';
import { featureNames, unitFeatures } from '#lib/metrics/unit-features.ts';
import { describeError } from '#lib/model/error-text.ts';
import { toErrorRecord } from '#lib/model/errors.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { nodeUnitClassifier } from '../../../compute-node/platform/unit-classifier.ts';
import { differenceOverTolerance, features, unitCount } from '../../fixtures/sorting/classifier-check.ts';

const model = new Uint8Array(readFileSync('src/lib/classifier/unit-classifier.onnx'));

/** The model with one text in it replaced by another of the same length. */
function withText(from: string, to: string): Uint8Array {
  expect(to).toHaveLength(from.length);
  const at = Buffer.from(model).indexOf(from);
  expect(at).toBeGreaterThan(0);
  const changed = model.slice();
  changed.set(new TextEncoder().encode(to), at);
  return changed;
}

const open = (bytes: Uint8Array) => openUnitClassifier(runtime as never, { model: bytes, provider: 'cpu' });

describe('the unit classifier on the node', () => {
  test('gives the probabilities that the training gave', async () => {
    const classes = await (await nodeUnitClassifier()).classify(features, unitCount);
    expect(classes).toHaveLength(unitCount);
    expect(differenceOverTolerance(classes)).toBeLessThan(1);
    expect(new Set(classes.map(({ label }) => label))).toEqual(new Set(unitLabels));
    for (const { label, probabilities } of classes) {
      expect(probabilities.reduce((sum, value) => sum + value)).toBeCloseTo(1, 5);
      expect(probabilities[unitLabels.indexOf(label)]).toBe(Math.max(...probabilities));
    }
  });

  test('answers for no units, and refuses features of another number of units', async () => {
    const classifier = await nodeUnitClassifier();
    expect(await classifier.classify(new Float32Array(), 0)).toEqual([]);
    await expect(classifier.classify(features, unitCount - 1)).rejects.toThrow(RangeError);
  });
});

describe('a model', () => {
  test('names the features, the classes and the constants it was trained on', async () => {
    const metadata = readModelMetadata(model);
    expect(JSON.parse(metadata?.get('dendro.features') ?? '')).toEqual([...featureNames]);
    expect(JSON.parse(metadata?.get('dendro.classes') ?? '')).toEqual([...unitLabels]);
    expect(metadata?.get('dendro.featureHash')).toBe(await featureHash());
  });

  test('is small enough to come with every page', () => {
    expect(model.length).toBeLessThan(500_000);
  });

  test.each([
    [
      'of features in another order',
      'order',
      () => withText('"presenceRatio","isiViolationsRatio"', '"isiViolationsRatio","presenceRatio"')
    ],
    ['of classes in another order', 'classes', () => withText('"noise","multi"', '"multi","noise"')],
    ['that names no features', 'order', () => withText('dendro.features', 'dendro.featurez')],
    ['that is no ONNX file', 'no ONNX', () => new TextEncoder().encode('<!doctype html>')],
    ['that is cut off', 'no ONNX', () => model.slice(0, model.length - 10)]
  ])('%s is refused, with what to do', async (_, reason, make) => {
    const error: unknown = await open(make()).catch((thrown: unknown) => thrown);
    const record = toErrorRecord(error);
    expect(record).toMatchObject({
      tag: 'classifier-unfit',
      details: { reason: expect.stringContaining(reason) }
    });
    expect(describeError(record).remedy).toContain('npm run bench:classifier');
  });

  test('of features with other constants is refused', async () => {
    const hash = await featureHash();
    await expect(
      open(withText(hash, `${hash.slice(0, -1)}${hash.endsWith('0') ? '1' : '0'}`))
    ).rejects.toMatchObject({
      tag: 'classifier-unfit',
      details: { reason: expect.stringContaining('constants') }
    });
  });
});

test('a sorting gets classes and keeps its spikes and waveforms', async () => {
  const unit = (id: number) => ({
    id,
    spikeSamples: Float64Array.from({ length: 300 }, (_, k) => 5000 * k + id),
    mainChannel: 0,
    waveformMean: Float32Array.from({ length: 60 }, (_, k) => -80 * Math.exp(-((k - 25) ** 2) / 20)),
    waveformSd: new Float32Array(60).fill(8),
    snr: 10
  });
  const sorting: Sorting = {
    samplingRateHz: 30_000,
    channelCount: 1,
    sampleCount: 1_800_000,
    waveformWindow: { beforeSamples: 25, afterSamples: 35 },
    units: [unit(0), unit(1)]
  };
  const asked: Float32Array[] = [];
  const classified = await classifySorting(sorting, {
    classify: (values) => {
      asked.push(values);
      return Promise.resolve([
        { label: 'single', probabilities: [0.1, 0.2, 0.7] },
        { label: 'noise', probabilities: [0.5, 0.3, 0.2] }
      ]);
    }
  });
  expect(asked).toEqual([unitFeatures(sorting)]);
  expect(classified.units.map(({ quality }) => quality)).toEqual([
    { label: 'single', probability: 0.7 },
    { label: 'noise', probability: 0.5 }
  ]);
  expect(classified.units.map(({ quality: _, ...rest }) => rest)).toEqual(sorting.units);
});
