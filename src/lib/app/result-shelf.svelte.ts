/**
 * Results that are stored on this device under their content roots, and their way here: verified chunk by chunk and as
 * a whole, resumed where a lost connection left off, and never begun without the space.
 */
import { type ComputeClient } from '#lib/compute/compute-client.ts';
import { type PartialFile } from '#lib/compute/partial-file.ts';
import { TransferId } from '#lib/compute/protocol.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { describeError } from '#lib/model/error-text.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot, type ProjectId } from '#lib/model/ids.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { type BlobStore } from '#lib/storage/blob-store.ts';
import { SvelteMap, SvelteSet } from 'svelte/reactivity';
import * as v from 'valibot';
import { openPartialBlob } from './partial-blob.ts';
import { type LiveJobs } from './live-jobs.svelte.ts';

interface Unfinished {
  transfer: TransferId;
  partial: PartialFile | undefined;
}
export interface FetchRequest {
  project: ProjectId;
  file: FileState;
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
    this.#tabs.onmessage = ({ data }: MessageEvent<ContentRoot>) => void this.#look(data);
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
    await Promise.all(fresh.map((root) => this.#look(root)));
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

  async remove(root: ContentRoot): Promise<void> {
    await this.#blobs.remove(root);
    this.#here.delete(root);
    this.#tabs.postMessage(root);
  }

  async #fetch(root: ContentRoot, { project, file, client, live }: FetchRequest): Promise<void> {
    if (await this.#look(root)) return;
    const unfinished = this.#unfinished.get(root) ?? {
      transfer: v.parse(TransferId, toHex(randomBytes(16))),
      partial: undefined
    };
    this.#unfinished.set(root, unfinished);
    this.#problems.delete(root);
    try {
      await client.fetchFile({
        project,
        file: file.file,
        root,
        transfer: unfinished.transfer,
        partial: unfinished.partial,
        create: async (identity) =>
          (unfinished.partial = await openPartialBlob(
            this.#blobs,
            { root, size: file.size, name: file.name },
            identity
          )),
        onProgress: (progress) => live.countTransfer('returning', file.file, progress)
      });
      this.#unfinished.delete(root);
      this.#here.add(root);
      this.#tabs.postMessage(root);
    } catch (error) {
      await this.#keepOrDiscard(root, unfinished, error);
      throw error;
    } finally {
      live.endTransfer('returning', file.file);
    }
  }

  /** A lost connection keeps what came; anything else begins anew, and is told. */
  async #keepOrDiscard(root: ContentRoot, unfinished: Unfinished, error: unknown): Promise<void> {
    const record = toErrorRecord(error);
    if (record.tag === 'connection-lost' || record.tag === 'peer-closed') return;
    this.#unfinished.delete(root);
    await unfinished.partial?.discard().catch(() => undefined);
    this.#problems.set(root, describeError(record).what);
  }

  async #look(root: ContentRoot): Promise<boolean> {
    const here = (await this.#blobs.get(root)) !== undefined;
    if (here) this.#here.add(root);
    else this.#here.delete(root);
    return here;
  }
}
