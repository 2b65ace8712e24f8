/** Bundles peer-page.ts and answers with it: the smallest page that speaks the peer protocol. */
import { build } from 'esbuild';
import { type RequestListener } from 'node:http';
import { fileURLToPath } from 'node:url';

export async function peerPage(): Promise<RequestListener> {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('peer-page.ts', import.meta.url))],
    bundle: true,
    format: 'esm',
    target: 'es2023',
    write: false
  });
  const script = result.outputFiles[0]?.text ?? '';
  return (request, response) => {
    const isScript = request.url === '/page.js';
    response.setHeader('Content-Type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? script : '<!doctype html><script type="module" src="/page.js"></script>');
  };
}
