/**
 * Three members in any interleaving of what they do and of what reaches whom: Anna who stays the admin, Ben whose role
 * she changes, whom she removes and takes back, and a node that runs jobs.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { type FileId } from '#lib/model/ids.ts';
import { logLengths, withoutWriters } from '#lib/project/carrier.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { isTerminal, type JobState } from '#lib/project/project-state.ts';
import {
  deliverUpdate,
  folded,
  openProject,
  type Participant,
  propertyRuns,
  propertyTimeoutMs,
  sortDefinition,
  syncAll,
  threeReplicas
} from './replicas.ts';

interface Act {
  what: keyof typeof acts;
  by: 'anna' | 'ben';
  pick: number;
}

class Scene {
  /** What Anna did, each of which must count once. */
  readonly files = new Set<string>();
  readonly jobs = new Set<string>();
  readonly letters: string[] = [];
  readonly comments = new Set<string>();
  readonly people: Record<'anna' | 'ben' | 'node', Participant>;
  readonly anna: ProjectDocument;
  readonly ben: ProjectDocument;
  readonly node: ProjectDocument;

  private constructor(
    people: Scene['people'],
    replicas: [ProjectDocument, ProjectDocument, ProjectDocument]
  ) {
    this.people = people;
    [this.anna, this.ben, this.node] = replicas;
  }

  static async open(): Promise<Scene> {
    const { people, replicas } = await threeReplicas('editor', 'compute');
    const [anna, ben, node] = people;
    return new Scene({ anna, ben, node }, replicas);
  }

  get replicas(): ProjectDocument[] {
    return [this.anna, this.ben, this.node];
  }

  /** The job that the node turns to, if it knows of one that it has not ended. */
  current(pick: number): JobState | undefined {
    const open = this.node.state.jobs.filter(
      ({ current, state }) => current?.device === this.node.device && !isTerminal(state)
    );
    return open[pick % Math.max(1, open.length)];
  }
}

type Perform = (scene: Scene, act: Act) => Promise<unknown> | undefined;

const acts = {
  file: async (scene, { by, pick }) => {
    if (!scene[by].can('edit')) return;
    const id = await scene[by].addFile({ name: `by ${by} ${pick}`, size: pick });
    if (by === 'anna') scene.files.add(id);
  },
  job: async (scene, { by, pick }) => {
    const { files } = scene[by].state;
    const input = files[pick % Math.max(1, files.length)];
    if (!input || !scene[by].can('edit')) return;
    const job = await scene[by].submitJob(sortDefinition(input.file), { device: scene.node.device });
    // One whose input is Ben's goes when that turns out void.
    if (by === 'anna' && scene.files.has(input.file)) scene.jobs.add(job);
  },
  again: async (scene, { by, pick }) => {
    const job = scene[by].state.jobs[pick % Math.max(1, scene[by].state.jobs.length)];
    if (job && scene[by].can('edit'))
      await scene[by].assignJob(job.job, job.attempts.length + 1, scene.node.device);
  },
  run: async (scene, { pick }) => {
    const job = scene.current(pick);
    if (!job?.current) return;
    const { attempt, events } = job.current;
    const state = (['accepted', 'started', pick % 3 ? 'completed' : 'failed'] as const)[events.length];
    if (!state) return;
    const [output] = job.definition.outputs;
    if (state === 'completed' && output)
      await scene.node.addFile({
        ...{ file: output.file, name: output.fileName, size: 1 },
        generatedBy: { job: job.job, output: output.name }
      });
    await scene.node.appendJobEvent({ job: job.job, attempt, n: events.length, state });
  },
  /** Ben's program says how a job ended that does not run there, and adds a result of it. */
  meddle: async ({ ben }, { pick }) => {
    const job = ben.state.jobs[pick % Math.max(1, ben.state.jobs.length)];
    if (!job?.current) return;
    const { attempt, events } = job.current;
    const reason = { tag: 'meddled', message: 'not from the device that runs it' };
    await ben.appendJobEvent({ job: job.job, attempt, n: events.length, state: 'completed', reason });
    const [output] = job.definition.outputs;
    if (!output) return;
    const undeclared = { generatedBy: { job: job.job, output: 'what it does not declare' } };
    const declared = { file: output.file, generatedBy: { job: job.job, output: output.name } };
    const claim = [undeclared, declared, { file: output.file }][pick % 3];
    if (ben.can('edit')) await ben.addFile({ name: 'made up', size: 1, ...claim });
  },
  cancel: async (scene, { by, pick }) => {
    const job = scene[by].state.jobs[pick % Math.max(1, scene[by].state.jobs.length)];
    if (job && scene[by].can('edit')) await scene[by].cancelJob(job.job);
  },
  delete: async (scene, { by, pick }) => {
    if (!scene[by].can('edit')) return;
    const { files, jobs } = scene[by].state;
    const items = [
      ...files.map(({ file }) => ({ kind: 'file' as const, id: file })),
      ...jobs.map(({ job }) => ({ kind: 'job' as const, id: job }))
    ];
    const item = items[pick % Math.max(1, items.length)];
    if (item) await scene[by].delete(item);
  },
  restore: async (scene, { by, pick }) => {
    const { deletions } = scene[by].state;
    const deletion = deletions[pick % Math.max(1, deletions.length)];
    if (deletion && scene[by].can('edit')) await scene[by].restore([deletion.entry]);
  },
  comment: async (scene, { by, pick }) => {
    const { files } = scene[by].state;
    const about = files[pick % Math.max(1, files.length)];
    if (!about || !scene[by].can('edit')) return;
    const id = await scene[by].comments.add({ kind: 'file', id: about.file }, `by ${by} ${pick}`);
    if (by === 'anna' && scene.files.has(about.file)) scene.comments.add(id);
  },
  type: (scene, { by, pick }) => {
    // A letter of its own, so that each can be looked for.
    const letter = String.fromCharCode(0xe000 + scene.letters.length * 2 + (by === 'anna' ? 0 : 1));
    scene[by].view.notesOf('project').replace(pick % 9, 0, letter);
    if (by === 'anna') scene.letters.push(letter);
    return undefined;
  },
  role: async ({ anna, people }, { pick }) => {
    const { person } = people.ben.person;
    const role = (['editor', 'viewer', 'admin'] as const)[pick % 3] ?? 'editor';
    const present = anna.state.members.find((member) => member.person === person)?.role;
    if (present && present !== role) await anna.membership.setRole(person, role);
  },
  remove: async ({ anna, people }) => {
    const { person } = people.ben.person;
    if (anna.state.members.some((member) => member.person === person)) await anna.membership.remove(person);
  },
  admit: async ({ anna, people }) => {
    const { person } = people.ben;
    if (!anna.state.members.some((member) => member.person === person.person))
      await anna.membership.admit(person, 'editor');
  },
  deliver: async ({ replicas }, { pick }) => {
    const [from, to] = [replicas[pick % 3], replicas[(pick + 1 + (pick % 2)) % 3]];
    if (!from || !to) return;
    await from.flush();
    const update = Y.encodeStateAsUpdate(from.carrier, Y.encodeStateVector(to.carrier));
    // Now and then some of the logs are lost on the way.
    const lost = [...logLengths(from.carrier).keys()].filter(
      (_, i) => pick % 4 === 0 && (pick + i) % 3 === 0
    );
    await deliverUpdate(lost.length > 0 ? withoutWriters(update, new Set(lost)) : update, from, to);
  }
} satisfies Record<string, Perform>;

const names = Object.keys(acts) as (keyof typeof acts)[];
const script = fc.array(
  fc.record<Act>({
    what: fc.constantFrom(...names, 'deliver', 'deliver', 'deliver', 'run', 'run', 'file', 'job'),
    by: fc.constantFrom('anna', 'ben'),
    pick: fc.nat({ max: 1000 })
  }),
  { minLength: 5, maxLength: 40 }
);

test(
  'edits, comments, roles, jobs, removals, deletions and restorations in any order and delivery end alike, and each honest act counts once',
  { timeout: propertyTimeoutMs },
  async () => {
    await fc.assert(
      fc.asyncProperty(script, async (steps) => {
        const scene = await Scene.open();
        for (const act of steps) await acts[act.what](scene, act);
        for (let round = 0; round < 3; round++) await syncAll(...scene.replicas);
        const [first, ...others] = scene.replicas.map(folded);
        for (const other of others) expect(other).toEqual(first);
        const late = await openProject(scene.anna.id, scene.people.ben);
        await deliverUpdate(Y.encodeStateAsUpdate(scene.anna.carrier), scene.anna, late);
        await late.flush();
        expect(folded(late)).toEqual(first);
        expectEachOnce(scene);
        expectWholeRecord(scene.anna);
        // All that was deleted comes back, and nothing was lost meanwhile.
        await scene.anna.restore(
          scene.anna.state.deletions.map(({ entry }) => entry).concat('00'.repeat(32))
        );
        expect(scene.anna.state.deleted).toEqual({ files: [], jobs: [] });
        expectEachOnce(scene);
        expectWholeRecord(scene.anna);
      }),
      { numRuns: propertyRuns(80) }
    );
  }
);

/** What Anna did is there, or among what was deleted, once, whatever happened beside it. */
function expectEachOnce({ anna, files, jobs, letters, comments }: Scene): void {
  const { state, view } = anna;
  const { deleted } = state;
  expect([...state.files, ...deleted.files].filter(({ file }) => files.has(file))).toHaveLength(files.size);
  expect([...state.jobs, ...deleted.jobs].filter(({ job }) => jobs.has(job))).toHaveLength(jobs.size);
  expect(state.comments.filter(({ comment }) => comments.has(comment))).toHaveLength(comments.size);
  const text = [...view.notesOf('project').toString()];
  for (const letter of letters) expect(text.filter((it) => it === letter)).toHaveLength(1);
}

function expectWholeRecord({ state }: ProjectDocument): void {
  const files = new Set<FileId>(state.files.map(({ file }) => file));
  expect(files.size).toBe(state.files.length);
  expect(new Set(state.jobs.map(({ job }) => job)).size).toBe(state.jobs.length);
  for (const { definition } of state.jobs)
    for (const { file } of definition.inputs) expect(files.has(file)).toBe(true);
  expect(state.files.map(({ name }) => name)).not.toContain('made up');
  for (const { generatedBy, file } of state.files) {
    if (!generatedBy) continue;
    const job = state.jobs.find(({ job: id }) => id === generatedBy.job);
    const declared = job?.definition.outputs.map((output) => [output.name, output.file]);
    expect(declared).toContainEqual([generatedBy.output, file]);
  }
  for (const { attempts } of state.jobs)
    for (const { events } of attempts) {
      expect(events.map(({ n }) => n)).toEqual(events.map((_, n) => n));
      expect(events.every(({ reason }) => reason === undefined)).toBe(true);
      expect(events.filter((event) => isTerminal(event.state)).length).toBeLessThanOrEqual(1);
    }
}
