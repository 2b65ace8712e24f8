/** The command palette: everything that can be gone to or done from where one is, found by typing a part of its name. */
import { SvelteSet } from 'svelte/reactivity';
import { appContext } from './context.ts';

/** In the order in which they are shown. */
export const commandGroups = ['Here', 'Go to', 'Units', 'Jobs', 'Files', 'Projects', 'Nodes', 'Do'] as const;
export type CommandGroup = (typeof commandGroups)[number];

export interface Command {
  /** One of a kind among all that is offered. */
  id: string;
  group: CommandGroup;
  label: string;
  /** Shown at the right, such as the state of a job. */
  note?: string | undefined;
  /** Other words by which it is found. */
  words?: string;
  /** Where it goes, or what it does. */
  action: { href: string } | { run: () => unknown };
}

export interface FoundGroup {
  group: CommandGroup;
  commands: Command[];
}

/** Commands shown at a time; typing finds the others. */
const mostShown = 60;
/** Of each group, while nothing is typed. */
const mostOfGroup = 8;

export class Palette {
  #open = $state(false);
  readonly #sources = new SvelteSet<() => readonly Command[]>();

  get open(): boolean {
    return this.#open;
  }
  setOpen(open: boolean): void {
    this.#open = open;
  }
  toggle(): void {
    this.#open = !this.#open;
  }

  /** Offers commands for as long as a page is shown; they are made when the palette opens. Returns the cleanup. */
  offer(source: () => readonly Command[]): () => void {
    this.#sources.add(source);
    return () => this.#sources.delete(source);
  }

  find(text: string): FoundGroup[] {
    return findCommands(
      [...this.#sources].flatMap((source) => source()),
      text
    );
  }
}

export const paletteContext = appContext<Palette>('Palette');

/**
 * Commands of which each typed word is in the name, note, group or words; names that begin with what was typed come
 * first, and the group of the best one stands at the top.
 */
export function findCommands(commands: readonly Command[], text: string): FoundGroup[] {
  const typed = wordsOf(text);
  const ranked = commands.flatMap((command) => {
    const rank = rankOf(command, typed);
    return rank === undefined ? [] : [{ command, rank }];
  });
  if (typed.length === 0) return grouped(commands, commandGroups, mostOfGroup);
  ranked.sort((a, b) => a.rank - b.rank);
  const best = ranked.slice(0, mostShown).map(({ command }) => command);
  return grouped(best, [...new Set(best.map(({ group }) => group))], mostShown);
}

function grouped(
  commands: readonly Command[],
  groups: readonly CommandGroup[],
  mostOfEach: number
): FoundGroup[] {
  return groups.flatMap((group) => {
    const own = commands.filter((command) => command.group === group).slice(0, mostOfEach);
    return own.length > 0 ? [{ group, commands: own }] : [];
  });
}

/** Lower is better: each word counts by where it was found. @returns undefined where one is missing */
function rankOf({ label, note, group, words }: Command, typed: readonly string[]): number | undefined {
  const name = label.toLowerCase();
  const rest = `${group} ${note ?? ''} ${words ?? ''}`.toLowerCase();
  let rank = 0;
  for (const word of typed) {
    if (name.startsWith(word)) continue;
    else if (wordsOf(name).some((part) => part.startsWith(word))) rank += 1;
    else if (name.includes(word)) rank += 2;
    else if (rest.includes(word)) rank += 3;
    else return undefined;
  }
  return rank;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(/[^\p{L}\p{N}%]+/u)
    .filter(Boolean);
}
