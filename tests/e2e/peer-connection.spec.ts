/** A real page and a real node-datachannel peer: WebRTC between them, the loopback socket, pairing, large messages. */
import { expect, type Page, test } from '@playwright/test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { loadDtlsCertificate } from '../../compute-node/platform/dtls-certificate.ts';
import { resolveMulticastName } from '../../compute-node/platform/multicast-names.ts';
import { closeWebRtc, nodeRtc } from '../../compute-node/platform/webrtc.ts';
import { createDeviceKeys, seal, SealingKey } from '../../src/lib/identity/device-keys.ts';
import { toBase64Url, toHex } from '../../src/lib/identity/encoding.ts';
import { randomBytes, sha256 } from '../../src/lib/identity/hash.ts';
import { PersonRecord } from '../../src/lib/identity/person.ts';
import { ProjectId } from '../../src/lib/model/ids.ts';
import { FailureGate } from '../../src/lib/peer/failure-gate.ts';
import { servePairing } from '../../src/lib/sync/pairing.ts';
import { type PageOptions } from '../peers/peer-page.ts';
import { peerPage } from '../peers/serve-page.ts';
import { openDoors, type TestDoors } from '../peers/signalling-for-tests.ts';
import {
  append,
  connectionsReach,
  entriesArrive,
  type Session,
  startSession
} from '../peers/test-project.ts';

let door: TestDoors;
const sessions: Session[] = [];

test.beforeAll(async () => {
  door = await openDoors({ page: await peerPage() });
});
test.afterEach(async ({ page }) => {
  await page.close();
  await Promise.all(sessions.splice(0).map(({ sync }) => sync.stop()));
});
test.afterAll(async () => {
  await door.close();
  closeWebRtc();
});

async function open(page: Page): Promise<void> {
  await page.goto(`http://localhost:${door.port}/`);
  await page.waitForFunction(() => 'peerPage' in globalThis);
}

async function startNode(secret: Uint8Array): Promise<Session> {
  const { signalling, rooms: loopbackRooms } = door;
  const session = await startSession({ secret, signalling: [signalling], rtc: nodeRtc(), loopbackRooms });
  sessions.push(session);
  return session;
}

const start = (page: Page, options: PageOptions) =>
  page.evaluate((given) => globalThis.peerPage.start(given), options);

test('a page and a node exchange 4 MB of log in each direction over WebRTC', async ({ page }) => {
  const secret = randomBytes(32);
  const node = await startNode(secret);
  append(node, ...Array.from({ length: 64 }, () => randomBytes(65_536)));
  await open(page);
  const { device, writer } = await start(page, { secret: [...secret], signalling: [door.signalling] });
  await page.evaluate((author) => globalThis.peerPage.arrive(author, 64), node.identity.writer);
  await page.evaluate(() => globalThis.peerPage.append(64, 65_536));
  await entriesArrive(node.carrier, writer, 64);
  expect(node.sync.connectionTo(device)?.carrier).toBe('webrtc');
});

test('a page without a WebRTC path reaches the node of its machine by the loopback socket', async ({
  page
}) => {
  const secret = randomBytes(32);
  const node = await startNode(secret);
  await open(page);
  const { writer } = await start(page, {
    secret: [...secret],
    signalling: [],
    loopback: { url: `ws://localhost:${door.port}/peer`, device: node.identity.device }
  });
  await page.evaluate(() => globalThis.peerPage.append(64, 65_536));
  await entriesArrive(node.carrier, writer, 64);
  expect(await page.evaluate(() => globalThis.peerPage.carriers())).toEqual(['loopback']);
});

for (const carrier of ['webrtc', 'loopback'] as const)
  test(`bulk messages of 1 MiB arrive whole and in order over ${carrier}, 32 MiB each way`, async ({
    page
  }) => {
    const secret = randomBytes(32);
    const node = await startNode(secret);
    await open(page);
    const { device } = await start(page, {
      secret: [...secret],
      signalling: carrier === 'webrtc' ? [door.signalling] : [],
      ...(carrier === 'loopback' && {
        loopback: { url: `ws://localhost:${door.port}/peer`, device: node.identity.device }
      })
    });
    await connectionsReach(node, 1);
    const connection = node.sync.connectionTo(device);
    if (!connection) throw new Error('no connection');
    const [bulk, control] = [connection.channel('bulk'), connection.channel('control')];
    // Each block is its own seed over and over.
    const blocks = Array.from({ length: 32 }, () => {
      const seed = randomBytes(65_536);
      const block = new Uint8Array(1 << 20);
      for (let at = 0; at < block.length; at += seed.length) block.set(seed, at);
      return block;
    });
    const echoes: Uint8Array[] = [];
    const hashes: string[] = [];
    let mostBuffered = 0;
    const all = new Promise<void>((resolve, reject) => {
      connection.onClose((reason) => reject(new Error(`closed: ${reason?.tag}`)));
      const check = () => echoes.length === blocks.length && hashes.length === blocks.length && resolve();
      bulk.onMessage((message) => {
        echoes.push(message);
        check();
      });
      control.onMessage((message) => {
        hashes.push(toHex(message));
        check();
      });
    });
    for (const block of blocks) {
      await bulk.send(block);
      mostBuffered = Math.max(mostBuffered, bulk.bufferedAmount);
    }
    await all;
    const hashOf = async (block: Uint8Array) => toHex(await sha256(block));
    expect(hashes.toSorted()).toEqual((await Promise.all(blocks.map(hashOf))).toSorted());
    expect(await Promise.all(echoes.map(hashOf))).toEqual(await Promise.all(blocks.map(hashOf)));
    expect(mostBuffered).toBeLessThan(4.2 * 1024 * 1024);
  });

test('a page pairs with the node that its link names, by certificate too, and with no other', async ({
  page
}) => {
  const folder = mkdtempSync(join(tmpdir(), 'dendro-peer-'));
  const certificate = loadDtlsCertificate(folder);
  const node = await createDeviceKeys();
  const secret = randomBytes(16);
  const projectSecret = randomBytes(32);
  const expires = Date.now() + 60_000;
  const device = { device: node.device, sealingKey: node.sealingKey, name: 'Node' };
  const service = await servePairing({
    secret,
    expires,
    identity: node,
    signalling: [door.signalling],
    rtc: nodeRtc(certificate),
    gate: new FailureGate(),
    accept: async ({ peer }) => ({
      project: v.parse(ProjectId, toHex(randomBytes(32))),
      sealedSecret: toBase64Url(await seal(v.parse(SealingKey, peer.sealingKey), projectSecret)),
      epoch: 0,
      projectName: 'Demonstration',
      node: v.parse(PersonRecord, {
        person: toHex(randomBytes(16)),
        name: 'Node',
        color: 1,
        devices: [device]
      }),
      signalling: [door.signalling]
    })
  });
  const link = {
    v: 1 as const,
    node: node.device,
    fingerprint: certificate.fingerprint,
    signalling: [door.signalling],
    secret: toBase64Url(secret),
    expires
  };
  const pair = (given: typeof link) => page.evaluate((it) => globalThis.peerPage.pair(it), given);
  await open(page);
  const otherCertificate = Array.from({ length: 32 }, () => 'AB').join(':');
  expect(await pair({ ...link, fingerprint: otherCertificate })).toMatchObject({
    error: { tag: 'handshake-refused' }
  });
  expect(await pair(link)).toEqual({ secret: [...projectSecret] });
  expect(await pair(link)).toMatchObject({ error: { tag: 'pairing-used' } });
  await service.close();
  rmSync(folder, { recursive: true });
});

test('the node finds the address behind the name that a page hides it under', async ({ page }) => {
  await open(page);
  const name = await page.evaluate(async () => {
    const pc = new RTCPeerConnection();
    // The name is answered for as long as its connection lives.
    Object.assign(globalThis, { pc });
    const found = new Promise<string>((resolve) => {
      pc.onicecandidate = ({ candidate }) => {
        if (candidate?.address?.endsWith('.local')) resolve(candidate.address);
      };
    });
    pc.createDataChannel('x');
    await pc.setLocalDescription(await pc.createOffer());
    return found;
  });
  expect(await resolveMulticastName(name)).toBe('10.77.0.1');
  expect(await resolveMulticastName('router.local')).toBeUndefined();
});
