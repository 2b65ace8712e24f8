/** The sync layer alone in a page, driven by the peer tests: bundled by serve-page.ts, no app around it. */
import * as v from 'valibot';
import { Doc } from 'yjs';
import { createDeviceKeys, type DeviceKeys } from '../../src/lib/identity/device-keys.ts';
import { fromBase64Url, toHex } from '../../src/lib/identity/encoding.ts';
import { randomBytes, sha256 } from '../../src/lib/identity/hash.ts';
import { type PairingLink } from '../../src/lib/identity/links.ts';
import { PersonRecord } from '../../src/lib/identity/person.ts';
import { toErrorRecord } from '../../src/lib/model/errors.ts';
import { type DeviceId, WriterId } from '../../src/lib/model/ids.ts';
import { browserRtc } from '../../src/lib/peer/browser-rtc.ts';
import { pairWithNode } from '../../src/lib/sync/pairing.ts';
import { ProjectSync } from '../../src/lib/sync/project-sync.ts';

export interface PageOptions {
  readonly secret: number[];
  readonly signalling: string[];
  readonly loopback?: { url: string; device: DeviceId };
}

const carrier = new Doc();
let keys: DeviceKeys | undefined;
let writer: WriterId | undefined;
let sync: ProjectSync | undefined;
let made = 0;

const page = {
  async start(options: PageOptions) {
    keys ??= await createDeviceKeys();
    writer ??= v.parse(WriterId, crypto.getRandomValues(new Uint32Array(1))[0]);
    carrier.clientID = writer;
    sync = await ProjectSync.start({
      ...options,
      secret: new Uint8Array(options.secret),
      epoch: 0,
      carrier,
      identity: { ...keys, writer, sign: keys.sign },
      admit: () => true,
      admits: () => true,
      rtc: browserRtc()
    });
    sync.onConnection((connection) => {
      made += 1;
      const bulk = connection.channel('bulk');
      // Answers with what it got, and its hash on control.
      bulk.onMessage((message) => {
        void bulk.send(message);
        void sha256(message).then((hash) => connection.channel('control').send(hash));
      });
    });
    return { device: keys.device, writer };
  },
  status: () => sync?.status,
  carriers: () => sync?.connections.map((connection) => connection.carrier) ?? [],
  stop: () => sync?.stop(),
  /** Connections ever made. */
  made: () => made,
  closeAll: () => sync?.connections.forEach((connection) => connection.close()),
  /** Resolves when so many were ever made and so many are open. */
  reach: (total: number, open: number) =>
    new Promise<void>((resolve) => {
      // A connection that takes an older one's place does not change the status.
      const check = () => {
        if (made >= total && sync?.connections.length === open) resolve();
      };
      sync?.onStatus(check);
      sync?.onConnection(() => queueMicrotask(check));
    }),
  append(count: number, length: number) {
    const log = carrier.getArray(`log:${writer}`);
    carrier.transact(() => {
      for (let i = 0; i < count; i++) log.push([new Uint8Array(length).fill(i)]);
    });
  },
  /** Resolves when the log has so many entries. */
  arrive: (author: number, count: number) =>
    new Promise<void>((resolve) => {
      const log = carrier.getArray(`log:${author}`);
      const check = () => log.length >= count && resolve();
      log.observe(check);
      check();
    }),
  async pair(link: PairingLink, loopbackUrl?: string) {
    const own = await createDeviceKeys();
    const person = v.parse(PersonRecord, {
      person: toHex(randomBytes(16)),
      name: 'Owner',
      color: 0,
      devices: [{ device: own.device, sealingKey: own.sealingKey, name: 'Page' }]
    });
    try {
      const store = () => Promise.resolve();
      const patienceMs = 5000;
      const grant = await pairWithNode({
        link,
        identity: own,
        person,
        rtc: browserRtc(),
        store,
        loopbackUrl,
        patienceMs
      });
      return { secret: [...(await own.unseal(fromBase64Url(grant.sealedSecret)))] };
    } catch (error) {
      return { error: toErrorRecord(error) };
    }
  }
};

export type PeerPage = typeof page;
declare global {
  var peerPage: PeerPage;
}
globalThis.peerPage = page;
