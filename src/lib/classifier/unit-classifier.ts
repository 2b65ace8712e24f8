/**
 * The unit classifier: noise, several neurons or one, by an ONNX model over the features of `unitFeatures`, after the idea
 * of UnitRefine (docs/unit-classifier.md). A model says on which features it was trained; others are refused.
 */
import { featureNames, featureSpecification } from '#lib/metrics/unit-features.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type UnitLabel } from '#lib/model/sorting.ts';
import { readModelMetadata } from './model-metadata.ts';

/** In the order of the model's probabilities. */
export const unitLabels = ['noise', 'multi', 'single'] as const satisfies UnitLabel[];

export interface UnitClass {
  /** The most probable one. */
  label: UnitLabel;
  /** One for each of `unitLabels`; they sum to 1. */
  probabilities: readonly [noise: number, multi: number, single: number];
}

export interface UnitClassifier {
  /** @param features units × features, as `unitFeatures` gives them */
  classify(features: Float32Array, unitCount: number): Promise<UnitClass[]>;
}

/** The part of onnxruntime that is used; its web and its Node package have it alike. */
export interface OnnxRuntime {
  InferenceSession: {
    create(
      model: Uint8Array,
      options: { executionProviders: string[]; intraOpNumThreads: number }
    ): Promise<OnnxSession>;
  };
  Tensor: new (type: 'float32', data: Float32Array, dims: number[]) => OnnxTensor;
}
interface OnnxTensor {
  readonly data: unknown;
}
interface OnnxSession {
  run(feeds: Record<string, never>, fetches: string[]): Promise<Record<string, OnnxTensor>>;
}

/**
 * @param model the file's bytes
 * @param provider `wasm` in the browser, `cpu` on the node
 * @throws TaggedError `classifier-unfit` when the model was trained on other features
 */
export async function openUnitClassifier(
  runtime: OnnxRuntime,
  { model, provider }: { model: Uint8Array; provider: 'wasm' | 'cpu' }
): Promise<UnitClassifier> {
  await checkModel(model);
  // One thread, so that sums do not depend on how many cores a machine has.
  const session = await runtime.InferenceSession.create(model, {
    executionProviders: [provider],
    intraOpNumThreads: 1
  });
  return {
    async classify(features, unitCount) {
      if (features.length !== unitCount * featureNames.length)
        throw new RangeError(
          `${features.length} values are not ${featureNames.length} of ${unitCount} units`
        );
      if (unitCount === 0) return [];
      const input = new runtime.Tensor('float32', features, [unitCount, featureNames.length]);
      const { probabilities } = await session.run({ features: input as never }, ['probabilities']);
      return toClasses(probabilities?.data as Float32Array, unitCount);
    }
  };
}

/** SHA-256 of `featureSpecification`, as a model must name it. */
export async function featureHash(): Promise<string> {
  const bytes = new TextEncoder().encode(featureSpecification);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** @throws TaggedError `classifier-unfit` */
async function checkModel(model: Uint8Array): Promise<void> {
  const metadata = readModelMetadata(model);
  const unfit = (reason: string) =>
    new TaggedError('classifier-unfit', `the unit classifier’s model ${reason}`, { reason });
  if (!metadata) throw unfit('is no ONNX file');
  if (metadata.get('dendro.features') !== JSON.stringify(featureNames))
    throw unfit('was trained on other features, or in another order');
  if (metadata.get('dendro.classes') !== JSON.stringify(unitLabels)) throw unfit('tells other classes apart');
  if (metadata.get('dendro.featureHash') !== (await featureHash()))
    throw unfit('was trained on features with other constants');
}

/** @param values units × classes */
function toClasses(values: Float32Array, unitCount: number): UnitClass[] {
  return Array.from({ length: unitCount }, (_, unit) => {
    const [noise = 0, multi = 0, single = 0] = values.subarray(3 * unit, 3 * unit + 3);
    const probabilities = [noise, multi, single] as const;
    const most = probabilities.indexOf(Math.max(noise, multi, single));
    return { label: unitLabels[most] ?? 'noise', probabilities };
  });
}
