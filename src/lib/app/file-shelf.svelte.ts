/**
 * The user's own files as this device can read them: in place, never copied. A picked file is usable at once in all
 * tabs; its handle is kept, so that after a reload one click (or none) opens it again.
 */
import { TaggedError } from '#lib/model/errors.ts';
import { FileId, type ProjectId } from '#lib/model/ids.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { type DendroDatabase } from '#lib/storage/database.ts';
import { isSameRecording, reconnect, rememberRecording, requestAccess } from '#lib/storage/recordings.ts';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import * as v from 'valibot';
import { type PickedFile } from './file-intake.svelte.ts';

const TabMessage = v.variant('kind', [
  v.object({ kind: v.literal('file'), file: FileId, blob: v.instance(File) }),
  v.object({ kind: v.literal('ask') })
]);
type TabMessage = v.InferOutput<typeof TabMessage>;

export class FileShelf {
  readonly #database: DendroDatabase;
  readonly #tabs = new BroadcastChannel('dendro:files');
  readonly #recalled = new Set<FileId>();
  /** Those of which it is known by now whether a handle is kept. */
  #looked = new SvelteSet<FileId>();
  #open = new SvelteMap<FileId, File>();
  /** Files of which a handle is kept that the browser wants to be asked about. */
  #remembered = new SvelteSet<FileId>();

  constructor(database: DendroDatabase) {
    this.#database = database;
    this.#tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
      const parsed = v.safeParse(TabMessage, data);
      if (parsed.success) this.#hear(parsed.output);
    };
    this.#tell({ kind: 'ask' });
  }

  close(): void {
    this.#tabs.close();
  }

  /** The file, when it can be read without asking. */
  get(file: FileId): File | undefined {
    return this.#open.get(file);
  }

  /**
   * The file as it lies there now: a handle leads to a file that was put back or saved again, a File does not.
   * @throws TaggedError `file-changed` when other bytes stand in its place
   */
  async fresh(known: FileState): Promise<File | undefined> {
    const open = this.#open.get(known.file);
    const found = open && (await reconnect(this.#database, known.file));
    if (found?.state !== 'ready') return open;
    if (!(await isSame(known, found.file)))
      throw new TaggedError('file-changed', `${known.name} changed after it was added`, { name: known.name });
    this.#open.set(known.file, found.file);
    return found.file;
  }

  placeOf(file: FileId): 'picked' | 'reconnect' | 'looking' | undefined {
    if (this.#open.has(file)) return 'picked';
    if (!this.#looked.has(file)) return 'looking';
    return this.#remembered.has(file) ? 'reconnect' : undefined;
  }

  /** Looks for kept handles of files that are not open; what the browser still permits is opened. */
  async recall(files: readonly FileState[]): Promise<void> {
    const fresh = files.filter(({ file }) => !this.#open.has(file) && !this.#recalled.has(file));
    if (fresh.length === 0) return;
    for (const { file } of fresh) this.#recalled.add(file);
    const kept = new Set<string>(await this.#database.recordings.toCollection().primaryKeys());
    // All at once: each addition would have every list of files made anew.
    for (const { file } of fresh) if (!kept.has(file)) this.#looked.add(file);
    for (const known of fresh) {
      if (!kept.has(known.file)) continue;
      const found = await reconnect(this.#database, known.file);
      if (found.state === 'ready' && (await isSame(known, found.file))) this.#show(known.file, found.file);
      else if (found.state === 'permission-needed') this.#remembered.add(known.file);
      this.#looked.add(known.file);
    }
  }

  /** Keeps a file that was just picked. */
  async keep(project: ProjectId, known: FileState, picked: PickedFile): Promise<void> {
    this.#show(known.file, picked.file);
    const { file, handle } = { file: picked.file, handle: picked.handle };
    await rememberRecording(this.#database, {
      id: known.file,
      name: file.name,
      size: file.size,
      lastModified: file.lastModified,
      openedAt: Date.now(),
      project,
      ...(known.spotHash !== undefined && { spotHash: known.spotHash }),
      ...(known.selection && { selection: JSON.stringify(known.selection) }),
      ...(known.probe !== undefined && { probe: known.probe }),
      ...(handle && { handle })
    });
  }

  /** Another name for the same bytes, such as the entry of a file that a node reads itself. */
  async keepAlso(project: ProjectId, added: FileState, same: FileId): Promise<void> {
    const open = this.#open.get(same);
    const handle = (await this.#database.recordings.get(same))?.handle;
    if (open) await this.keep(project, added, { file: open, handle });
  }

  /**
   * Asks the browser for a remembered file; must be called from a click.
   * @returns false where it must be picked again (no handle, refused, or moved).
   * @throws TaggedError `different-file` when another file stands in its place.
   */
  async reconnect(known: FileState): Promise<boolean> {
    const found = await requestAccess(this.#database, known.file);
    if (found.state !== 'ready') return false;
    if (!(await isSame(known, found.file))) throw different(known, found.file);
    this.#show(known.file, found.file);
    return true;
  }

  /**
   * Takes a file that was picked again.
   * @throws TaggedError `different-file` unless size and spot hash are those of the file that was added.
   */
  async reconnectWith(project: ProjectId, known: FileState, picked: PickedFile): Promise<void> {
    if (!(await isSame(known, picked.file))) throw different(known, picked.file);
    await this.keep(project, known, picked);
  }

  async forget(files: readonly FileId[]): Promise<void> {
    for (const file of files) {
      this.#open.delete(file);
      this.#remembered.delete(file);
    }
    await this.#database.recordings.bulkDelete([...files]);
  }

  #show(file: FileId, blob: File): void {
    this.#open.set(file, blob);
    this.#tell({ kind: 'file', file, blob });
  }

  #hear(message: TabMessage): void {
    if (message.kind === 'file') this.#open.set(message.file, message.blob);
    else for (const [file, blob] of this.#open) this.#tell({ kind: 'file', file, blob });
  }

  #tell(message: TabMessage): void {
    this.#tabs.postMessage(message);
  }
}

/** Unchanged by name, size and time, or else by size and sampled hash. */
async function isSame(known: FileState, file: File): Promise<boolean> {
  const sameTime = known.lastModified === file.lastModified && known.name === file.name;
  if (sameTime && known.size === file.size) return true;
  const { size, spotHash } = known;
  return isSameRecording({ size, ...(spotHash !== undefined && { spotHash }) }, file);
}

function different(known: FileState, file: File): TaggedError {
  return new TaggedError('different-file', `${file.name} is not the file that was added as ${known.name}`, {
    picked: file.name,
    added: known.name
  });
}
