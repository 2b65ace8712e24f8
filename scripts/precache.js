// After the build: lists every built file in the service worker, in place of workbox's manifest placeholder. Kit's own
// list leaves out what worker bundles emit (wasm).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const build = 'build';
const worker = join(build, 'service-worker.js');
const placeholder = 'globalThis.__WB_MANIFEST';

const files = readdirSync(build, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name))
  .filter((path) => path !== worker)
  .sort();
const entries = files.map((path) => {
  const url = `/${path.slice(build.length + 1)}`;
  const revision = url.startsWith('/_app/immutable/')
    ? null
    : createHash('sha256').update(readFileSync(path)).digest('hex').slice(0, 16);
  return { url, revision };
});

const code = readFileSync(worker, 'utf8');
const occurrences = code.split(placeholder).length - 1;
if (occurrences !== 1)
  throw new Error(`${worker} must name ${placeholder} once, but names it ${occurrences} times`);
writeFileSync(
  worker,
  code.replace(placeholder, () => JSON.stringify(entries))
);
console.log(`precache: ${entries.length} files`);
