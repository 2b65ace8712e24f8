/** Sessions of devices that share a project secret, each with a carrier of its own, for tests of the sync layer. */
import { Doc } from 'yjs';
import { createDeviceKeys } from '../../src/lib/identity/device-keys.ts';
import { type WriterId } from '../../src/lib/model/ids.ts';
import { type PeerIdentity } from '../../src/lib/peer/peer-identity.ts';
import { ProjectSync, type ProjectSyncOptions } from '../../src/lib/sync/project-sync.ts';

export async function createIdentity(): Promise<PeerIdentity> {
  const { device, sealingKey, sign } = await createDeviceKeys();
  const writer = crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  return { device, sealingKey, sign, writer: (writer + 1) as WriterId };
}

export interface Session {
  readonly identity: PeerIdentity;
  readonly carrier: Doc;
  readonly sync: ProjectSync;
}

export type SessionOptions = Pick<ProjectSyncOptions, 'secret' | 'signalling' | 'rtc'> &
  Partial<ProjectSyncOptions>;

export async function startSession(options: SessionOptions): Promise<Session> {
  const identity = options.identity ?? (await createIdentity());
  const carrier = options.carrier ?? new Doc();
  const sync = await ProjectSync.start({
    epoch: 0,
    admit: () => true,
    admits: () => true,
    ...options,
    carrier,
    identity
  });
  return { identity, carrier, sync };
}

/** Appends entries to this session's own log, as the project document does. */
export function append({ carrier, identity }: Session, ...entries: Uint8Array[]): void {
  carrier.getArray(`log:${identity.writer}`).push(entries);
}

/** Resolves when the log of `writer` in this carrier has `count` entries. */
export function entriesArrive(carrier: Doc, writer: number, count: number): Promise<void> {
  return new Promise((resolve) => {
    const log = carrier.getArray(`log:${writer}`);
    const check = () => {
      if (log.length < count) return;
      log.unobserve(check);
      resolve();
    };
    log.observe(check);
    check();
  });
}

/** Resolves when this session has `count` connections. */
export function connectionsReach({ sync }: Session, count: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = sync.onStatus(() => {
      if (sync.connections.length !== count) return;
      resolve();
      // The listener may be called before `stop` exists.
      queueMicrotask(() => stop());
    });
  });
}
