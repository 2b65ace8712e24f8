// Bundles the compute node for the published package: Node refuses to strip types below node_modules.
import { build } from 'esbuild';
import { existsSync } from 'node:fs';

if (existsSync('compute-node/main.ts')) {
  await build({
    entryPoints: ['compute-node/main.ts'],
    outfile: 'dist/dendro-node.js',
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
}
