/** The unit classifier in a worker of the browser: onnxruntime's WebAssembly and the model, both from our own origin. */
import { openUnitClassifier, type UnitClassifier } from '#lib/classifier/unit-classifier.ts';
import modelUrl from '#lib/classifier/unit-classifier.onnx?url';
import wasmUrl from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';

let opened: Promise<UnitClassifier> | undefined;

/** Loads runtime and model on first use. @throws TaggedError `classifier-unfit`, and what loading throws */
export function webUnitClassifier(): Promise<UnitClassifier> {
  opened ??= open().catch((error: unknown) => {
    opened = undefined;
    throw error;
  });
  return opened;
}

async function open(): Promise<UnitClassifier> {
  const runtime = await import('onnxruntime-web/wasm');
  // Some hundred units take milliseconds: threads would cost more than they give.
  runtime.env.wasm.numThreads = 1;
  runtime.env.wasm.wasmPaths = { wasm: wasmUrl };
  const answer = await fetch(modelUrl);
  if (!answer.ok) throw new Error(`the unit classifier’s model did not load: ${answer.status}`);
  const model = new Uint8Array(await answer.arrayBuffer());
  return openUnitClassifier(runtime as never, { model, provider: 'wasm' });
}
