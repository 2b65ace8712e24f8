import { createHash, randomBytes, randomFillSync } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { type AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { BulkLink } from '#lib/compute/bulk-link.ts';
import { type Deflate, deflateByStream } from '#lib/bytes/deflate.ts';
import { ControlLink } from '#lib/compute/control-link.ts';
import { FileExchange, type FileExchangeOptions, type ServedFile } from '#lib/compute/file-exchange.ts';
import { channelPair, type MessageChannel } from '#lib/compute/message-channel.ts';
import { MemoryPartialFile } from '#lib/compute/partial-file.ts';
import { type TransferId } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { BulkDesk } from '../../../compute-node/server/bulk-http.ts';

const mebibyte = 1024 * 1024;
const project = 'ab'.repeat(32) as ProjectId;

function randomTransfer(): TransferId {
  return randomBytes(16).toString('hex') as TransferId;
}

/** Two exchanges over joined channels: `browser`, which encodes chunks with `deflate` if given, and `node`. */
function connect(options: {
  browser?: Partial<FileExchangeOptions>;
  node?: Partial<FileExchangeOptions>;
  deflate?: Deflate;
  /** What comes over the bulk channel to the node. */
  alter?: (message: Uint8Array) => Uint8Array;
}) {
  const [browserControl, nodeControl] = channelPair();
  const [browserBulk, plainBulk] = channelPair();
  const { alter = (message) => message } = options;
  const nodeBulk: MessageChannel = {
    send: (message) => plainBulk.send(message),
    onMessage: (listener) => plainBulk.onMessage((message) => listener(alter(message))),
    onClose: (listener) => plainBulk.onClose(listener)
  };
  const browserLink = new BulkLink(browserBulk, { deflate: options.deflate });
  const make = (
    own: Partial<FileExchangeOptions> | undefined,
    control: typeof nodeControl,
    bulk: BulkLink
  ) => {
    const exchange = new FileExchange({
      bulk,
      open: async () => {
        throw new TaggedError('file-not-here', 'This file is not on this device.');
      },
      ...own
    });
    exchange.attach(new ControlLink(control, { handlers: exchange.handlers }));
    control.onClose(() => exchange.close());
    return exchange;
  };
  return {
    browserLink,
    browser: make(options.browser, browserControl, browserLink),
    node: make(options.node, nodeControl, new BulkLink(nodeBulk)),
    drop() {
      browserBulk.close();
      browserControl.close();
    }
  };
}

function served(bytes: Uint8Array, more: Partial<ServedFile> = {}): ServedFile {
  return { source: memorySource(bytes), identity: { size: bytes.byteLength, lastModified: 1 }, ...more };
}

/** Noise of 16 bits of which 8 hold something. */
function samples(count: number): Uint8Array<ArrayBuffer> {
  const low = randomFillSync(new Uint8Array(count));
  return new Uint8Array(Int16Array.from(low, (value) => value - 128).buffer);
}

async function pullWhole(exchange: FileExchange): Promise<MemoryPartialFile | undefined> {
  let partial: MemoryPartialFile | undefined;
  await exchange.pull({
    project,
    transfer: randomTransfer(),
    create: async (identity) => (partial = new MemoryPartialFile(identity))
  });
  return partial;
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

async function startDesk() {
  const desk = new BulkDesk();
  const server = createServer((request, response) => void desk.handle(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { desk, server, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe('a file over the data channel', () => {
  test.each([0, 1, mebibyte - 1, mebibyte, 3 * mebibyte + 17])('of %i bytes arrives whole', async (size) => {
    const bytes = new Uint8Array(randomBytes(size));
    const { node } = connect({ browser: { open: async () => served(bytes) } });
    let partial: MemoryPartialFile | undefined;
    const root = await node.pull({
      project,
      transfer: randomTransfer(),
      create: async (identity) => (partial = new MemoryPartialFile(identity))
    });
    expect(partial?.committed?.root).toBe(root);
    expect(Buffer.compare(Buffer.from(partial?.committed?.bytes ?? []), Buffer.from(bytes))).toBe(0);
  });

  test('goes on where a lost connection left it: at most 8 MiB of 64 are sent again', async () => {
    const bytes = randomFillSync(new Uint8Array(64 * mebibyte));
    const transfer = randomTransfer();
    const first = connect({ browser: { open: async () => served(bytes) } });
    let partial: MemoryPartialFile | undefined;
    const broken = first.node.pull({
      project,
      transfer,
      create: async (identity) => (partial = new MemoryPartialFile(identity)),
      onProgress: ({ bytesDone, bytesTotal }) => {
        if (bytesDone >= bytesTotal / 2) first.drop();
      }
    });
    await expect(broken).rejects.toMatchObject({ tag: 'connection-lost' });
    expect(partial?.have.setCount).toBeGreaterThanOrEqual(32);

    const second = connect({ browser: { open: async () => served(bytes) } });
    await second.node.pull({
      project,
      transfer,
      partial,
      create: () => Promise.reject(new Error('there is a partial file'))
    });
    const sentAgain = first.browser.bytesSent + second.browser.bytesSent - bytes.byteLength;
    expect(sentAgain).toBeLessThanOrEqual(8 * mebibyte);
    expect(hashOf(partial?.committed?.bytes)).toBe(hashOf(bytes));
  });

  test('of 16-bit samples takes about half its bytes', async () => {
    const bytes = samples(2 * mebibyte);
    const { node, browserLink } = connect({
      browser: { open: async () => served(bytes) },
      deflate: deflateByStream
    });
    const partial = await pullWhole(node);
    expect(hashOf(partial?.committed?.bytes)).toBe(hashOf(bytes));
    expect(browserLink.bytesSent).toBe(bytes.byteLength);
    expect(browserLink.wireBytesSent).toBeLessThan(0.65 * bytes.byteLength);
  });

  test('is sent as it is to a peer that does not know the encoding', async () => {
    const bytes = samples(mebibyte);
    const encodingAt = 24 + 32;
    const { node, browserLink } = connect({
      browser: { open: async () => served(bytes) },
      deflate: deflateByStream,
      alter: (message) => {
        const altered = message.slice();
        if (altered[3] === 1 && altered[encodingAt] !== 0) altered[encodingAt] = 99;
        return altered;
      }
    });
    const partial = await pullWhole(node);
    expect(hashOf(partial?.committed?.bytes)).toBe(hashOf(bytes));
    expect(browserLink.wireBytesSent).toBeGreaterThanOrEqual(bytes.byteLength);
  });

  test('stops when the file changed between two connections', async () => {
    const bytes = new Uint8Array(randomBytes(2 * mebibyte));
    const partial = new MemoryPartialFile({ size: bytes.byteLength, lastModified: 1 });
    const changed = served(bytes, { identity: { size: bytes.byteLength, lastModified: 2 } });
    const { node } = connect({ browser: { open: async () => changed } });
    const pull = node.pull({
      project,
      transfer: randomTransfer(),
      partial,
      create: () => Promise.reject(new Error())
    });
    await expect(pull).rejects.toMatchObject({ tag: 'file-changed' });
  });

  test('stops when bytes that were sent before have changed although size and date are the same', async () => {
    const before = new Uint8Array(randomBytes(2 * mebibyte));
    const after = before.slice();
    after[5] = (after[5] ?? 0) ^ 1;
    const transfer = randomTransfer();
    const first = connect({ browser: { open: async () => served(before) } });
    let partial: MemoryPartialFile | undefined;
    const broken = first.node.pull({
      project,
      transfer,
      create: async (identity) => (partial = new MemoryPartialFile(identity)),
      onProgress: () => first.drop()
    });
    await expect(broken).rejects.toMatchObject({ tag: 'connection-lost' });
    const second = connect({ browser: { open: async () => served(after) } });
    const pull = second.node.pull({ project, transfer, partial, create: () => Promise.reject(new Error()) });
    await expect(pull).rejects.toMatchObject({ tag: 'root-mismatch' });
    expect(partial?.committed).toBeUndefined();
  });

  test('says why when the other side does not have it', async () => {
    const { node } = connect({});
    const pull = node.pull({
      project,
      transfer: randomTransfer(),
      create: () => Promise.reject(new Error())
    });
    await expect(pull).rejects.toMatchObject({ tag: 'file-not-here' });
  });

  test('ends with the reason when the receiver cannot store it', async () => {
    const bytes = new Uint8Array(randomBytes(2 * mebibyte));
    const { node } = connect({ browser: { open: async () => served(bytes) } });
    const full = new TaggedError('disk-full', 'The disk is full.');
    const pull = node.pull({
      project,
      transfer: randomTransfer(),
      create: async (identity) => {
        const partial = new MemoryPartialFile(identity);
        partial.write = () => Promise.reject(full);
        return partial;
      }
    });
    await expect(pull).rejects.toMatchObject({ tag: 'disk-full' });
  });

  test('ends when the receiver cancels', async () => {
    const bytes = new Uint8Array(randomBytes(8 * mebibyte));
    const { node } = connect({ browser: { open: async () => served(bytes) } });
    const abort = new AbortController();
    const pull = node.pull({
      project,
      transfer: randomTransfer(),
      signal: abort.signal,
      create: async (identity) => new MemoryPartialFile(identity),
      onProgress: () => abort.abort(new TaggedError('aborted', 'cancelled'))
    });
    await expect(pull).rejects.toMatchObject({ tag: 'aborted' });
  });
});

describe('a file over HTTP', () => {
  test('to the node goes on after half: at most 8 MiB of 64 are sent again', async () => {
    const bytes = randomFillSync(new Uint8Array(64 * mebibyte));
    const { desk, server, baseUrl } = await startDesk();
    const transfer = randomTransfer();
    const ends = () => ({
      browser: {
        open: async () => served(bytes),
        http: { role: 'browser' as const, baseUrl }
      },
      node: { http: { role: 'node' as const, desk: desk.forConnection() } }
    });
    const first = connect(ends());
    let partial: MemoryPartialFile | undefined;
    let dropped = false;
    const broken = first.node.pull({
      project,
      transfer,
      create: async (identity) => (partial = new MemoryPartialFile(identity)),
      onProgress: ({ bytesDone, bytesTotal }) => {
        if (dropped || bytesDone < bytesTotal / 2) return;
        dropped = true;
        server.closeAllConnections();
        first.drop();
      }
    });
    await expect(broken).rejects.toMatchObject({ tag: 'connection-lost' });

    const second = connect(ends());
    await second.node.pull({ project, transfer, partial, create: () => Promise.reject(new Error()) });
    expect(hashOf(partial?.committed?.bytes)).toBe(hashOf(bytes));
    const sentAgain = first.browser.bytesSent + second.browser.bytesSent - bytes.byteLength;
    expect(second.browser.bytesSent).toBeGreaterThan(0);
    expect(sentAgain).toBeLessThanOrEqual(8 * mebibyte);
  });

  test('from the node is fetched under its ticket and verified', async () => {
    const bytes = new Uint8Array(randomBytes(3 * mebibyte + 5));
    const { desk, baseUrl } = await startDesk();
    const { browser } = connect({
      browser: { http: { role: 'browser', baseUrl } },
      node: { open: async () => served(bytes), http: { role: 'node', desk } }
    });
    let partial: MemoryPartialFile | undefined;
    await browser.pull({
      project,
      transfer: randomTransfer(),
      create: async (identity) => (partial = new MemoryPartialFile(identity))
    });
    expect(hashOf(partial?.committed?.bytes)).toBe(hashOf(bytes));
  });

  test('is refused without a token, with a wrong one and with an expired one', async () => {
    let now = 0;
    const desk = new BulkDesk(() => now);
    const server = createServer((request, response) => void desk.handle(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanups.push(() => void server.close());
    const transfer = randomTransfer();
    const { token } = desk.openGet(transfer, async () => ({
      hash: new Uint8Array(32),
      bytes: new Uint8Array(1)
    }));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/bulk/${transfer}/0`;
    const status = async (authorization?: string) =>
      (await fetch(url, authorization === undefined ? {} : { headers: { authorization } })).status;
    expect(await status()).toBe(401);
    expect(await status(`Bearer ${'A'.repeat(43)}`)).toBe(401);
    expect(await status(`Bearer ${token}`)).toBe(200);
    now = 10 * 60 * 1000 + 1;
    expect(await status(`Bearer ${token}`)).toBe(401);
  });
});

function hashOf(bytes: Uint8Array | undefined): string {
  return createHash('sha256')
    .update(bytes ?? new Uint8Array())
    .digest('hex');
}
