import fc from 'fast-check';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import {
  deliver,
  folded,
  openProject,
  type Participant,
  propertyRuns,
  propertyTimeoutMs,
  sortDefinition,
  syncAll,
  threeReplicas
} from './replicas.ts';

type Act = {
  by: number;
  what: 'file' | 'job' | 'rename' | 'note' | 'role' | 'remove' | 'deliver' | 'delete';
  pick: number;
};

const acts = fc.array(
  fc.record<Act>({
    by: fc.integer({ min: 0, max: 2 }),
    what: fc.constantFrom('file', 'job', 'rename', 'note', 'role', 'remove', 'deliver', 'deliver', 'delete'),
    pick: fc.nat({ max: 100 })
  }),
  { minLength: 3, maxLength: 25 }
);

test(
  'three admins’ replicas agree after any interleaving of acts and deliveries',
  { timeout: propertyTimeoutMs },
  async () => {
    await fc.assert(
      fc.asyncProperty(acts, async (script) => {
        const { people, replicas } = await threeReplicas('admin', 'admin');
        const [first] = replicas;
        for (const act of script) await perform(act, replicas, people);
        await syncAll(...replicas);
        await syncAll(...replicas);
        const [a, b, c] = replicas.map(folded);
        expect(b).toEqual(a);
        expect(c).toEqual(a);
        // A replica that gets everything in one go, and in the end, folds the same.
        const late = await openProject(first.id, people[1]);
        Y.applyUpdate(late.carrier, Y.encodeStateAsUpdate(first.carrier));
        await late.flush();
        expect(folded(late)).toEqual(a);
        for (const { definition } of first.state.jobs)
          for (const { file } of definition.inputs)
            expect(first.state.files.some((known) => known.file === file)).toBe(true);
      }),
      { numRuns: propertyRuns(60) }
    );
  }
);

async function perform(
  { by, what, pick }: Act,
  replicas: ProjectDocument[],
  people: readonly Participant[]
): Promise<void> {
  const me = replicas[by];
  const other = replicas[pick % 3];
  const somebody = people[pick % 3];
  if (!me || !other || !somebody) return;
  if (what === 'deliver') {
    if (other !== me) await deliver(other, me);
    return;
  }
  if (what === 'rename') me.view.rename('project', `by ${by}, ${pick}`);
  if (what === 'note') me.view.notesOf('project').replace(pick % 7, pick % 3, `n${pick}`);
  if (!me.can('edit')) return;
  const file = me.state.files[pick % Math.max(1, me.state.files.length)];
  if (what === 'file') await me.addFile({ name: `f${pick}`, size: pick });
  if (what === 'job' && file) await me.submitJob(sortDefinition(file.file), { device: other.device });
  if (what === 'delete' && file) await me.delete({ kind: 'file', id: file.file });
  if (what === 'role' && me.can('manage-members'))
    await me.membership.setRole(somebody.person.person, pick % 2 ? 'editor' : 'admin').catch(() => undefined);
  if (what === 'remove' && me.can('manage-members') && pick % 3 === 0)
    await me.membership.remove(somebody.person.person).catch(() => undefined);
}
