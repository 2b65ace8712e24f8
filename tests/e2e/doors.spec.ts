/** The node's door: a rebound name or a page of another origin is refused with the reason, at every path. */
import { expect, test } from '@playwright/test';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { type NodeProcess, startNode } from './node-process.ts';

let node: NodeProcess;
test.beforeAll(async () => {
  node = await startNode();
});
test.afterAll(async () => {
  await node.stop();
  await node.remove();
});

/** Status and body of a GET, or of a refused WebSocket upgrade, with headers that no browser lets a page choose. */
async function knock(
  path: string,
  headers: Record<string, string>
): Promise<{ status: number; text: string }> {
  const asked = request({ host: '127.0.0.1', port: node.port, path, headers }).end();
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text };
}

test('a rebound name and a foreign origin are refused at every door', async () => {
  const host = `localhost:${node.port}`;
  const upgrade = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': Buffer.alloc(16).toString('base64')
  };
  for (const [path, more] of [
    ['/', {}],
    [`/bulk/${'0'.repeat(32)}/0`, {}],
    ['/signal', upgrade],
    ['/peer', upgrade]
  ] as const) {
    const rebound = await knock(path, { ...more, Host: 'rebound.example' });
    expect(rebound, path).toMatchObject({ status: 421, text: expect.stringContaining('rebound.example') });
    const foreign = await knock(path, { ...more, Host: host, Origin: 'https://evil.example' });
    expect(foreign, path).toMatchObject({ status: 403, text: expect.stringContaining('--allow-origin') });
  }
  expect(await knock('/', { Host: host })).toMatchObject({ status: 200 });
});
