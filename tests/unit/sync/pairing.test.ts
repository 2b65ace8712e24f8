import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  type DtlsCertificate,
  loadDtlsCertificate
} from '../../../compute-node/platform/dtls-certificate.ts';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';
import { createDeviceKeys, type DeviceKeys, seal } from '../../../src/lib/identity/device-keys.ts';
import { fromBase64Url, toBase64Url, toHex } from '../../../src/lib/identity/encoding.ts';
import { randomBytes } from '../../../src/lib/identity/hash.ts';
import { type PairingLink } from '../../../src/lib/identity/links.ts';
import { PersonRecord } from '../../../src/lib/identity/person.ts';
import { ProjectId } from '../../../src/lib/model/ids.ts';
import { FailureGate } from '../../../src/lib/peer/failure-gate.ts';
import { pairWithNode, type PairWithNodeOptions, servePairing } from '../../../src/lib/sync/pairing.ts';
import { openDoors, type TestDoors } from '../../peers/signalling-for-tests.ts';

const folder = mkdtempSync(join(tmpdir(), 'dendro-pairing-'));
let certificate: DtlsCertificate;
let door: TestDoors;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  certificate = loadDtlsCertificate(folder);
  door = await openDoors();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});
afterAll(async () => {
  await door.close();
  closeWebRtc();
  rmSync(folder, { recursive: true });
});

function personOf(keys: DeviceKeys, name: string): PersonRecord {
  return v.parse(PersonRecord, {
    person: toHex(randomBytes(16)),
    name,
    color: 0,
    devices: [{ device: keys.device, sealingKey: keys.sealingKey, name: `${name}'s device` }]
  });
}

const projectSecret = randomBytes(32);
const project = v.parse(ProjectId, toHex(randomBytes(32)));

interface Scene {
  link: PairingLink;
  owners: PersonRecord[];
  /** How often the node was told that its grant was stored. */
  done: () => number;
  /** Options of a browser that opens the link. */
  browser: PairWithNodeOptions & { keys: DeviceKeys };
}

interface ServeOptions {
  expires?: number;
  signalling?: string;
  /** Called while the node makes up its grant. */
  granting?: () => Promise<unknown>;
}

async function serve(options: ServeOptions = {}): Promise<Scene> {
  const node = await createDeviceKeys();
  const keys = await createDeviceKeys();
  const secret = randomBytes(16);
  const expires = options.expires ?? Date.now() + 60_000;
  const owners: PersonRecord[] = [];
  let done = 0;
  const signalling = [options.signalling ?? door.signalling];
  const service = await servePairing({
    secret,
    expires,
    identity: node,
    signalling,
    rtc: nodeRtc(certificate),
    loopbackRooms: door.rooms,
    gate: new FailureGate(),
    accept: async ({ peer, person }) => {
      owners.push(person);
      await options.granting?.();
      return {
        project,
        sealedSecret: toBase64Url(await seal(v.parse(v.any(), peer.sealingKey), projectSecret)),
        epoch: 0,
        projectName: 'Demonstration',
        node: personOf(node, 'Node'),
        signalling
      };
    },
    onPaired: () => (done += 1)
  });
  cleanups.push(() => service.close());
  const link: PairingLink = {
    v: 1,
    node: node.device,
    fingerprint: certificate.fingerprint,
    signalling,
    secret: toBase64Url(secret),
    expires
  };
  const person = personOf(keys, 'Owner');
  const browser = { link, identity: keys, keys, person, rtc: nodeRtc(), store: () => Promise.resolve() };
  return { link, owners, browser, done: () => done };
}

describe('a pairing link', () => {
  test('gives its holder the project of the node, sealed to its device', async () => {
    const { browser, owners } = await serve();
    const grant = await pairWithNode(browser);
    expect(grant.project).toBe(project);
    expect(await browser.keys.unseal(fromBase64Url(grant.sealedSecret))).toEqual(projectSecret);
    expect(owners).toEqual([browser.person]);
  });

  test('works once', async () => {
    const { browser, owners } = await serve();
    await pairWithNode(browser);
    const keys = await createDeviceKeys();
    const second = { ...browser, identity: keys, person: personOf(keys, 'Second') };
    await expect(pairWithNode(second)).rejects.toMatchObject({ tag: 'pairing-used' });
    expect(owners).toHaveLength(1);
  });

  test('pairs when the connection is replaced before the node has answered on it', async () => {
    const replacement = Promise.withResolvers<undefined>();
    const { browser, owners, done } = await serve({ granting: () => replacement.promise });
    const rtc = nodeRtc();
    const sessions: ReturnType<typeof rtc>[] = [];
    const pairing = pairWithNode({
      ...browser,
      rtc: () => {
        const session = rtc();
        sessions.push(session);
        return session;
      }
    });
    await vi.waitFor(() => expect(owners).toHaveLength(1), { timeout: 10_000 });
    sessions[0]?.close();
    await vi.waitFor(() => expect(sessions.length).toBeGreaterThan(1), { timeout: 10_000 });
    replacement.resolve(undefined);
    const grant = await pairing;
    expect(await browser.keys.unseal(fromBase64Url(grant.sealedSecret))).toEqual(projectSecret);
    expect(owners).toEqual([browser.person]);
    await vi.waitFor(() => expect(done()).toBe(1));
    await expect(pairWithNode(browser)).rejects.toMatchObject({ tag: 'pairing-used' });
  });

  test('that has expired by the clock of the node is refused', async () => {
    const { browser, owners } = await serve({ expires: Date.now() - 1 });
    await expect(pairWithNode(browser)).rejects.toMatchObject({ tag: 'link-expired' });
    expect(owners).toHaveLength(0);
  });

  test('with another secret finds nobody', async () => {
    const { browser, link } = await serve();
    const wrong = { ...link, secret: toBase64Url(randomBytes(16)) };
    await expect(pairWithNode({ ...browser, link: wrong, patienceMs: 1500 })).rejects.toMatchObject({
      tag: 'pairing-no-answer'
    });
  });

  test('that names another node is refused by the browser', async () => {
    const { browser, link, owners } = await serve();
    const { device } = await createDeviceKeys();
    await expect(
      pairWithNode({ ...browser, link: { ...link, node: device }, patienceMs: 1500 })
    ).rejects.toMatchObject({ tag: 'handshake-refused' });
    expect(owners).toHaveLength(0);
  });

  test('that names another certificate is refused by the browser', async () => {
    const { browser, link, owners } = await serve();
    const fingerprint = Array.from({ length: 32 }, () => 'AB').join(':');
    await expect(
      pairWithNode({ ...browser, link: { ...link, fingerprint }, patienceMs: 1500 })
    ).rejects.toMatchObject({ tag: 'handshake-refused' });
    expect(owners).toHaveLength(0);
  });

  test('says that the signalling server does not answer', async () => {
    const { browser, link } = await serve();
    const unreachable = { ...link, signalling: ['ws://127.0.0.1:9/signal'] };
    await expect(pairWithNode({ ...browser, link: unreachable, patienceMs: 1500 })).rejects.toMatchObject({
      tag: 'signalling-unreachable'
    });
  });

  test('pairs over the loopback socket where WebRTC finds no way', async () => {
    const { browser, link } = await serve();
    const withoutSignalling = { ...link, signalling: ['ws://127.0.0.1:9/signal'] };
    const grant = await pairWithNode({ ...browser, link: withoutSignalling, loopbackUrl: door.peer });
    expect(await browser.keys.unseal(fromBase64Url(grant.sealedSecret))).toEqual(projectSecret);
  });
});
