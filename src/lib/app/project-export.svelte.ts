/** Exporting a project as one file: what goes in, how far it is, and how it ended. */
import { blobSource } from '#lib/bytes/byte-source.ts';
import { contentRoot } from '#lib/bytes/content-root.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { copyOfEntries } from '#lib/project/copies.ts';
import {
  type ExportedFile,
  plainFileName,
  projectFileSuffix,
  writeProjectFile
} from '#lib/storage/project-file.ts';
import { type FileItem } from './project-items.ts';
import { type ProjectSession } from './project-session.svelte.ts';
import { chooseSavePlace } from './save-stream.ts';

export type ExportState =
  | { phase: 'idle' }
  | { phase: 'running'; what: string; done: number; total: number }
  | { phase: 'done' }
  | { phase: 'failed'; error: unknown };

/** Larger results go in on request only, as recordings do. */
export const smallResultBytes = 100e6;

export class ProjectExport {
  readonly #project: ProjectSession;
  #state = $state.raw<ExportState>({ phase: 'idle' });
  #abort = new AbortController();

  constructor(project: ProjectSession) {
    this.#project = project;
  }

  get state(): ExportState {
    return this.#state;
  }
  /** Results whose bytes are here, and that always go in. */
  readonly small: FileItem[] = $derived.by(() => this.#here.filter(isSmall));
  /** Recordings and large results whose bytes are here. */
  readonly large: FileItem[] = $derived.by(() => this.#here.filter((file) => !isSmall(file)));

  /** Of a file without a content root, one who may write finds it out. */
  get #here(): FileItem[] {
    const mayName = this.#project.readOnlyReason === undefined;
    return this.#project.files.filter(
      ({ place, root, conflict }) =>
        !conflict && (place === 'stored' || place === 'picked') && (root !== undefined || mayName)
    );
  }

  cancel(): void {
    this.#abort.abort(new TaggedError('aborted', 'the export was cancelled'));
  }

  /** Call it in a click: the browser asks where the file is to go. */
  async run({ large }: { large: boolean }): Promise<void> {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    try {
      const place = await chooseSavePlace(
        `${plainFileName(this.#project.name) || 'project'}${projectFileSuffix}`
      );
      const files = await this.#collect(large ? [...this.small, ...this.large] : this.small, signal);
      const entries = await copyOfEntries(this.#project.document);
      const total = files.reduce((sum, { bytes }) => sum + bytes.size, entries.length);
      let done = 0;
      const counted = new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          done += chunk.length;
          this.#show('Writing the file', Math.min(done, total), total);
          controller.enqueue(chunk);
        }
      });
      const { id, name } = this.#project;
      const stream = writeProjectFile({ id, name, exportedAt: Date.now(), entries, files });
      await place.write(stream.pipeThrough(counted), total, signal);
      this.#state = { phase: 'done' };
    } catch (error) {
      const cancelled = signal.aborted || toErrorRecord(error).tag === 'aborted';
      this.#state = cancelled ? { phase: 'idle' } : { phase: 'failed', error };
    }
  }

  async #collect(items: readonly FileItem[], signal: AbortSignal): Promise<ExportedFile[]> {
    const files = new Map<ContentRoot, ExportedFile>();
    for (const item of items) {
      const bytes = await this.#project.bytes.of(item.id);
      if (!bytes) continue;
      const root = item.root ?? (await this.#nameContent(item, bytes, signal));
      files.set(root, { name: item.name, root, bytes });
    }
    for (const { log } of this.#project.jobs) {
      const bytes = log && (await this.#project.bytes.ofRoot(log));
      if (bytes) files.set(log, { name: 'log.txt', root: log, bytes });
    }
    return [...files.values()];
  }

  /** Only content with a root can be checked by who imports it. */
  async #nameContent({ id, name, size }: FileItem, bytes: File, signal: AbortSignal): Promise<ContentRoot> {
    const onProgress = (done: number) => this.#show(`Reading ${name}`, done, size);
    const root = await contentRoot(blobSource(bytes), { signal, onProgress });
    await this.#project.document.addRoot(id, root);
    return root;
  }

  #show(what: string, done: number, total: number): void {
    this.#state = { phase: 'running', what, done, total };
  }
}

function isSmall({ kind, size }: FileItem): boolean {
  return kind === 'result' && size <= smallResultBytes;
}
