/** Serves the built app: isolation headers, a strict content policy, caching by file name, ranges, offline fallback. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync, realpathSync, type Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { extname, join, sep } from 'node:path';
import { pipeline } from 'node:stream';
import { TaggedError } from '#lib/model/errors.ts';

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.txt': 'text/plain; charset=utf-8',
  '.map': 'application/json'
};

/** Cross-origin isolation, so that workers may share memory. */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin'
};

export interface StaticSite {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
}

/**
 * @param folder the built app (`build/`).
 * @throws TaggedError `app-not-built` when it is missing.
 */
export function staticSite(folder: string): StaticSite {
  const root = builtFolder(folder);
  const fallback = join(root, 'index.html');
  const headers = {
    ...isolationHeaders,
    'Content-Security-Policy': contentPolicy(readFileSync(fallback, 'utf8')),
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer'
  };
  return {
    async handle(request, response) {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('Allow', 'GET, HEAD');
        return answer(response, 405, 'Only GET and HEAD are answered here.');
      }
      const path = requestPath(request);
      if (path === undefined) return answer(response, 400, 'The address is malformed.');
      const found =
        (await fileAt(root, path)) ?? (isPage(path) ? await fileAt(root, '/index.html') : undefined);
      if (!found) return answer(response, 404, 'There is nothing at this address.');
      send(request, response, found);
    }
  };
}

function builtFolder(folder: string): string {
  try {
    const root = realpathSync(folder);
    readFileSync(join(root, 'index.html'));
    return root;
  } catch (error) {
    throw new TaggedError(
      'app-not-built',
      `The app has not been built: there is no ${join(folder, 'index.html')}. Run "npm run build".`,
      {},
      { cause: error }
    );
  }
}

/**
 * Scripts only from this origin and the inline ones of the page itself, by hash; connections to any node or archive
 * that the user names.
 */
export function contentPolicy(html: string): string {
  const hashes = [...html.matchAll(/<script(?![^>]*\ssrc=)[^>]*>([\s\S]*?)<\/script>/g)].map(
    ([, script]) =>
      `'sha256-${createHash('sha256')
        .update(script ?? '')
        .digest('base64')}'`
  );
  return [
    "default-src 'self'",
    `script-src 'self' 'wasm-unsafe-eval' ${hashes.join(' ')}`.trim(),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "worker-src 'self' blob:",
    "connect-src 'self' http: https: ws: wss: data: blob:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'"
  ].join('; ');
}

function requestPath(request: IncomingMessage): string | undefined {
  try {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    return path.includes('\0') ? undefined : path;
  } catch {
    return undefined;
  }
}

// A page of the app has no file of its own: any path that does not look like a file gets the one document.
function isPage(path: string): boolean {
  return !path.startsWith('/_app/') && extname(path) === '';
}

interface FoundFile {
  path: string;
  urlPath: string;
  stats: Stats;
}

async function fileAt(root: string, urlPath: string): Promise<FoundFile | undefined> {
  try {
    const path = await realpath(join(root, urlPath === '/' ? '/index.html' : urlPath));
    if (!path.startsWith(root + sep)) return undefined;
    const stats = await stat(path);
    return stats.isFile() ? { path, urlPath, stats } : undefined;
  } catch {
    return undefined;
  }
}

function send(request: IncomingMessage, response: ServerResponse, { path, urlPath, stats }: FoundFile): void {
  const etag = `"${stats.size.toString(16)}-${Math.trunc(stats.mtimeMs).toString(16)}"`;
  response.setHeader('Content-Type', contentTypes[extname(path)] ?? 'application/octet-stream');
  response.setHeader('ETag', etag);
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader(
    'Cache-Control',
    urlPath.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache'
  );
  if (request.headers['if-none-match'] === etag) {
    response.writeHead(304).end();
    return;
  }
  const range = requestedRange(request.headers.range, stats.size);
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${stats.size}`);
    response.writeHead(416).end();
    return;
  }
  const { start, end } = range ?? { start: 0, end: stats.size - 1 };
  if (range) response.setHeader('Content-Range', `bytes ${start}-${end}/${stats.size}`);
  response.setHeader('Content-Length', Math.max(0, end - start + 1));
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD' || stats.size === 0) response.end();
  else pipeline(createReadStream(path, { start, end }), response, () => {});
}

/** One byte range, as fetches of media and wasm use it; several at once are answered with the whole file. */
function requestedRange(header: string | undefined, size: number) {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (!match || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, size - Number(match[2])) : Number(match[1]);
  const end = match[1] === '' || match[2] === '' ? size - 1 : Math.min(size - 1, Number(match[2]));
  return start > end || start >= size ? 'unsatisfiable' : { start, end };
}

function answer(response: ServerResponse, status: number, message: string): void {
  response.setHeader('Content-Type', 'text/plain; charset=utf-8');
  response.writeHead(status).end(`${message}\n`);
}
