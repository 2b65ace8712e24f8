/**
 * Compute nodes that this device is paired with: who they are (kept), whether they are reached, and what they last said
 * of themselves.
 */
import { NodeInfo, type RequestBody } from '#lib/compute/protocol.ts';
import { seal, SealingKey } from '#lib/identity/device-keys.ts';
import { toBase64Url } from '#lib/identity/encoding.ts';
import { type PersonRecord } from '#lib/identity/person.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { DeviceId, PersonId, type ProjectId } from '#lib/model/ids.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import { watchQuery } from '#lib/storage/watch-query.ts';
import { SvelteMap } from 'svelte/reactivity';
import * as v from 'valibot';
import { type NodeLink } from './project-connection.svelte.ts';
import { type ReachedNode } from './tab-messages.ts';

/** What is kept of a paired node. */
export const NodeRecord = v.object({
  id: DeviceId,
  person: PersonId,
  name: v.string(),
  sealingKey: SealingKey,
  signalling: v.array(v.string()),
  pairedAt: v.number(),
  info: v.optional(NodeInfo)
});
export type NodeRecord = v.InferOutput<typeof NodeRecord>;

export interface NodeItem {
  device: DeviceId;
  name: string;
  reachable: boolean;
  /** What it said last. */
  info: NodeInfo | undefined;
  /** "Connected, idle", "Not reachable". */
  statusText: string;
  connectionText: string;
}

export type Pairing =
  { state: 'idle' } | { state: 'pairing'; step: string } | { state: 'failed'; error: unknown };

export interface PairingOutcome {
  node: DeviceId;
  /** The project that the node handed over. */
  project: ProjectId;
}

/** A node that a project reached, over a connection of this tab (then with its link) or of another one. */
interface Reach extends Omit<ReachedNode, 'device'> {
  owner: object;
  link: NodeLink | undefined;
}

/** How deep, and through how many entries, shared folders are searched for a file. */
const searchLimits = { depth: 6, entries: 5000 };

export class NodeBook {
  #database: DendroDatabase | undefined;
  #records = $state.raw<readonly NodeRecord[]>([]);
  /** By device, of all open projects: a node may be met in several. */
  #reached = new SvelteMap<DeviceId, readonly Reach[]>();
  #pairing = $state.raw<Pairing>({ state: 'idle' });

  async load(database: DendroDatabase): Promise<void> {
    this.#database = database;
    this.#records = await readNodes(database);
  }

  /** Follows what other tabs pair with. @param onChange after each change, also of this tab */
  follow(database: DendroDatabase, onChange: () => void): () => void {
    return watchQuery(
      () => readNodes(database),
      (records) => {
        this.#records = records;
        onChange();
      }
    );
  }

  get all(): NodeItem[] {
    return this.#records.map((record) => this.#item(record));
  }
  get records(): readonly NodeRecord[] {
    return this.#records;
  }
  get pairing(): Pairing {
    return this.#pairing;
  }
  setPairing(pairing: Pairing): void {
    this.#pairing = pairing;
  }

  nameOf(device: DeviceId | undefined): string | undefined {
    return this.#records.find(({ id }) => id === device)?.name;
  }
  infoOf(device: DeviceId): NodeInfo | undefined {
    return this.#reach(device)?.info ?? this.#records.find(({ id }) => id === device)?.info;
  }
  isReachable(device: DeviceId): boolean {
    return this.#reached.has(device);
  }
  linkTo(device: DeviceId): NodeLink | undefined {
    return this.#reached.get(device)?.findLast(({ link }) => link)?.link;
  }

  /** The node as a person of a project. @throws TaggedError `node-unknown` */
  personOf(device: DeviceId): PersonRecord {
    const { person, name, sealingKey } = this.#record(device);
    return { person, name, color: 0, devices: [{ device, sealingKey, name }] };
  }

  /** A project's secret, sealed for the node. @throws TaggedError `node-unknown` */
  async sealedOffer(
    device: DeviceId,
    project: { id: ProjectId; secret: Uint8Array }
  ): Promise<RequestBody<'offer-project'>> {
    const sealed = await seal(this.#record(device).sealingKey, project.secret);
    return { project: project.id, epoch: 0, sealedSecret: toBase64Url(sealed) };
  }

  /** A project reached a node, or lost it (no link given). */
  async setLink(owner: object, device: DeviceId, link: NodeLink | undefined): Promise<void> {
    const { connection, info } = link ?? {};
    this.#setReach(owner, device, connection && { owner, carrier: connection.carrier, info, link });
    const record = this.#records.find(({ id }) => id === device);
    if (record && link?.info) await this.add({ ...record, name: link.info.name, info: link.info });
  }

  /** The nodes that a project reached over connections of another tab. */
  setSeen(owner: object, nodes: readonly ReachedNode[]): void {
    for (const [device, reaches] of this.#reached)
      if (reaches.some((reach) => reach.owner === owner && !reach.link))
        this.#setReach(owner, device, undefined);
    for (const { device, carrier, info } of nodes)
      this.#setReach(owner, device, { owner, carrier, info, link: undefined });
  }

  async add(record: NodeRecord): Promise<void> {
    const { info, ...rest } = record;
    // Plain data: the database clones it.
    await this.#database?.nodes.put({
      ...rest,
      processors: info?.processors ?? [],
      ...(info && { info, lastSeen: Date.now() })
    });
    this.#records = [...this.#records.filter(({ id }) => id !== record.id), record];
  }

  /** Places of a file in the folders that a node shares, by name and size. */
  async findShared(
    link: NodeLink,
    wanted: { name: string; size: number }
  ): Promise<{ share: string; path: string }[]> {
    const found: { share: string; path: string }[] = [];
    let seen = 0;
    for (const { name: share } of link.info?.shares ?? []) {
      let level = [''];
      for (let depth = 0; depth < searchLimits.depth && level.length > 0; depth++) {
        const next: string[] = [];
        for (const folder of level) {
          if (seen >= searchLimits.entries) return found;
          const entries = await link.client.listShare(share, folder);
          seen += entries.length;
          for (const entry of entries) {
            const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
            if (entry.kind === 'folder') next.push(path);
            else if (entry.name === wanted.name && entry.size === wanted.size) found.push({ share, path });
          }
        }
        level = next;
      }
    }
    return found;
  }

  #reach(device: DeviceId): Reach | undefined {
    const reaches = this.#reached.get(device);
    return reaches?.findLast(({ info }) => info) ?? reaches?.at(-1);
  }

  #setReach(owner: object, device: DeviceId, reach: Reach | undefined): void {
    const others = (this.#reached.get(device) ?? []).filter((known) => known.owner !== owner);
    if (reach) this.#reached.set(device, [...others, reach]);
    else if (others.length > 0) this.#reached.set(device, others);
    else this.#reached.delete(device);
  }

  #record(device: DeviceId): NodeRecord {
    const record = this.#records.find(({ id }) => id === device);
    if (!record) throw new TaggedError('node-unknown', 'this device is not paired with that node');
    return record;
  }

  #item(record: NodeRecord): NodeItem {
    const reach = this.#reach(record.id);
    const info = reach?.info ?? record.info;
    const carrier = reach && (reach.carrier === 'loopback' ? 'local socket' : 'WebRTC data channel');
    return {
      device: record.id,
      name: info?.name ?? record.name,
      reachable: reach !== undefined,
      info,
      statusText: reach ? `Connected, ${info?.state === 'busy' ? 'working' : 'idle'}` : 'Not reachable',
      connectionText: carrier ? `Connected by ${carrier}` : 'Not connected; it is tried again by itself'
    };
  }
}

async function readNodes(database: DendroDatabase): Promise<NodeRecord[]> {
  const rows = await database.nodes.orderBy('pairedAt').toArray();
  return rows.flatMap((row) => {
    const parsed = v.safeParse(NodeRecord, row);
    return parsed.success ? [parsed.output] : [];
  });
}
