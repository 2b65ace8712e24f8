/** The history of a project as its page shows it: in words, filtered, and texts as they were, to be restored. */
import { type PersonId } from '#lib/model/ids.ts';
import { type HistoryItem, type ProjectHistory } from '#lib/project/history.ts';
import { type Subject, type TextSubject } from '#lib/project/view.ts';
import {
  type HistoryKind,
  type HistoryNames,
  historyWords,
  subjectWords,
  textWords
} from './history-words.ts';
import { personNames } from './project-items.ts';
import { sharedText } from './project-profile.svelte.ts';
import { type ProjectSession } from './project-session.svelte.ts';

export interface PastItem {
  key: string;
  kind: HistoryKind;
  person: PersonId | undefined;
  who: string;
  /** What was done; who did it stands before. */
  text: string;
  note: string | undefined;
  /** ms since 1970, by the author's clock. */
  at: number;
  /** Where names or texts changed: what `viewOf` shows. */
  edits: number | undefined;
  /** What a search looks in. */
  found: string;
}

/** A name or a text as it was. */
export type PastText = {
  /** What it is, such as "the notes of day3.nwb". */
  label: string;
  text: string;
  /** It is the same now. */
  isNow: boolean;
} & ({ what: 'name'; subject: Subject } | { what: 'text'; subject: TextSubject });

/** What comes within this time is shown together: a history is read anew as a whole, so a long one less often. */
const refreshMs = 1000;
const refreshShare = 10;

export class ProjectPast {
  readonly #project: ProjectSession;
  #history = $state.raw<ProjectHistory | undefined>(undefined);
  #readingMs = 0;
  /** Something came since the last reading began. */
  #stale = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  person = $state<PersonId | undefined>(undefined);
  kind = $state<HistoryKind | undefined>(undefined);
  search = $state('');

  #closed = false;

  constructor(project: ProjectSession) {
    this.#project = project;
    void this.#read();
  }

  /** The history has been read. */
  get ready(): boolean {
    return this.#history !== undefined;
  }

  /** Reads the history anew soon; called when the project changed. */
  refresh(): void {
    if (this.#closed) return;
    this.#stale = true;
    this.#timer ??= setTimeout(
      () =>
        void this.#read().finally(() => {
          this.#timer = undefined;
          if (this.#stale) this.refresh();
        }),
      Math.max(refreshMs, refreshShare * this.#readingMs)
    );
  }

  async #read(): Promise<void> {
    const begun = performance.now();
    this.#stale = false;
    const history = await this.#project.document.history();
    this.#readingMs = performance.now() - begun;
    if (!this.#closed) this.#history = history;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** The newest first. */
  readonly #all: PastItem[] = $derived.by(() => {
    const items = this.#history?.items ?? [];
    const names = this.#names(items);
    return items.map((item) => this.#item(item, names)).reverse();
  });
  readonly items: PastItem[] = $derived.by(() => {
    const wanted = this.search.trim().toLowerCase();
    return this.#all.filter(
      ({ person, kind, found }) =>
        (this.person === undefined || person === this.person) &&
        (this.kind === undefined || kind === this.kind) &&
        found.includes(wanted)
    );
  });
  get total(): number {
    return this.#all.length;
  }
  readonly people: { id: PersonId; name: string }[] = $derived.by(() =>
    [...personNames(this.#project.state)].map(([id, name]) => ({ id, name }))
  );

  /** Names and texts as they stood after an item. */
  viewOf({ edits }: PastItem): PastText[] {
    if (edits === undefined || !this.#history) return [];
    const { names, texts } = this.#history.viewAfter(edits);
    const { view } = this.#project.document;
    const words = this.#names([]);
    return [
      ...[...names].map(([subject, text]) => ({
        what: 'name' as const,
        subject: subject as Subject,
        label: `the name of ${subjectWords(subject as Subject, words)}`,
        text,
        isNow: view.nameOf(subject as Subject) === text
      })),
      ...[...texts].map(([subject, text]) => ({
        what: 'text' as const,
        subject,
        label: textWords(subject, words),
        text,
        isNow: sharedText(view, subject).toString() === text
      }))
    ];
  }

  /** Writes what stood then as a new edit: nothing of the history is lost. */
  async restore(past: PastText): Promise<void> {
    if (past.what === 'name') await this.#project.rename(past.text, past.subject);
    else await this.#project.profile.editText(past.text, past.subject);
  }

  #names(items: readonly HistoryItem[]): HistoryNames {
    const { state } = this.#project;
    const people = personNames(state);
    const { deleted } = state;
    const local = this.#project.document.view;
    const files = new Map([...state.files, ...deleted.files].map((file) => [file.file, file.name]));
    const jobs = new Map([...state.jobs, ...deleted.jobs].map((job) => [job.job, job]));
    const topics = new Map(state.comments.map(({ comment, on }) => [comment as string, on]));
    const deletions = new Map(items.map(({ entry, change }) => [entry, change]));
    const names: HistoryNames = {
      person: (id) => (id && people.get(id)) ?? 'Somebody',
      file: (id) => local.nameOf(`file ${id}`) ?? files.get(id) ?? 'an unknown file',
      job: (id) => {
        const input = jobs.get(id)?.definition.inputs[0]?.file;
        return local.nameOf(`job ${id}`) ?? (input ? `the job on ${names.file(input)}` : 'a job');
      },
      comment: (id) => {
        const on = topics.get(id);
        if (!on) return 'something unknown';
        if (on.kind === 'unit') return `unit ${on.unit} of ${names.file(on.id)}`;
        return on.kind === 'file' ? names.file(on.id) : names.job(on.id);
      },
      deletion: (entry) => {
        const change = deletions.get(entry);
        if (change?.type === 'delete')
          return change.kind === 'file' ? names.file(change.id) : names.job(change.id);
        return change?.type === 'job' ? 'what it replaced' : 'something deleted';
      },
      isUsedUp: (id) =>
        state.invitations.some(({ invite, joined, uses }) => invite === id && joined.length >= uses)
    };
    return names;
  }

  #item(item: HistoryItem, names: HistoryNames): PastItem {
    const { change } = item;
    const { kind, text, note } = historyWords(item, names);
    const who = names.person(item.person);
    return {
      ...{ kind, text, note, who },
      key: `${item.entry} ${text}`,
      person: item.person,
      at: item.at,
      edits: change.type === 'name' || change.type === 'note' ? change.edits : undefined,
      found: `${who} ${text} ${note ?? ''}`.toLowerCase()
    };
  }
}
