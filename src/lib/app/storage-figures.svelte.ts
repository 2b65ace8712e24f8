/** How much the browser lets the app store, how much is stored, and what may go. */
import { ContentRoot } from '#lib/model/ids.ts';
import { type BlobStore } from '#lib/storage/blob-store.ts';
import * as v from 'valibot';
import { type ResultShelf } from './result-shelf.svelte.ts';

export interface RemovableBlob {
  root: ContentRoot;
  name: string;
  size: number;
  /** Why it may go, such as "Also on the node that made it". */
  why: string;
}

/** What projects use; undefined until all are open, as until then nothing can be called unused. */
export type UsedRoots = () => Map<ContentRoot, UsedRoot> | undefined;

export interface UsedRoot {
  name: string;
  /** Why it may go nevertheless; undefined: it must stay. */
  mayGo: string | undefined;
}

export class StorageFigures {
  #usedBytes = $state<number | undefined>(undefined);
  #quotaBytes = $state<number | undefined>(undefined);
  #persisted = $state(false);
  #removable = $state.raw<readonly RemovableBlob[]>([]);
  #source: { blobs: BlobStore; results: ResultShelf; used: UsedRoots } | undefined;

  get usedBytes(): number | undefined {
    return this.#usedBytes;
  }
  get quotaBytes(): number | undefined {
    return this.#quotaBytes;
  }
  get persisted(): boolean {
    return this.#persisted;
  }
  /** Results that can be fetched again, the largest first; never the only copy. */
  get removable(): readonly RemovableBlob[] {
    return this.#removable;
  }

  watch(blobs: BlobStore, results: ResultShelf, used: UsedRoots): void {
    this.#source = { blobs, results, used };
  }

  async refresh(): Promise<void> {
    const { usage, quota } = await navigator.storage.estimate();
    this.#usedBytes = usage;
    this.#quotaBytes = quota;
    this.#persisted = await navigator.storage.persisted();
    if (!this.#source) return;
    const used = this.#source.used();
    if (!used) return;
    const blobs = await this.#source.blobs.list();
    this.#removable = blobs
      .flatMap(({ root: text, size }): RemovableBlob[] => {
        const root = v.parse(ContentRoot, text);
        const use = used.get(root);
        if (!use)
          return [
            { root, size, name: `Left over ${root.slice(0, 8)}`, why: 'No project on this device uses it' }
          ];
        return use.mayGo === undefined ? [] : [{ root, size, name: use.name, why: use.mayGo }];
      })
      .sort((a, b) => b.size - a.size);
  }

  /** Asks the browser to keep the data even when the disk is nearly full. */
  async persist(): Promise<void> {
    await navigator.storage.persist();
    await this.refresh();
  }

  async remove(root: ContentRoot): Promise<void> {
    await this.#source?.results.remove(root);
    await this.refresh();
  }
}
