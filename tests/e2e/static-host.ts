/**
 * Serves the built app as a static host does: files, and index.html for every other path. With `isolated` it sends the
 * headers of the node's server; without, the service worker has to bring them.
 */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { extname, join, normalize } from 'node:path';

const types: Record<string, string> = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2'
};
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin'
};

export interface StaticHost {
  origin: string;
  close(): Promise<void>;
}

export interface StaticHostOptions {
  isolated: boolean;
  port?: number;
  /** HTTPS, at an address that other machines reach. */
  tls?: { address: string; certFile: string; keyFile: string };
}

export async function serveBuild(options: StaticHostOptions): Promise<StaticHost> {
  const root = join(import.meta.dirname, '../../build');
  if (!existsSync(join(root, 'index.html')))
    throw new Error('the app is not built: run `npm run build` first');
  const answer: RequestListener = (request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://host').pathname));
    const wanted = join(root, path);
    const isFile = wanted.startsWith(root) && existsSync(wanted) && statSync(wanted).isFile();
    const file = isFile ? wanted : join(root, 'index.html');
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Cache-Control': 'no-cache',
      ...(options.isolated ? isolation : {})
    });
    createReadStream(file).pipe(response);
  };
  const { tls } = options;
  const server: Server = tls
    ? createTlsServer({ cert: readFileSync(tls.certFile), key: readFileSync(tls.keyFile) }, answer)
    : createServer(answer);
  await new Promise<void>((resolve) =>
    server.listen(options.port ?? 0, tls?.address ?? '127.0.0.1', resolve)
  );
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the host has no port');
  return {
    origin: tls ? `https://${tls.address}:${address.port}` : `http://localhost:${address.port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      })
  };
}
