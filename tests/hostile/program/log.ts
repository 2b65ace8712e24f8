/** A writer's log, written by hand: any header may be wrong, any body sent, and one session may go on in two ways. */
import { randomBytes } from 'node:crypto';
import * as Y from 'yjs';
import { canonical, fields, number64, readFields, sha256 } from './fields.ts';
import { type Device } from './keys.ts';

export type Kind = 'access' | 'fact' | 'edit';

export interface Header {
  project: string;
  epoch: number;
  writer: number;
  nonce: string;
  seq: number;
  device: string;
  prev: string;
  access: string[];
  lamport: number;
  kind: Kind;
}

export interface WrittenEntry {
  bytes: Buffer;
  hash: string;
}

/** The first 53 bits of SHA-256(project ‖ device ‖ nonce). */
export function writerOf(project: string, device: string, nonce: string): number {
  const digest = sha256(...[project, device, nonce].map((hex) => Buffer.from(hex, 'hex')));
  return digest.readUIntBE(0, 6) * 32 + ((digest[6] ?? 0) >> 3);
}

export class HostileLog {
  readonly carrier = new Y.Doc({ gc: false });
  readonly device: Device;
  readonly project: string;
  readonly nonce: string;
  seq = 0;
  prev = '';
  lamport = 1000;
  /** Hashes of the access entries that it claims to know. */
  access: string[] = [];

  constructor(device: Device, project: string, nonce = randomBytes(16).toString('hex')) {
    this.device = device;
    this.project = project;
    this.nonce = nonce;
  }

  get writer(): number {
    return writerOf(this.project, this.device.id, this.nonce);
  }

  /** Signs an entry; the log goes on from it. */
  sign(kind: Kind, body: object | Uint8Array, changes: Partial<Header> = {}): WrittenEntry {
    const { project, writer, nonce, seq, prev, access } = this;
    const own: Header = {
      ...{ project, epoch: 0, writer, nonce, seq, device: this.device.id, prev, access },
      ...{ lamport: this.lamport++, kind }
    };
    const header = { ...own, ...changes };
    const content = body instanceof Uint8Array ? body : Buffer.from(canonical(body));
    const signed = fields('dendro/entry/1', ...headerFields(header), sha256(content));
    const entry = {
      bytes: fields(...headerFields(header), content, this.device.sign(signed)),
      hash: sha256(signed).toString('hex')
    };
    this.seq++;
    this.prev = entry.hash;
    return entry;
  }

  /** Puts an entry at the end of its own log, or of another writer's. */
  append(entry: WrittenEntry, writer = this.writer): void {
    this.carrier.clientID = writer;
    this.carrier.getArray(`log:${writer}`).push([new Uint8Array(entry.bytes)]);
  }

  write(kind: Kind, body: object | Uint8Array, changes: Partial<Header> = {}): WrittenEntry {
    const entry = this.sign(kind, body, changes);
    this.append(entry);
    return entry;
  }

  /** The same session, to go on in another way. */
  clone(): HostileLog {
    const copy = new HostileLog(this.device, this.project, this.nonce);
    Y.applyUpdate(copy.carrier, this.update());
    const { seq, prev, lamport, access } = this;
    return Object.assign(copy, { seq, prev, lamport, access });
  }

  update(since?: HostileLog): Uint8Array {
    return Y.encodeStateAsUpdate(this.carrier, since && Y.encodeStateVector(since.carrier));
  }
}

/** What can be told of an entry that others wrote: its header fields, by place. */
export function readEntry(bytes: Uint8Array): { header: Header; body: Buffer; hash: string } {
  const parts = readFields(bytes);
  const part = (at: number) => parts[at] ?? Buffer.alloc(0);
  const int = (at: number) => Number(part(at).readBigUInt64BE());
  const header: Header = {
    ...{ project: part(1).toString('hex'), epoch: int(2), writer: int(3), nonce: part(4).toString('hex') },
    ...{ seq: int(5), device: part(6).toString('hex'), prev: part(7).toString('hex') },
    access: part(8).toString('hex').match(/.{64}/g) ?? [],
    ...{ lamport: int(9), kind: part(10).toString() as Kind }
  };
  const signed = fields('dendro/entry/1', ...headerFields(header), sha256(part(11)));
  return { header, body: part(11), hash: sha256(signed).toString('hex') };
}

function headerFields(header: Header): Uint8Array[] {
  const bytes = (hex: string) => Buffer.from(hex, 'hex');
  return [
    ...[number64(1), bytes(header.project), number64(header.epoch), number64(header.writer)],
    ...[bytes(header.nonce), number64(header.seq), bytes(header.device), bytes(header.prev)],
    ...[bytes(header.access.join('')), number64(header.lamport), Buffer.from(header.kind)]
  ];
}

/** The facts that a member may write. */
export const fileFact = (name: string) => ({
  ...{ type: 'file', at: Date.now(), file: randomBytes(16).toString('hex') },
  ...{ name, size: 1 }
});
