import { expect, it } from 'vitest';
import { unitLabels } from '#lib/classifier/unit-classifier.ts';
import { webUnitClassifier } from '../../../src/workers/unit-classifier.ts';
import { differenceOverTolerance, features, unitCount } from '../../fixtures/sorting/classifier-check.ts';

it('gives in the browser the probabilities that the training gave, from our own origin', async () => {
  const classes = await (await webUnitClassifier()).classify(features, unitCount);
  expect(differenceOverTolerance(classes)).toBeLessThan(1);
  expect(new Set(classes.map(({ label }) => label))).toEqual(new Set(unitLabels));
  const loaded = performance.getEntriesByType('resource').map(({ name }) => new URL(name));
  // The development server also hands out the module that only names the file.
  const isBytes = ({ pathname, searchParams }: URL) =>
    pathname.endsWith('.wasm') && !searchParams.has('import');
  expect(loaded.filter(isBytes)).toHaveLength(1);
  expect(loaded.filter(({ origin }) => origin !== location.origin)).toEqual([]);
});
