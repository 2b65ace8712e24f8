/**
 * The browser's database: one Dexie database per origin. Rows are parsed when they are read, as they may be older than
 * the code, or another tab's.
 */
import { Dexie, type EntityTable } from 'dexie';
import yDexie from 'y-dexie';
import { type Doc } from 'yjs';
import { type DeviceKeyPairs, type SealingKey } from '../identity/device-keys.ts';
import { type DeviceId, type FileId, type PersonId, type ProjectId } from '../model/ids.ts';
import { type ProcessorSpec } from '../model/processor.ts';

/** Who uses this browser, and this device's keys (non-extractable). One row, id `self`. */
export interface IdentityRow {
  id: 'self';
  person: PersonId;
  name: string;
  color: number;
  deviceName: string;
  keys: DeviceKeyPairs;
}

/** A project on this device, with its secret and where its members meet. */
export interface ProjectRow {
  id: ProjectId;
  /** The last known name, for lists that do not open the document. */
  name: string;
  openedAt: number;
  secret: Uint8Array;
  signalling: string[];
  /** Devices that may be met before the record has arrived: those by which this device came to the project. */
  introducers?: DeviceId[];
  /** Joined by a link: any peer of its room may bring the record. */
  byInvitation?: boolean;
  /** Came from a file: its secret is not the one by which the other members meet. */
  imported?: boolean | undefined;
  carrier: Doc;
}

/** A node this browser is paired with. */
export interface NodeRow {
  /** The node's device. */
  id: DeviceId;
  /** The node as a person of projects, and to whom secrets are sealed. */
  person: PersonId;
  sealingKey: SealingKey;
  name: string;
  signalling: string[];
  /** Where the node serves the app itself, for HTTP transfers and the loopback carrier. */
  origin?: string;
  pairedAt: number;
  lastSeen?: number;
  /** What it said it can run. */
  processors: ProcessorSpec[];
  /** All that it said of itself (compute/protocol.ts); parsed by who reads it. */
  info?: unknown;
}

/** A recording that was opened, so that it can be found again. */
export interface RecordingRow {
  /** A project file's id, or a random one for a recording without a project. */
  id: FileId;
  name: string;
  size: number;
  lastModified: number;
  spotHash?: string;
  handle?: FileSystemFileHandle;
  openedAt: number;
  project?: ProjectId;
  /** How it was opened: JSON of RecordingSelection and Probe. */
  selection?: string;
  probe?: string;
}

/** A verified file in OPFS, named by its content root. */
export interface BlobRow {
  root: string;
  size: number;
  name: string;
  /** Caches may go first; results only when another copy is known. */
  kind: 'result' | 'cache';
  usedAt: number;
}

export interface SettingRow {
  key: string;
  value: unknown;
}

export type DendroDatabase = Dexie & {
  identity: EntityTable<IdentityRow, 'id'>;
  projects: EntityTable<ProjectRow, 'id'>;
  nodes: EntityTable<NodeRow, 'id'>;
  recordings: EntityTable<RecordingRow, 'id'>;
  blobs: EntityTable<BlobRow, 'root'>;
  settings: EntityTable<SettingRow, 'key'>;
};

export function openDatabase(name = 'dendro'): DendroDatabase {
  const database = new Dexie(name, { addons: [yDexie] }) as DendroDatabase;
  database.version(1).stores({
    identity: 'id',
    projects: 'id, openedAt, carrier: Y.Doc',
    nodes: 'id, pairedAt',
    recordings: 'id, openedAt, project',
    blobs: 'root, usedAt',
    settings: 'key'
  });
  return database;
}
