import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signallingAddresses } from '../../../compute-node/node/addresses.ts';
import { homeOf, refuse } from '../../../compute-node/server/doors.ts';
import { startHttpServer, type RunningHttpServer } from '../../../compute-node/server/http-server.ts';
import { staticSite } from '../../../compute-node/server/static.ts';

const inlineScript = 'console.log("boot")';
let folder = '';
let server: RunningHttpServer;
let upgrades = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dendro-site-'));
  const build = join(folder, 'build');
  mkdirSync(join(build, '_app', 'immutable'), { recursive: true });
  writeFileSync(join(build, 'index.html'), `<!doctype html><script>${inlineScript}</script>`);
  writeFileSync(join(build, '_app', 'immutable', 'entry.js'), '0123456789');
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  symlinkSync(join(folder, 'secret.txt'), join(build, 'leak.txt'));
  server = await startHttpServer({
    port: 0,
    host: '127.0.0.1',
    publicUrl: new URL('https://sorting.example.org'),
    allowOrigins: ['https://app.example.org'],
    site: staticSite(build).handle,
    bulk: (_request, response) => void response.writeHead(204).end(),
    upgrades: {
      '/signal': (_request, socket) => {
        upgrades++;
        socket.end('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
      }
    }
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  body: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port: server.port,
      path,
      method,
      headers: { host: `localhost:${server.port}`, ...headers }
    });
    request.on('response', (response) => {
      let body = '';
      response.on('data', (chunk: Buffer) => (body += chunk.toString()));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      );
    });
    request.on('upgrade', (response, socket) => {
      socket.destroy();
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: '' });
    });
    request.on('error', reject);
    request.end();
  });
}

const upgrade = { connection: 'Upgrade', upgrade: 'websocket' };

describe('the door', () => {
  test.each(['evil.example', `evil.example:4317`, 'localhost.evil.example', '169.254.0.1'])(
    'a rebound name "%s" is refused, for pages, bulk and WebSockets',
    async (host) => {
      expect((await ask('/', { host })).status).toBe(421);
      expect((await ask('/bulk/x/0', { host })).status).toBe(421);
      const before = upgrades;
      expect((await ask('/signal', { host, ...upgrade })).status).toBe(421);
      expect(upgrades).toBe(before);
    }
  );

  test.each([
    'http://evil.example',
    'http://localhost:3000',
    'null',
    'https://sorting.example.org.evil.example'
  ])('a page of %s is refused and gets no CORS header', async (origin) => {
    const page = await ask('/bulk/x/0', { origin });
    expect(page.status).toBe(403);
    expect(page.headers['access-control-allow-origin']).toBeUndefined();
    expect((await ask('/signal', { origin, ...upgrade })).status).toBe(403);
  });

  test('the app’s own pages pass, also through a tunnel and under the public address', async () => {
    const own = `http://localhost:${server.port}`;
    expect((await ask('/signal', { origin: own, ...upgrade })).status).toBe(101);
    const tunnel = { host: 'localhost:5000', origin: 'http://localhost:5000' };
    expect((await ask('/bulk/x/0', tunnel)).status).toBe(204);
    const proxied = { host: 'sorting.example.org', origin: 'https://sorting.example.org' };
    expect((await ask('/bulk/x/0', proxied)).status).toBe(204);
    expect((await ask('/bulk/x/0', { origin: own })).headers['access-control-allow-origin']).toBeUndefined();
  });

  test('an allow-listed origin passes with CORS headers', async () => {
    const origin = 'https://app.example.org';
    const preflight = await ask('/bulk/x/0', { origin }, 'OPTIONS');
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-origin']).toBe(origin);
  });

  test('a numeric loopback address is sent to localhost, which is the app’s one home', () => {
    const doors = { tls: false, port: 4317, allowOrigins: [] };
    expect(homeOf('127.0.0.1:4317', '/project/1?x=2', doors)).toBe('http://localhost:4317/project/1?x=2');
    expect(homeOf('localhost:4317', '/', doors)).toBeUndefined();
  });

  test('a proxy that names the node by its loopback address is no visitor to be sent elsewhere', async () => {
    const proxied = { host: `127.0.0.1:${server.port}`, 'x-forwarded-host': 'sorting.example.org' };
    expect((await ask('/project/1', proxied)).status).toBe(200);
    const page = { ...proxied, origin: 'https://sorting.example.org' };
    expect((await ask('/signal', { ...page, ...upgrade })).status).toBe(101);
    // What a page can write itself vouches for nothing.
    const rebound = await ask('/', { host: 'evil.example', 'x-forwarded-host': 'sorting.example.org' });
    expect(rebound.status).toBe(421);
    expect(rebound.body).toContain('https://sorting.example.org');
  });
});

describe('addresses', () => {
  test('one at which the connection arrived is no rebound name', () => {
    const doors = { tls: false, port: 4317, allowOrigins: [] };
    const host = '10.77.0.1:4317';
    expect(refuse({ host }, doors, '10.77.0.1')).toBeUndefined();
    expect(refuse({ host }, doors, '::ffff:10.77.0.1')).toBeUndefined();
    expect(refuse({ host, origin: 'http://localhost:4317' }, doors, '10.77.0.1')).toBeUndefined();
    expect(refuse({ host: '[fd00::1]:4317' }, doors, 'fd00::1')).toBeUndefined();
    expect(refuse({ host }, doors, '10.77.0.9')?.status).toBe(421);
  });

  test('in links are the app’s own, and those of the network only where the node listens there without TLS', () => {
    const interfaces = () => ['10.77.0.1', 'fd00::1'];
    const own = 'ws://localhost:4317/signal';
    expect(signallingAddresses({ host: '127.0.0.1' }, 4317, interfaces)).toEqual([own]);
    expect(signallingAddresses({ host: '0.0.0.0' }, 4317, interfaces)).toEqual([
      own,
      'ws://10.77.0.1:4317/signal',
      'ws://[fd00::1]:4317/signal'
    ]);
    expect(signallingAddresses({ host: '10.77.0.1' }, 4317)).toEqual([own, 'ws://10.77.0.1:4317/signal']);
    const publicUrl = new URL('https://sorting.example.org');
    expect(signallingAddresses({ host: '0.0.0.0', publicUrl }, 4317, interfaces)).toEqual([
      'wss://sorting.example.org/signal'
    ]);
  });
});

describe('the app’s files', () => {
  test('come isolated, under a policy that allows the page’s own inline script by its hash', async () => {
    const { status, headers, body } = await ask('/');
    expect(status).toBe(200);
    expect(body).toContain(inlineScript);
    expect(headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'cross-origin-resource-policy': 'same-origin',
      'cache-control': 'no-cache'
    });
    const hash = createHash('sha256').update(inlineScript).digest('base64');
    expect(headers['content-security-policy']).toContain(`'sha256-${hash}'`);
  });

  test('any page address gets the one document; a missing script or file does not', async () => {
    expect((await ask('/project/abc/jobs')).body).toContain('<!doctype html>');
    expect((await ask('/_app/immutable/gone.js')).status).toBe(404);
    expect((await ask('/_app/gone')).status).toBe(404);
    expect((await ask('/favicon.png')).status).toBe(404);
  });

  test('named by their content are kept for ever, and ranges and revisits are answered', async () => {
    const path = '/_app/immutable/entry.js';
    const whole = await ask(path);
    expect(whole.headers['cache-control']).toContain('immutable');
    expect((await ask(path, { 'if-none-match': String(whole.headers.etag) })).status).toBe(304);
    const part = await ask(path, { range: 'bytes=2-4' });
    expect([part.status, part.body, part.headers['content-range']]).toEqual([206, '234', 'bytes 2-4/10']);
    expect((await ask(path, { range: 'bytes=-3' })).body).toBe('789');
    expect((await ask(path, { range: 'bytes=20-' })).status).toBe(416);
    expect((await ask(path, {}, 'POST')).status).toBe(405);
  });

  test.each(['/../secret.txt', '/%2e%2e/secret.txt', '/..%2fsecret.txt', '/leak.txt', '/%00'])(
    'nothing outside the folder is given: %s',
    async (path) => {
      expect((await ask(path)).body).not.toContain('secret');
    }
  );

  test('that were never built give an error with the remedy', () => {
    expect(() => staticSite(join(folder, 'nothing'))).toThrow(/npm run build/);
  });
});

test('a port that another program holds is named with the remedy', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  const site = () => {};
  const start = startHttpServer({ port, host: '127.0.0.1', allowOrigins: [], site, upgrades: {} });
  await expect(start).rejects.toMatchObject({ tag: 'port-taken', details: { port } });
  other.close();
});
