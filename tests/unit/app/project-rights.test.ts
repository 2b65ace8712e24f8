import { expect, test } from 'vitest';
import { refusal } from '#lib/app/project-rights.ts';
import { type Role } from '#lib/identity/person.ts';
import { type PersonId } from '#lib/model/ids.ts';
import { emptyState, type ProjectState } from '#lib/project/project-state.ts';

const vic = 'vic' as PersonId;
const nobody = emptyState('0f'.repeat(32) as ProjectState['id']);
const members = (['Anna', 'Eva'] as const).map((name) => ({ person: name, name, role: 'admin' }) as never);

const asked = (role: Role | undefined, state: ProjectState) => ({
  can: (action: string) => role === 'admin' || (role === 'editor' && action === 'edit'),
  person: vic,
  role,
  state
});
const state = { ...nobody, members };

test('who may not do something is told which admins to ask', () => {
  expect(refusal('edit', asked('viewer', state))).toBe(
    'You may look but not change; ask an admin: Anna, Eva.'
  );
  expect(refusal('manage-members', asked('editor', state))).toBe(
    'Your role does not allow this; ask an admin: Anna, Eva.'
  );
});

test('who may is told nothing', () => {
  expect(refusal('edit', asked('editor', state))).toBeUndefined();
  expect(refusal('manage-members', asked('admin', state))).toBeUndefined();
});

test('before the record has come, after a removal, and where the invitation was used up, that is the reason', () => {
  expect(refusal('edit', asked(undefined, nobody))).toMatch(/not arrived/);
  const removed = { ...state, formerMembers: [{ person: vic, name: 'Vic' } as never] };
  expect(refusal('edit', asked(undefined, removed))).toMatch(/no longer a member/);
  expect(refusal('edit', asked(undefined, state))).toMatch(/used the invitation up.*ask an admin: Anna, Eva/);
});
