/** A member of a node's projects without a browser: pairs by link, syncs, and speaks the job protocol, over loopback. */
import { nodeRtc } from '../../compute-node/platform/webrtc.ts';
import { ComputeClient, type ComputeClientOptions } from '../../src/lib/compute/compute-client.ts';
import { createDeviceKeys, type DeviceKeys } from '../../src/lib/identity/device-keys.ts';
import { fromBase64Url, toHex } from '../../src/lib/identity/encoding.ts';
import { randomBytes } from '../../src/lib/identity/hash.ts';
import { parsePairingLink } from '../../src/lib/identity/links.ts';
import { type PersonRecord } from '../../src/lib/identity/person.ts';
import { type DeviceId, type PersonId, type ProjectId } from '../../src/lib/model/ids.ts';
import { type PeerConnection } from '../../src/lib/peer/peer-connection.ts';
import { unstoredPersistence } from '../../src/lib/project/persistence.ts';
import { ProjectDocument } from '../../src/lib/project/project-document.ts';
import { pairWithNode } from '../../src/lib/sync/pairing.ts';
import { type PairingGrant } from '../../src/lib/sync/pairing-protocol.ts';
import { ProjectSync } from '../../src/lib/sync/project-sync.ts';

// Whichever carrier connects first is used: WebRTC where there is a network interface, else the loopback socket.
const rtc = nodeRtc();

export interface Owner {
  keys: DeviceKeys;
  person: PersonRecord;
}

export async function makeOwner(): Promise<Owner> {
  const keys = await createDeviceKeys();
  const { device, sealingKey } = keys;
  const person = toHex(randomBytes(16)) as PersonId;
  return { keys, person: { person, name: 'Ada', color: 0, devices: [{ device, sealingKey, name: 'test' }] } };
}

export function pair(owner: Owner, link: string, patienceMs = 10_000): Promise<PairingGrant> {
  const parsed = parsePairingLink(link);
  const { device, sealingKey } = owner.keys;
  return pairWithNode({
    link: parsed,
    person: owner.person,
    identity: { device, sealingKey, sign: (bytes) => owner.keys.sign(bytes) },
    rtc,
    loopbackUrl: loopbackOf(link),
    store: async () => {},
    patienceMs
  });
}

function loopbackOf(link: string): string {
  return `${new URL(link).origin.replace(/^http/, 'ws')}/peer`;
}

export interface Member {
  document: ProjectDocument;
  connection: PeerConnection;
  client: ComputeClient;
  node: DeviceId;
  /** How many sessions of others are met now. */
  met(): number;
  close(): Promise<void>;
}

export interface JoinOptions extends Omit<ComputeClientOptions, 'control' | 'bulk'> {
  owner: Owner;
  project: ProjectId;
  secret: Uint8Array;
  node: DeviceId;
  origin: string;
  document?: ProjectDocument;
  /** Where others are met besides the node's loopback door. */
  signalling?: string[];
}

export async function secretOf(owner: Owner, grant: PairingGrant): Promise<Uint8Array> {
  return owner.keys.unseal(fromBase64Url(grant.sealedSecret));
}

/** Syncs a project with the node. */
export async function join(options: JoinOptions): Promise<Member> {
  const { owner, project, secret, node, origin, signalling = [], ...client } = options;
  const { keys } = owner;
  const document =
    options.document ?? (await ProjectDocument.open({ id: project, keys, persistence: unstoredPersistence }));
  const sync = await ProjectSync.start({
    secret,
    epoch: 0,
    carrier: document.carrier,
    admit: (update, from) => document.admit(update, from),
    identity: { ...keys, device: keys.device, writer: document.writer, sign: (bytes) => keys.sign(bytes) },
    admits: ({ device }) => device === node || document.roleOfDevice(device) !== undefined,
    signalling,
    rtc,
    loopback: { url: `${origin.replace(/^http/, 'ws')}/peer`, device: node }
  });
  const connection = await new Promise<PeerConnection>((resolve) => sync.onConnection(resolve));
  return {
    document,
    connection,
    client: ComputeClient.over(connection, client),
    node,
    met: () => new Set(sync.connections.map(({ device, writer }) => `${device} ${writer}`)).size,
    close: () => sync.stop()
  };
}

/** Resolves once the document is as asked. */
export function until<T>(document: ProjectDocument, look: () => T | undefined | false): Promise<T> {
  return new Promise((resolve) => {
    const check = () => {
      const found = look();
      if (found === undefined || found === false) return;
      stop();
      resolve(found);
    };
    const stop = document.onChange(check);
    check();
  });
}
