/** Importing a project from a file: how far it is, and how it ended. */
import { TaggedError } from '#lib/model/errors.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { projectFileSuffix } from '#lib/storage/project-file.ts';
import { type Workspace } from './workspace.svelte.ts';

export type ImportState =
  | { phase: 'idle' }
  | { phase: 'running'; file: string; what: string; done: number; total: number }
  | { phase: 'failed'; file: string; error: unknown };

export class ProjectImport {
  readonly #workspace: Workspace;
  #state = $state.raw<ImportState>({ phase: 'idle' });
  #abort = new AbortController();

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get state(): ImportState {
    return this.#state;
  }

  /** @returns the project; `undefined` when it was cancelled, or failed as `state` says */
  async run(file: File): Promise<ProjectId | undefined> {
    this.#abort.abort();
    const { signal } = (this.#abort = new AbortController());
    try {
      const project = await this.#workspace.importProject(file, {
        signal,
        onProgress: (what, done, total) =>
          (this.#state = { phase: 'running', file: file.name, what, done, total })
      });
      this.#state = { phase: 'idle' };
      return project;
    } catch (error) {
      this.#state = signal.aborted ? { phase: 'idle' } : { phase: 'failed', file: file.name, error };
      return undefined;
    }
  }

  /** Ends what is going on, and forgets what failed. */
  cancel(): void {
    this.#abort.abort(new TaggedError('aborted', 'the import was cancelled'));
    this.#state = { phase: 'idle' };
  }
}

export function isProjectFile({ name }: File): boolean {
  return name.toLowerCase().endsWith(projectFileSuffix);
}
