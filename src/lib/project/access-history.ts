/** The graph of access entries: each names the latest ones that its author knew. */
import { type EntryHeader } from './entry.ts';

type HashedEntry = EntryHeader & { hash: string };

export class AccessHistory {
  readonly #parents = new Map<string, readonly string[]>();
  readonly #children = new Map<string, string[]>();
  readonly #named = new Set<string>();
  readonly #heads = new Set<string>();
  readonly #pasts = new Map<string, ReadonlySet<string>>();
  readonly #futures = new Map<string, ReadonlySet<string>>();

  /** Access entries that no other one names. */
  get heads(): string[] {
    return [...this.#heads];
  }

  /** Takes an access entry in, understood or not. */
  add(entry: HashedEntry): void {
    this.#parents.set(entry.hash, entry.access);
    for (const known of entry.access) {
      this.#named.add(known);
      this.#heads.delete(known);
      const children = this.#children.get(known);
      if (children) children.push(entry.hash);
      else this.#children.set(known, [entry.hash]);
    }
    if (!this.#named.has(entry.hash)) this.#heads.add(entry.hash);
    // One that came late may close a gap in any past.
    this.#pasts.clear();
    this.#futures.clear();
  }

  /** Whether the author of `act` knew of the access entry with this hash. Meant for few acts and many hashes. */
  knew(act: HashedEntry, hash: string): boolean {
    return this.#reach(this.#pasts, act.hash, act.access, this.#parents).has(hash);
  }

  /** The same, for many entries and few hashes: any member can write thousands of entries that say nothing. */
  buildsOn(entry: EntryHeader, hash: string): boolean {
    const future = this.#reach(this.#futures, hash, [hash], this.#children);
    return entry.access.some((head) => future.has(head));
  }

  /** All that can be reached from some entries, kept under a name. */
  #reach(
    kept: Map<string, ReadonlySet<string>>,
    name: string,
    from: readonly string[],
    next: ReadonlyMap<string, readonly string[]>
  ): ReadonlySet<string> {
    const known = kept.get(name);
    if (known) return known;
    const reached = new Set<string>();
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      open.push(...(next.get(at) ?? []));
    }
    kept.set(name, reached);
    return reached;
  }
}
