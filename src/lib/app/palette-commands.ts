/** What the command palette offers of the app as a whole, and of the project that is open. */
import { type Appearance, type Theme } from './appearance.svelte.ts';
import { type Command } from './palette.svelte.ts';
import { placeText } from './project-items.ts';
import { type ProjectSession } from './project-session.svelte.ts';
import { type Workspace } from './workspace.svelte.ts';

const themes: { theme: Theme; label: string }[] = [
  { theme: 'system', label: 'Appearance as the system' },
  { theme: 'light', label: 'Light appearance' },
  { theme: 'dark', label: 'Dark appearance' }
];

export function workspaceCommands(workspace: Pick<Workspace, 'projects' | 'nodes'>): Command[] {
  return [
    goTo({ label: 'Home', href: '/' }),
    goTo({ label: 'Open a recording', href: '/open', words: 'file nwb look' }),
    goTo({ label: 'Demonstration', href: '/open?demo', words: 'try example' }),
    goTo({ label: 'You and this device', href: '/me', words: 'name storage keys settings shortcuts' }),
    ...workspace.projects.list.map(({ id, name, note }): Command => ({
      id: `project ${id}`,
      group: 'Projects',
      label: name,
      note,
      action: { href: `/p/${id}` }
    })),
    ...workspace.nodes.all.map(({ device, name, statusText }): Command => ({
      id: `node ${device}`,
      group: 'Nodes',
      label: name,
      note: statusText,
      action: { href: `/nodes/${device}` }
    })),
    act({ label: 'New project', action: { href: '/?new' }, words: 'create add' }),
    act({ label: 'Pair with a compute node', action: { href: '/pair' }, words: 'add connect link' })
  ];
}

export function appearanceCommands(appearance: Appearance): Command[] {
  return themes.map(({ theme, label }) =>
    act({
      label,
      note: appearance.theme === theme ? 'chosen' : undefined,
      words: 'theme colour mode',
      action: { run: () => appearance.choose(theme) }
    })
  );
}

/** @param addRecording asks for a file and goes to where it is described */
export function projectCommands(
  project: Pick<ProjectSession, 'id' | 'files' | 'jobs' | 'readOnlyReason'>,
  addRecording: () => unknown
): Command[] {
  const base = `/p/${project.id}`;
  const { files, jobs } = project;
  const changes: Command[] = [
    here({ label: 'New job', action: { href: `${base}/jobs/new` }, words: 'sort run submit' }),
    here({ label: 'Add a recording', action: { run: addRecording }, words: 'file nwb import' })
  ];
  return [
    ...(project.readOnlyReason === undefined ? changes : []),
    goTo({ label: 'Project overview', href: base }),
    goTo({ label: 'Files', href: `${base}/files`, words: 'recordings' }),
    goTo({ label: 'Jobs', href: `${base}/jobs` }),
    goTo({ label: 'Units', href: `${base}/sortings`, words: 'sortings results' }),
    goTo({ label: 'People', href: `${base}/people`, words: 'members nodes' }),
    goTo({ label: 'History', href: `${base}/history`, words: 'who did what when log undo' }),
    goTo({ label: 'Recently deleted', href: `${base}/deleted`, words: 'trash bin restore undo' }),
    goTo({ label: 'Project settings', href: `${base}/settings`, words: 'rename remove' }),
    ...files
      .filter(({ kind }) => kind === 'result')
      .map(({ id, name, place }): Command => ({
        id: `units ${id}`,
        group: 'Units',
        label: name,
        note: placeText[place],
        words: 'sorting result',
        action: { href: `${base}/sortings/${id}` }
      })),
    ...jobs.map(({ id, label, view }): Command => ({
      id: `job ${id}`,
      group: 'Jobs',
      label,
      note: view.label,
      action: { href: `${base}/jobs/${id}` }
    })),
    ...files
      .filter(({ kind }) => kind === 'recording')
      .map(({ id, name, place }): Command => ({
        id: `file ${id}`,
        group: 'Files',
        label: name,
        note: placeText[place],
        words: 'recording',
        action: { href: `${base}/files/${id}` }
      }))
  ];
}

function goTo({ label, href, words }: { label: string; href: string; words?: string }): Command {
  return { id: `go ${href}`, group: 'Go to', label, action: { href }, ...(words && { words }) };
}
function act(command: Omit<Command, 'id' | 'group'>): Command {
  return { ...command, id: `do ${command.label}`, group: 'Do' };
}
function here(command: Omit<Command, 'id' | 'group'>): Command {
  return { ...command, id: `here ${command.label}`, group: 'Here' };
}
