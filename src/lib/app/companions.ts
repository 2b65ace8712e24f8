/** Who else is in the project now and what they look at, from what their devices show. Pure. */
import { type DeviceId, type PersonId } from '#lib/model/ids.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { type Presence } from '#lib/sync/presence.ts';
import { seconds as secondsText } from '#lib/plots/numbers.ts';
import { spotQuery } from './view-address.ts';

export interface Companion {
  person: PersonId;
  name: string;
  /** "Units: sorting.nwb · unit 7 · 12.35 s" */
  where: string;
  /** The page that they look at, at the unit and time. */
  href: string;
  /** Id of the file or job that they look at. */
  focus?: string;
  unit?: number;
  seconds?: number;
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

type Place = Omit<Companion, 'person' | 'name'>;

function placeOf(state: ProjectState, { place, focus, unit, seconds }: Presence): Place {
  const base = `/p/${state.id}`;
  const page = place === undefined ? undefined : pages[place];
  if (place === undefined || page === undefined) return { where: 'Project', href: base };
  const file = state.files.find((known) => known.file === focus)?.name;
  const job = state.jobs.some((known) => known.job === focus) ? 'a job' : undefined;
  const item = focus !== undefined && idPattern.test(focus) ? (file ?? job) : undefined;
  if (item === undefined) return { where: page, href: `${base}/${place}` };
  const spot = [
    ...(unit === undefined ? [] : [`unit ${unit}`]),
    ...(seconds === undefined ? [] : [secondsText(seconds, 0.01)])
  ];
  return {
    where: [`${page}: ${item}`, ...spot].join(' · '),
    href: `${base}/${place}/${focus}${spotQuery({ unit, seconds })}`,
    ...(focus !== undefined && { focus }),
    ...(unit !== undefined && { unit }),
    ...(seconds !== undefined && { seconds })
  };
}
