/** The unit classifier on the node: onnxruntime's CPU build, loaded when a sort first needs it. */
import { readFile } from 'node:fs/promises';
import { openUnitClassifier, type UnitClassifier } from '#lib/classifier/unit-classifier.ts';
import { TaggedError } from '#lib/model/errors.ts';

/** Beside the source, or beside the package's bundle (scripts/bundle-node.js). */
const modelUrl = new URL(
  import.meta.url.endsWith('.ts')
    ? '../../src/lib/classifier/unit-classifier.onnx'
    : './unit-classifier.onnx',
  import.meta.url
);

let opened: Promise<UnitClassifier> | undefined;

/**
 * @throws TaggedError `classifier-missing` where onnxruntime is not installed or does not run, `classifier-unfit` for a
 *   model that was trained on other features
 */
export function nodeUnitClassifier(): Promise<UnitClassifier> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<UnitClassifier> {
  const model = await readFile(modelUrl);
  return openUnitClassifier((await loadRuntime()) as never, { model, provider: 'cpu' });
}

async function loadRuntime() {
  try {
    const { InferenceSession, Tensor } = await import('onnxruntime-node');
    return { InferenceSession, Tensor };
  } catch (cause) {
    throw new TaggedError(
      'classifier-missing',
      'onnxruntime-node is not installed or does not run on this machine',
      {},
      { cause }
    );
  }
}
