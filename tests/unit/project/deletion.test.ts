import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileId, type JobId } from '#lib/model/ids.ts';
import { cascade, type RecordItem } from '#lib/project/deletions.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { Attacker } from './attacker.ts';
import {
  deliver,
  deliverUpdate,
  folded,
  propertyRuns,
  propertyTimeoutMs,
  sortDefinition,
  syncAll,
  threeReplicas
} from './replicas.ts';
import * as Y from 'yjs';

const recording = { name: 'day3.nwb', size: 1000 };

/** A project with Anna (admin), Ed (editor) and Vera (viewer), each with a replica. */
async function lab() {
  const { people, replicas } = await threeReplicas('editor', 'viewer');
  const [here, there, watching] = replicas;
  return { here, there, watching, vera: people[2] };
}

/** Sorts a file: the job, and the result that it made. */
async function sorted(project: ProjectDocument, input: FileId): Promise<{ job: JobId; result: FileId }> {
  const definition = sortDefinition(input);
  const job = await project.submitJob(definition, { device: project.device });
  const result = definition.outputs[0]?.file ?? input;
  await project.addFile({
    file: result,
    name: 'sorting.nwb',
    size: 1,
    generatedBy: { job, output: 'sorting' }
  });
  return { job, result };
}

const fileIds = ({ state }: ProjectDocument) => state.files.map(({ file }) => file);
const jobIds = ({ state }: ProjectDocument) => state.jobs.map(({ job }) => job);

describe('a deletion', () => {
  test('of a recording takes along what was made from it, at any distance, and nothing else', async () => {
    const { here } = await lab();
    const [file, other] = [
      await here.addFile(recording),
      await here.addFile({ ...recording, name: 'other' })
    ];
    const first = await sorted(here, file);
    const second = await sorted(here, first.result);
    const kept = await sorted(here, other);
    await here.delete({ kind: 'file', id: file });
    expect(fileIds(here)).toEqual([other, kept.result]);
    expect(jobIds(here)).toEqual([kept.job]);
    expect(here.state.deleted.files.map((gone) => gone.file)).toEqual([file, first.result, second.result]);
    expect(here.state.deleted.jobs.map(({ job }) => job)).toEqual([first.job, second.job]);
  });

  test('of a job takes its results along and leaves the recording', async () => {
    const { here } = await lab();
    const file = await here.addFile(recording);
    const { job } = await sorted(here, file);
    await here.delete({ kind: 'job', id: job });
    expect(fileIds(here)).toEqual([file]);
    expect(jobIds(here)).toEqual([]);
  });

  test('of a result takes along the job that made it, but no job that has made nothing yet', async () => {
    const { here } = await lab();
    const file = await here.addFile(recording);
    const { result } = await sorted(here, file);
    const waiting = await here.submitJob(sortDefinition(file));
    await here.delete({ kind: 'file', id: result });
    expect(jobIds(here)).toEqual([waiting]);
  });

  test('is an editor’s or admin’s to make and to take back, whatever a viewer writes', async () => {
    const { here, there, watching, vera } = await lab();
    const file = await here.addFile(recording);
    await syncAll(here, there, watching);
    await expect(watching.delete({ kind: 'file', id: file })).rejects.toMatchObject({ tag: 'not-allowed' });
    const viewer = new Attacker(vera.keys, here.id);
    await viewer.write({ type: 'delete', at: 0, kind: 'file', id: file });
    await deliverUpdate(Y.encodeStateAsUpdate(viewer.carrier), there, here);
    expect(fileIds(here)).toEqual([file]);
    const deletion = await there.delete({ kind: 'file', id: file });
    await deliver(there, here);
    await viewer.write({ type: 'restore', at: 0, deletions: [deletion] });
    await deliverUpdate(Y.encodeStateAsUpdate(viewer.carrier), there, here);
    expect(fileIds(here)).toEqual([]);
    expect(here.state.deletions).toMatchObject([{ entry: deletion, items: [{ kind: 'file', id: file }] }]);
  });

  test('of what its author never saw says nothing', async () => {
    const { here } = await lab();
    await here.delete({ kind: 'file', id: 'ab'.repeat(16) as FileId });
    expect(here.state.deletions).toEqual([]);
  });
});

describe('a restoration', () => {
  test('brings back exactly what the deletion took, with what was said meanwhile', async () => {
    const { here, there } = await lab();
    const file = await here.addFile(recording);
    const { job } = await sorted(here, file);
    await syncAll(here, there);
    const before = here.state;
    const deletion = await there.delete({ kind: 'file', id: file });
    await here.appendJobEvent({ job, attempt: 1, n: 0, state: 'accepted' });
    await syncAll(here, there);
    expect(here.state.jobs).toEqual([]);
    await here.restore([deletion]);
    expect(here.state.files).toEqual(before.files);
    expect(here.state.jobs).toMatchObject([{ job, state: 'accepted' }]);
    expect(here.state.deletions).toEqual([]);
    expect(here.state.deleted).toEqual({ files: [], jobs: [] });
  });

  test('takes back no deletion that it does not name', async () => {
    const { here, there } = await lab();
    const file = await here.addFile(recording);
    await syncAll(here, there);
    const [one, two] = [
      await here.delete({ kind: 'file', id: file }),
      await there.delete({ kind: 'file', id: file })
    ];
    await syncAll(here, there);
    await here.restore([one]);
    expect(fileIds(here)).toEqual([]);
    await here.restore([two]);
    await syncAll(here, there);
    expect(fileIds(there)).toEqual([file]);
    await there.delete({ kind: 'file', id: file });
    expect(fileIds(there)).toEqual([]);
  });
});

describe('a job that takes another’s place', () => {
  test('deletes it when it is asked for, and restoring gives both', async () => {
    const { here, there } = await lab();
    const file = await here.addFile(recording);
    const old = await sorted(here, file);
    const next = await here.submitJob(sortDefinition(file), { replaces: [old.job] });
    await syncAll(here, there);
    expect(jobIds(there)).toEqual([next]);
    expect(fileIds(there)).toEqual([file]);
    expect(there.state.deletions).toMatchObject([{ items: [{ id: old.job }], replacedBy: next }]);
    await there.restore(there.state.deletions.map(({ entry }) => entry));
    expect(jobIds(there)).toEqual([old.job, next]);
    expect(fileIds(there)).toEqual([file, old.result]);
  });

  test('is refused when it reads what would go', async () => {
    const { here } = await lab();
    const old = await sorted(here, await here.addFile(recording));
    await expect(here.submitJob(sortDefinition(old.result), { replaces: [old.job] })).rejects.toMatchObject({
      tag: 'input-replaced'
    });
  });

  test('cannot declare a file that is there or that another job makes', async () => {
    const { here } = await lab();
    const file = await here.addFile(recording);
    const { job, result } = await sorted(here, file);
    for (const taken of [file, result]) {
      const definition = sortDefinition(file);
      await here.submitJob({
        ...definition,
        outputs: definition.outputs.map((output) => ({ ...output, file: taken }))
      });
    }
    expect(jobIds(here)).toEqual([job]);
  });
});

/** Files and jobs by small numbers: what goes wrong is then easy to read. */
const graph = fc.record({
  files: fc.uniqueArray(
    fc.record({ file: fc.nat({ max: 7 }), by: fc.option(fc.nat({ max: 5 }), { nil: undefined }) }),
    { selector: ({ file }) => file, maxLength: 8 }
  ),
  jobs: fc.uniqueArray(
    fc.record({
      job: fc.nat({ max: 5 }),
      inputs: fc.array(fc.nat({ max: 7 }), { maxLength: 2 }),
      outputs: fc.array(fc.nat({ max: 7 }), { maxLength: 2 })
    }),
    { selector: ({ job }) => job, maxLength: 6 }
  ),
  roots: fc.array(
    fc.record({ kind: fc.constantFrom('file' as const, 'job' as const), id: fc.nat({ max: 7 }) }),
    {
      maxLength: 3
    }
  )
});

test('what goes is the least fixpoint of the rules, in any graph', () => {
  fc.assert(
    fc.property(graph, ({ files, jobs, roots }) => {
      const fileId = (number: number) => `f${number}` as FileId;
      const jobId = (number: number) => `j${number}` as JobId;
      const gone = cascade(
        {
          files: files.map(({ file, by }) => ({
            file: fileId(file),
            generatedBy: by === undefined ? undefined : { job: jobId(by) }
          })),
          jobs: jobs.map(({ job, inputs, outputs }) => ({
            job: jobId(job),
            definition: {
              inputs: inputs.map((file) => ({ name: '', file: fileId(file) })),
              outputs: outputs.map((file) => ({ name: '', file: fileId(file), fileName: '' }))
            }
          }))
        },
        roots.map(({ kind, id }) => (kind === 'file' ? { kind, id: fileId(id) } : { kind, id: jobId(id) }))
      );
      const expected = slowCascade({ files, jobs, roots });
      expect([...gone.files].sort()).toEqual([...expected.files].map(fileId).sort());
      expect([...gone.jobs].sort()).toEqual([...expected.jobs].map(jobId).sort());
    }),
    { numRuns: 2000 }
  );
});

/** The rules as they are said, applied until nothing changes. */
function slowCascade({ files, jobs, roots }: typeof graph extends fc.Arbitrary<infer Graph> ? Graph : never) {
  const named = (kind: RecordItem['kind'], id: number) =>
    roots.some((root) => root.kind === kind && root.id === id);
  const stood = new Set(files.map(({ file }) => file));
  const [left, leftJobs] = [new Set(stood), new Set(jobs.map(({ job }) => job))];
  for (let changed = true; changed;) {
    const before = left.size + leftJobs.size;
    for (const { file, by } of files)
      if (named('file', file) || (by !== undefined && !leftJobs.has(by))) left.delete(file);
    for (const { job, inputs, outputs } of jobs)
      if (
        named('job', job) ||
        inputs.some((file) => !left.has(file)) ||
        outputs.some((file) => stood.has(file) && !left.has(file))
      )
        leftJobs.delete(job);
    changed = before !== left.size + leftJobs.size;
  }
  return {
    files: files.filter(({ file }) => !left.has(file)).map(({ file }) => file),
    jobs: jobs.filter(({ job }) => !leftJobs.has(job)).map(({ job }) => job)
  };
}

const acts = fc.array(
  fc.record({
    by: fc.nat({ max: 2 }),
    what: fc.constantFrom(
      'file',
      'job',
      'job',
      'replace',
      'delete',
      'delete job',
      'restore',
      'deliver',
      'deliver'
    ),
    pick: fc.nat({ max: 100 })
  }),
  { minLength: 6, maxLength: 30 }
);

test(
  'three who add, delete and restore at once end alike, with nothing half there and nothing lost',
  { timeout: propertyTimeoutMs },
  async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (script) => {
        const { replicas } = await threeReplicas('editor', 'editor');
        const [first] = replicas;
        const added = new Set<string>();
        for (const act of script) await perform(act, replicas, added);
        await syncAll(...replicas);
        await syncAll(...replicas);
        const [a, b, c] = replicas.map(folded);
        expect(b).toEqual(a);
        expect(c).toEqual(a);
        expectWhole(first.state);
        const { files, jobs, deleted } = first.state;
        const all = [...files, ...deleted.files, ...jobs, ...deleted.jobs];
        expect(new Set(all.map((record) => ('file' in record ? record.file : record.job)))).toEqual(added);
        await first.restore(first.state.deletions.map(({ entry }) => entry).concat('00'.repeat(32)));
        expect(first.state.deleted).toEqual({ files: [], jobs: [] });
        expect(first.state.files.length + first.state.jobs.length).toBe(added.size);
      }),
      { numRuns: propertyRuns(40) }
    );
  }
);

async function perform(
  { by, what, pick }: { by: number; what: string; pick: number },
  replicas: ProjectDocument[],
  added: Set<string>
): Promise<void> {
  const [me, other] = [replicas[by], replicas[pick % 3]];
  if (!me || !other) return;
  const { files, jobs, deletions } = me.state;
  const [file, job, deletion] = [
    files[pick % Math.max(1, files.length)],
    jobs[pick % Math.max(1, jobs.length)],
    deletions[pick % Math.max(1, deletions.length)]
  ];
  if (what === 'deliver' && other !== me) await deliver(other, me);
  if (what === 'file') added.add(await me.addFile({ name: `f${pick}`, size: pick }));
  if (what === 'job' && file) {
    const made = await sorted(me, file.file);
    added.add(made.job).add(made.result);
  }
  if (what === 'replace' && file && job)
    await me
      .submitJob(sortDefinition(file.file), { replaces: [job.job] })
      .then((next) => added.add(next))
      .catch(() => undefined);
  if (what === 'delete' && file) await me.delete({ kind: 'file', id: file.file });
  if (what === 'delete job' && job) await me.delete({ kind: 'job', id: job.job });
  if (what === 'restore' && deletion) await me.restore([deletion.entry]);
}

function expectWhole({ files, jobs }: ProjectState): void {
  const [fileSet, jobSet] = [new Set(files.map(({ file }) => file)), new Set(jobs.map(({ job }) => job))];
  for (const { generatedBy } of files) if (generatedBy) expect(jobSet).toContain(generatedBy.job);
  for (const { definition } of jobs)
    for (const { file } of definition.inputs) expect(fileSet).toContain(file);
}
