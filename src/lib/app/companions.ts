/** Who else is in the project now and what they look at, from what their devices show. Pure. */
import { type DeviceId, type PersonId } from '#lib/model/ids.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { type Presence } from '#lib/sync/presence.ts';

export interface Companion {
  person: PersonId;
  name: string;
  /** "Files: sorting.nwb" */
  where: string;
  /** The page that they look at. */
  href: string;
}

const pages: Record<string, string> = {
  files: 'Files',
  jobs: 'Jobs',
  sortings: 'Units',
  people: 'People',
  settings: 'Settings'
};
const idPattern = /^[0-9a-f]{32}$/;

/** One for each person, whichever of their devices shows something; what is not known here is not shown. */
export function companions(
  state: ProjectState,
  shown: readonly { device: DeviceId; presence: Presence }[],
  self: PersonId | undefined
): Companion[] {
  const here = new Map<PersonId, Companion>();
  for (const { device, presence } of shown) {
    const member = state.members.find(({ devices }) => devices.some((own) => own.device === device));
    if (!member || member.person === self || member.role === 'compute') continue;
    const { person, name } = member;
    here.set(person, { person, name, ...placeOf(state, presence) });
  }
  return [...here.values()];
}

function placeOf(state: ProjectState, { place, focus }: Presence): { where: string; href: string } {
  const base = `/p/${state.id}`;
  const page = place === undefined ? undefined : pages[place];
  if (place === undefined || page === undefined) return { where: 'Project', href: base };
  const file = state.files.find((known) => known.file === focus)?.name;
  const job = state.jobs.some((known) => known.job === focus) ? 'a job' : undefined;
  const item = focus !== undefined && idPattern.test(focus) ? (file ?? job) : undefined;
  if (item === undefined) return { where: page, href: `${base}/${place}` };
  return { where: `${page}: ${item}`, href: `${base}/${place}/${focus}` };
}
