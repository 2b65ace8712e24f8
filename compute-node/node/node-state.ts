/** What the node knows of itself besides its keys: its person, its owners, and the projects it takes part in. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { randomBytes } from '#lib/identity/hash.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { DeviceId, PersonId, ProjectId } from '#lib/model/ids.ts';
import { writeFileWhole } from '../platform/file-source.ts';

const Owner = v.object({ person: PersonId, devices: v.array(DeviceId) });
export type Owner = v.InferOutput<typeof Owner>;

const KnownProject = v.object({
  project: ProjectId,
  /** 32 bytes, hex. */
  secret: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  epoch: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Who brought it: let in while the project's own access state has not arrived yet. */
  introducer: v.optional(DeviceId)
});
export type KnownProject = v.InferOutput<typeof KnownProject>;

const StoredState = v.object({
  v: v.literal(1),
  person: PersonId,
  owners: v.array(Owner),
  projects: v.array(KnownProject),
  /** The demonstration, once founded, whether or not it still exists. */
  demonstration: v.optional(ProjectId)
});
type StoredState = v.InferOutput<typeof StoredState>;

export class NodeState {
  readonly #path: string;
  #stored: StoredState;
  #writing: Promise<void> = Promise.resolve();

  private constructor(path: string, stored: StoredState) {
    this.#path = path;
    this.#stored = stored;
  }

  /** @throws TaggedError `node-state-invalid` when the file is damaged */
  static async load(dataFolder: string): Promise<NodeState> {
    const path = join(dataFolder, 'node.json');
    if (existsSync(path)) return new NodeState(path, parseState(path));
    const person = v.parse(PersonId, toHex(randomBytes(16)));
    const state = new NodeState(path, { v: 1, person, owners: [], projects: [] });
    await state.#change({});
    return state;
  }

  get person(): PersonId {
    return this.#stored.person;
  }

  get owners(): readonly Owner[] {
    return this.#stored.owners;
  }

  get projects(): readonly KnownProject[] {
    return this.#stored.projects;
  }

  get demonstration(): ProjectId | undefined {
    return this.#stored.demonstration;
  }

  isOwner(device: DeviceId): boolean {
    return this.#stored.owners.some(({ devices }) => devices.includes(device));
  }

  addOwner(owner: Owner): Promise<void> {
    const others = this.#stored.owners.filter(({ person }) => person !== owner.person);
    return this.#change({ owners: [...others, owner] });
  }

  addProject(known: KnownProject, demonstration = false): Promise<void> {
    const others = this.#stored.projects.filter(({ project }) => project !== known.project);
    return this.#change({
      projects: [...others, known],
      ...(demonstration && { demonstration: known.project })
    });
  }

  removeProject(id: ProjectId): Promise<void> {
    return this.#change({ projects: this.#stored.projects.filter(({ project }) => project !== id) });
  }

  #change(changes: Partial<StoredState>): Promise<void> {
    this.#stored = { ...this.#stored, ...changes };
    const bytes = new TextEncoder().encode(JSON.stringify(this.#stored));
    this.#writing = this.#writing.catch(() => {}).then(() => writeFileWhole(this.#path, bytes, 0o600));
    return this.#writing;
  }
}

function parseState(path: string): StoredState {
  try {
    return v.parse(StoredState, JSON.parse(readFileSync(path, 'utf8')));
  } catch (cause) {
    const message = `${path} is damaged: restore it from a backup, or start with another data folder (--data)`;
    throw new TaggedError('node-state-invalid', message, { path }, { cause });
  }
}
