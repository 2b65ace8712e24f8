/**
 * Results that are stored on this device under their content roots, and their way here: verified chunk by chunk and as
 * a whole, resumed where a lost connection left off, and never begun without the space.
 */
import { type ByteSource } from '#lib/bytes/byte-source.ts';
import { chunkBytes } from '#lib/bytes/content-root.ts';
import { type ComputeClient } from '#lib/compute/compute-client.ts';
import { type PartialFile } from '#lib/compute/partial-file.ts';
import { TransferId } from '#lib/compute/protocol.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { describeError } from '#lib/model/error-text.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { ContentRoot, type FileId, type ProjectId } from '#lib/model/ids.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { type BlobStore } from '#lib/storage/blob-store.ts';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import * as v from 'valibot';
import { openPartialBlob } from './partial-blob.ts';
import { type LiveJobs } from './live-jobs.svelte.ts';

/** What the tabs of one browser tell each other of results. */
const ShelfMessage = v.variant('kind', [
  v.object({ kind: v.literal('moved'), root: ContentRoot }),
  v.object({ kind: v.literal('problem'), root: ContentRoot, text: v.undefinedable(v.string()) })
]);

interface Unfinished {
  transfer: TransferId;
  partial: PartialFile | undefined;
}
/** A file of the project, or a job's log, which has no entry of its own. */
export type ShelvedFile = Pick<FileState, 'name' | 'size' | 'root'> & { file?: FileId | undefined };

export interface FetchRequest {
  project: ProjectId;
  file: ShelvedFile;
  client: ComputeClient;
  live: LiveJobs;
}

export class ResultShelf {
  readonly #blobs: BlobStore;
  readonly #tabs = new BroadcastChannel('dendro:results');
  #here = new SvelteSet<ContentRoot>();
  #problems = new SvelteMap<ContentRoot, string>();
  readonly #looked = new Set<ContentRoot>();
  readonly #running = new Map<ContentRoot, Promise<void>>();
  readonly #unfinished = new Map<ContentRoot, Unfinished>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
    this.#tabs.onmessage = ({ data }: MessageEvent<unknown>) => {
      const { success, output } = v.safeParse(ShelfMessage, data);
      if (!success) return;
      if (output.kind === 'moved') void this.#look(output.root);
      else this.#setProblem(output.root, output.text);
    };
  }

  close(): void {
    this.#tabs.close();
  }

  has(root: ContentRoot): boolean {
    return this.#here.has(root);
  }
  /** Why a result could not be brought here. */
  problemOf(root: ContentRoot): string | undefined {
    return this.#problems.get(root);
  }
  open(root: ContentRoot): Promise<File | undefined> {
    return this.#blobs.get(root);
  }

  /** Finds out which of these are here; each is looked for once, and again when a tab says that it came or went. */
  async look(roots: readonly ContentRoot[]): Promise<void> {
    const fresh = roots.filter((root) => !this.#looked.has(root));
    for (const root of fresh) this.#looked.add(root);
    const found = await Promise.all(fresh.map((root) => this.#blobs.get(root)));
    for (const [at, root] of fresh.entries()) this.#setHere(root, found[at] !== undefined);
  }

  /**
   * Brings a file here; a second call for the same waits for the first.
   * @throws TaggedError `storage-full`, `connection-lost`, `root-mismatch`, `file-not-here`
   */
  fetch(request: FetchRequest): Promise<void> {
    const { root } = request.file;
    if (!root) throw new TaggedError('file-not-here', 'the content of this file is not known yet');
    const running =
      this.#running.get(root) ?? this.#fetch(root, request).finally(() => this.#running.delete(root));
    this.#running.set(root, running);
    return running;
  }

  /**
   * Stores content that lies somewhere else on this device, checked against its root.
   * @returns whether it was not here before
   * @throws TaggedError `root-mismatch`, `storage-full`; nothing of it is kept then
   */
  async take(
    { root, name }: { root: ContentRoot; name: string },
    source: ByteSource,
    { signal, onProgress }: { signal: AbortSignal; onProgress: (bytesDone: number) => void }
  ): Promise<boolean> {
    if (await this.#look(root)) return false;
    const writer = await this.#blobs.create({ root, name, size: source.size, kind: 'result' });
    try {
      for (let at = 0; at < source.size; at += chunkBytes) {
        const length = Math.min(chunkBytes, source.size - at);
        await writer.write(await source.read(at, length, signal), at);
        onProgress(at + length);
      }
    } catch (error) {
      await writer.abort();
      throw error;
    }
    await writer.commit();
    await this.#look(root);
    this.#tell({ kind: 'moved', root });
    return true;
  }

  async remove(root: ContentRoot): Promise<void> {
    await this.#blobs.remove(root);
    this.#here.delete(root);
    this.#tell({ kind: 'moved', root });
  }

  async #fetch(root: ContentRoot, { project, file, client, live }: FetchRequest): Promise<void> {
    if (await this.#look(root)) return;
    const unfinished = this.#unfinished.get(root) ?? {
      transfer: v.parse(TransferId, toHex(randomBytes(16))),
      partial: undefined
    };
    this.#unfinished.set(root, unfinished);
    this.#tellProblem(root, undefined);
    try {
      await client.fetchFile({
        project,
        ...(file.file && { file: file.file }),
        root,
        transfer: unfinished.transfer,
        partial: unfinished.partial,
        create: async (identity) =>
          (unfinished.partial = await openPartialBlob(
            this.#blobs,
            { root, size: file.size, name: file.name },
            identity
          )),
        onProgress: (progress) => file.file && live.countTransfer('returning', file.file, progress)
      });
      this.#unfinished.delete(root);
      this.#here.add(root);
      this.#tell({ kind: 'moved', root });
    } catch (error) {
      await this.#keepOrDiscard(root, unfinished, error);
      throw error;
    } finally {
      if (file.file) live.endTransfer('returning', file.file);
    }
  }

  /** A lost connection keeps what came; anything else begins anew, and is told. */
  async #keepOrDiscard(root: ContentRoot, unfinished: Unfinished, error: unknown): Promise<void> {
    const record = toErrorRecord(error);
    if (record.tag === 'connection-lost' || record.tag === 'peer-closed') return;
    this.#unfinished.delete(root);
    await unfinished.partial?.discard().catch(() => undefined);
    this.#tellProblem(root, describeError(record).what);
  }

  #tellProblem(root: ContentRoot, text: string | undefined): void {
    if (this.#problems.get(root) === text) return;
    this.#setProblem(root, text);
    this.#tell({ kind: 'problem', root, text });
  }
  #setProblem(root: ContentRoot, text: string | undefined): void {
    if (text === undefined) this.#problems.delete(root);
    else this.#problems.set(root, text);
  }

  #tell(message: v.InferInput<typeof ShelfMessage>): void {
    this.#tabs.postMessage(message);
  }

  async #look(root: ContentRoot): Promise<boolean> {
    const here = (await this.#blobs.get(root)) !== undefined;
    this.#setHere(root, here);
    return here;
  }
  #setHere(root: ContentRoot, here: boolean): void {
    if (here) this.#here.add(root);
    else this.#here.delete(root);
  }
}
