// Compiles the engine's kernels from AssemblyScript into a module of bytes that every worker and Node can load alike.
import asc from 'assemblyscript/asc';
import { existsSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../src/lib/sorting/kernels/', import.meta.url));
const sources = `${folder}assembly/`;
const target = `${folder}binary.ts`;
const self = fileURLToPath(import.meta.url);

const changed = [sources, ...readdirSync(sources).map((name) => sources + name), self].some(
  (path) => !existsSync(target) || statSync(path).mtimeMs > statSync(target).mtimeMs
);
if (changed) {
  const compiled = `${folder}binary.wasm`;
  const { error, stderr } = await asc.main([
    `${sources}index.ts`,
    ...['--outFile', compiled, '--optimizeLevel', '3', '--noAssert', '--runtime', 'stub'],
    ...['--enable', 'simd', '--enable', 'bulk-memory', '--importMemory', '--memoryBase', '1024']
  ]);
  if (error) {
    process.stderr.write(`${stderr.toString()}\n`);
    process.exit(1);
  }
  const text = readFileSync(compiled).toString('base64');
  rmSync(compiled);
  writeFileSync(
    target,
    `// Made by scripts/build-kernels.js from assembly.\nexport const binary =\n  '${text}';\n`
  );
}
