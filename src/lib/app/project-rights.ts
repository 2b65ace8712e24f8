/** Why this device's person may not do something in a project, in words that say whom to ask. Pure. */
import { type Action, type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { personNames } from './project-items.ts';

type Rights = Pick<ProjectDocument, 'can' | 'person' | 'role' | 'state'>;

/** What this device knows of its copy besides the record. */
export interface KnownCopy {
  /** Shown until the record has arrived. */
  name: string;
  /** Came from a file. */
  imported?: boolean | undefined;
}

export const importedText =
  'This copy came from a file. To meet the other members again, open an invitation from one of them; nodes are added on the People page.';

/** @returns undefined where it is allowed */
export function refusal(
  action: Action,
  document: Rights,
  { imported }: Partial<KnownCopy> = {}
): string | undefined {
  if (document.can(action)) return undefined;
  const { members } = document.state;
  if (members.length === 0) return 'The project has not arrived on this device yet.';
  const admins = members.filter(({ role }) => role === 'admin').map(({ name }) => name);
  const ask = `ask an admin: ${admins.join(', ')}`;
  if (document.role === undefined) return removedReason(document, ask, imported);
  if (action === 'edit' && deletionOf(document.state))
    return `${deletionOf(document.state)?.by ?? 'Somebody'} deleted this project for everybody.`;
  return `${action === 'edit' ? 'You may look but not change' : 'Your role does not allow this'}; ${ask}.`;
}

/** Who deleted the project for everybody, and when by their clock, in ms since 1970. */
export function deletionOf(state: ProjectState): { by: string; at: number } | undefined {
  const deletion = state.projectDeletions.at(-1);
  return deletion && { by: personNames(state).get(deletion.by) ?? 'Somebody', at: deletion.at };
}

/** A joining that came after the invitation's last use makes nobody a member. */
function removedReason({ state, person }: Rights, ask: string, imported = false): string {
  return state.formerMembers.some((former) => former.person === person)
    ? 'You are no longer a member: what is here is a copy of what was.'
    : imported
      ? `You are not a member of this project: you can look, and not change. To become one, ${ask}.`
      : `Others used the invitation up before you. For another, ${ask}.`;
}
