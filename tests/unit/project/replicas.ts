/** Replicas of one project in one process, joined by hand, so that a test decides what arrives where and when. */
import * as v from 'valibot';
import * as Y from 'yjs';
import { createDeviceKeys, type DeviceKeys } from '#lib/identity/device-keys.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { type PersonRecord, type Role } from '#lib/identity/person.ts';
import { PersonId, type ProjectId } from '#lib/model/ids.ts';
import { type JobDefinition } from '#lib/model/processor.ts';
import { rowPersistence, type UpdateRows } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';

export function memoryRows(): UpdateRows {
  const rows = new Map<ProjectId, Uint8Array[]>();
  return {
    load: (project) => Promise.resolve([...(rows.get(project) ?? [])]),
    append: (project, update) => {
      rows.set(project, [...(rows.get(project) ?? []), update]);
      return Promise.resolve();
    },
    replace: (project, update) => {
      rows.set(project, [update]);
      return Promise.resolve();
    },
    list: () => Promise.resolve([...rows.keys()]),
    remove: (project) => {
      rows.delete(project);
      return Promise.resolve();
    }
  };
}

export interface Participant {
  keys: DeviceKeys;
  person: PersonRecord;
}

export async function participant(name: string): Promise<Participant> {
  const keys = await createDeviceKeys();
  const person = v.parse(PersonId, toHex(randomBytes(16)));
  const device = { device: keys.device, sealingKey: keys.sealingKey, name: `${name}'s laptop` };
  return { keys, person: { person, name, color: 0, devices: [device] } };
}

export function foundProject({ keys, person }: Participant, rows = memoryRows()): Promise<ProjectDocument> {
  return ProjectDocument.found({ keys, person, name: 'CA1', persistence: rowPersistence(rows) });
}

export function openProject(
  id: ProjectId,
  { keys }: Participant,
  rows = memoryRows()
): Promise<ProjectDocument> {
  return ProjectDocument.open({ id, keys, persistence: rowPersistence(rows) });
}

/** The founder's replica and those of two whom the founder admitted, in step. */
export async function threeReplicas(...roles: [Role, Role]): Promise<{
  people: [Participant, Participant, Participant];
  replicas: [ProjectDocument, ProjectDocument, ProjectDocument];
}> {
  const people: [Participant, Participant, Participant] = [
    await participant('Anna'),
    await participant('Ben'),
    await participant('Cleo')
  ];
  const first = await foundProject(people[0]);
  await first.membership.admit(people[1].person, roles[0]);
  await first.membership.admit(people[2].person, roles[1]);
  const replicas: [ProjectDocument, ProjectDocument, ProjectDocument] = [
    first,
    await openProject(first.id, people[1]),
    await openProject(first.id, people[2])
  ];
  await syncAll(...replicas);
  return { people, replicas };
}

/** How many scripts a property is tried with; DENDRO_PROPERTY_RUNS asks for more than the suite has time for. */
export function propertyRuns(usual: number): number {
  return Number(process.env.DENDRO_PROPERTY_RUNS ?? usual);
}

/** However many that are. */
export const propertyTimeoutMs = 600_000;

/** Hands over what `to` lacks, through its admission. @returns whether it was admitted whole */
export async function deliver(from: ProjectDocument, to: ProjectDocument): Promise<boolean> {
  await from.flush();
  const update = Y.encodeStateAsUpdate(from.carrier, Y.encodeStateVector(to.carrier));
  return deliverUpdate(update, from, to);
}

export async function deliverUpdate(
  update: Uint8Array,
  from: ProjectDocument,
  to: ProjectDocument
): Promise<boolean> {
  const admitted = await to.admit(update, { device: from.device });
  if (admitted !== false)
    Y.applyUpdate(to.carrier, admitted instanceof Uint8Array ? admitted : update, 'peer');
  await to.flush();
  return admitted === true;
}

export async function syncAll(...documents: ProjectDocument[]): Promise<void> {
  for (const from of documents) for (const to of documents) if (from !== to) await deliver(from, to);
}

/** What two replicas must agree on. */
export function folded(document: ProjectDocument): unknown {
  const { state, view } = document;
  const subjects = ['project' as const, ...state.files.map(({ file }) => `file ${file}` as const)];
  return {
    state,
    names: subjects.map((subject) => view.nameOf(subject)),
    notes: subjects.map((subject) => view.notesOf(subject).toString())
  };
}

export function sortDefinition(input: JobDefinition['inputs'][number]['file']): JobDefinition {
  return {
    app: 'dendro',
    processor: 'sort',
    version: '1',
    inputs: [{ name: 'recording', file: input }],
    outputs: [{ name: 'sorting', file: toHex(randomBytes(16)) as typeof input, fileName: 'sorting.nwb' }],
    parameters: { detectThreshold: 5 },
    seed: 0,
    resources: { numCpus: 1, numGpus: 0, memoryGb: 1, timeSec: 60 }
  };
}
