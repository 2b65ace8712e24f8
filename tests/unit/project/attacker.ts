/** A member's device in the hands of a program that writes what it likes. */
import * as Y from 'yjs';
import { type DeviceKeys } from '#lib/identity/device-keys.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type ProjectId, type WriterId } from '#lib/model/ids.ts';
import { type AccessBody, encodeBody, type FactBody } from '#lib/project/bodies.ts';
import { appendToCarrier, readLog } from '#lib/project/carrier.ts';
import { decodeEntry, deriveWriter, encodeEntry, type EntryHeader } from '#lib/project/entry.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { foundProject, participant } from './replicas.ts';

export class Attacker {
  readonly carrier = new Y.Doc({ gc: false });
  seq = 0;
  prev = '';
  lamport = 1000;
  readonly #keys: DeviceKeys;
  readonly #project: ProjectId;
  readonly #nonce: Uint8Array;

  constructor(keys: DeviceKeys, project: ProjectId, nonce: Uint8Array = randomBytes(16)) {
    this.#nonce = nonce;
    this.#keys = keys;
    this.#project = project;
  }

  writer(): Promise<WriterId> {
    return deriveWriter(this.#project, this.#keys.device, this.#nonce);
  }

  async entry(body: FactBody | AccessBody, changes: Partial<EntryHeader> = {}): Promise<Uint8Array> {
    return this.#sign({ ...(await this.#header()), ...changes }, encodeBody(body));
  }

  async writeEdit(update: Uint8Array): Promise<void> {
    const header = { ...(await this.#header()), kind: 'edit' as const };
    await this.append(await this.#sign(header, update));
  }

  async #header(): Promise<EntryHeader> {
    return {
      project: this.#project,
      epoch: 0,
      writer: await this.writer(),
      nonce: toHex(this.#nonce),
      seq: this.seq,
      device: this.#keys.device,
      prev: this.prev,
      access: [],
      lamport: this.lamport++,
      kind: 'fact'
    };
  }

  async #sign(header: EntryHeader, body: Uint8Array): Promise<Uint8Array> {
    const bytes = await encodeEntry(header, body, (message) => this.#keys.sign(message));
    this.seq++;
    this.prev = (await decodeEntry(bytes)).hash;
    return bytes;
  }

  async append(bytes: Uint8Array, writer?: WriterId): Promise<void> {
    appendToCarrier(this.carrier, writer ?? (await this.writer()), bytes);
  }

  /** The same session with the same history so far, to go on differently. */
  clone(): Attacker {
    const copy = new Attacker(this.#keys, this.#project, this.#nonce);
    Y.applyUpdate(copy.carrier, this.update());
    return Object.assign(copy, { seq: this.seq, prev: this.prev, lamport: this.lamport });
  }

  async write(body: FactBody | AccessBody, changes: Partial<EntryHeader> = {}): Promise<void> {
    await this.append(await this.entry(body, changes));
  }

  update(): Uint8Array {
    return Y.encodeStateAsUpdate(this.carrier);
  }
}

export const file = (name: string): FactBody => ({
  type: 'file',
  at: 0,
  file: toHex(randomBytes(16)) as never,
  name,
  size: 1
});

/** Anna's project with one file, in which Mallory is an admin. */
export async function scene() {
  const [anna, mallory] = [await participant('Anna'), await participant('Mallory')];
  const project = await foundProject(anna);
  await project.membership.admit(mallory.person, 'admin');
  await project.addFile({ name: 'honest', size: 1 });
  const attacker = new Attacker(mallory.keys, project.id);
  return { anna, mallory, project, attacker };
}

/** Hashes of the access entries of this session. */
export async function accessEntries({ carrier, writer }: ProjectDocument): Promise<string[]> {
  const entries = await Promise.all(readLog(carrier, writer, 0).map(decodeEntry));
  return entries.filter(({ kind }) => kind === 'access').map(({ hash }) => hash);
}
