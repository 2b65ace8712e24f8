/**
 * Deleting in a project, seen before it happens, and what was deleted, to be brought back. What goes from the project
 * keeps its bytes on this device until they are removed on purpose.
 */
import { type ContentRoot } from '#lib/model/ids.ts';
import { cascade, type Deletion, type Gone, type RecordItem } from '#lib/project/deletions.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type ProjectState } from '#lib/project/project-state.ts';
import { allWords, goneWords } from './deletion-words.ts';
import {
  type FileItem,
  fileItems,
  type JobItem,
  jobItems,
  type LocalKnowledge,
  personNames
} from './project-items.ts';
import { type ResultShelf } from './result-shelf.svelte.ts';

/** What the bin needs of its project. */
export interface BinProject {
  document: ProjectDocument;
  /** Reactive. */
  state(): ProjectState;
  local(): LocalKnowledge;
  saving<Value>(task: () => Promise<Value>): Promise<Value>;
  results: ResultShelf;
}

export type { RecordItem };

export interface GoingItems {
  files: FileItem[];
  jobs: JobItem[];
}

export interface BinItem {
  /** Of the deletion; `restore` takes it back. */
  entry: string;
  names: string[];
  /** "and 2 jobs and 3 files". */
  also: string;
  by: string;
  /** ms since 1970, by its author's clock. */
  at: number;
  replaced: boolean;
  bytesHere: number;
}

export class ProjectBin {
  readonly #project: BinProject;
  #asked = $state.raw<RecordItem | undefined>(undefined);

  constructor(project: BinProject) {
    this.#project = project;
  }

  /** Files and jobs that are gone, as they were. */
  readonly #gone: GoingItems = $derived.by(() => {
    const { deleted, ...state } = this.#project.state();
    const files = [...state.files, ...deleted.files];
    const local = this.#project.local();
    return {
      files: fileItems({ ...state, deleted, files: deleted.files }, local),
      jobs: jobItems({ ...state, deleted, files, jobs: deleted.jobs }, local)
    };
  });
  /** The newest first. */
  readonly items: BinItem[] = $derived.by(() => {
    const names = personNames(this.#project.state());
    return [...this.#project.state().deletions]
      .reverse()
      .map((deletion) => this.#binItem(deletion, names.get(deletion.by) ?? 'somebody'));
  });
  /** Results of deleted jobs whose bytes are still stored here, and nowhere used. */
  readonly storedFiles: readonly FileItem[] = $derived.by(() => {
    const used = new Set(this.#project.state().files.map(({ root }) => root));
    const files = new Map<ContentRoot, FileItem>();
    for (const file of this.#gone.files)
      if (file.root && file.place === 'stored' && !used.has(file.root)) files.set(file.root, file);
    return [...files.values()];
  });

  /** What is about to be deleted, if confirmed. */
  get asked(): RecordItem | undefined {
    return this.#asked;
  }
  ask(item: RecordItem | undefined): void {
    this.#asked = item;
  }

  /** Everything that goes with an item, itself first. */
  goingWith(item: RecordItem): GoingItems {
    const state = this.#project.state();
    const going = cascade(state, [item]);
    const first = <Item extends { id: string }>(items: Item[]) =>
      items.sort((a, b) => Number(b.id === item.id) - Number(a.id === item.id));
    return {
      files: first(fileItems(state, this.#project.local()).filter(({ id }) => going.files.has(id))),
      jobs: first(jobItems(state, this.#project.local()).filter(({ id }) => going.jobs.has(id)))
    };
  }

  /** @returns what went in words, and how it is taken back */
  async delete(item: RecordItem): Promise<{ entry: string; words: string }> {
    const words = allWords(item, this.goingWith(item));
    const { document, saving } = this.#project;
    return { entry: await saving(() => document.delete(item)), words };
  }

  async restore(entries: string[]): Promise<void> {
    await this.#project.saving(() => this.#project.document.restore(entries));
  }

  /** Why an item is not in the project any more, if it was deleted: the deletions that keep it away. */
  reasonsFor(item: RecordItem): BinItem[] {
    const { deletions } = this.#project.state();
    const reasons = deletions.filter((deletion) => includes(this.#takenBy(deletion), item));
    return this.items.filter(({ entry }) => reasons.some((deletion) => deletion.entry === entry));
  }

  /** Removes the bytes of deleted results from this device; nothing of the record. */
  async freeSpace(): Promise<void> {
    for (const { root } of this.storedFiles) if (root) await this.#project.results.remove(root);
  }

  #binItem(deletion: Deletion, by: string): BinItem {
    const taken = this.#takenBy(deletion);
    const files = this.#gone.files.filter(({ id }) => taken.files.has(id));
    const jobs = this.#gone.jobs.filter(({ id }) => taken.jobs.has(id));
    const isNamed = ({ id }: { id: string }) => deletion.items.some((item) => item.id === id);
    return {
      entry: deletion.entry,
      names: [
        ...files.filter(isNamed).map(({ name }) => name),
        ...jobs.filter(isNamed).map(({ label }) => label)
      ],
      also: goneWords({
        files: files.filter((file) => !isNamed(file)),
        jobs: jobs.filter((job) => !isNamed(job))
      }),
      by,
      at: deletion.at,
      replaced: deletion.replacedBy !== undefined,
      bytesHere: files.filter(({ place }) => place === 'stored').reduce((sum, { size }) => sum + size, 0)
    };
  }

  /** All that one deletion keeps away, whatever others do. */
  #takenBy({ items }: Deletion): Gone {
    const { files, jobs, deleted } = this.#project.state();
    return cascade({ files: [...files, ...deleted.files], jobs: [...jobs, ...deleted.jobs] }, items);
  }
}

function includes(gone: Gone, item: RecordItem): boolean {
  return item.kind === 'file' ? gone.files.has(item.id) : gone.jobs.has(item.id);
}
