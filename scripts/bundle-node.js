// Bundles the compute node for the published package: Node refuses to strip types below node_modules.
import { build } from 'esbuild';
import { copyFileSync, existsSync } from 'node:fs';

if (existsSync('compute-node/main.ts')) {
  await build({
    entryPoints: {
      'dendro-node': 'compute-node/main.ts',
      // Beside it, because worker threads and a job's process start from files of their own.
      'job-process': 'compute-node/executors/job-process.ts',
      'demonstration-thread': 'compute-node/node/demonstration-thread.ts',
      'sorting-worker': 'compute-node/platform/sorting-worker.ts'
    },
    outdir: 'dist',
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node24',
    external: ['node-datachannel', 'node-datachannel/polyfill', 'onnxruntime-node'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
    },
    logLevel: 'warning'
  });
  copyFileSync('src/lib/classifier/unit-classifier.onnx', 'dist/unit-classifier.onnx');
}
