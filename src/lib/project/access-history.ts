/** The graph of access entries: each names the latest ones that its author knew. */
import { type EntryHeader } from './entry.ts';

export class AccessHistory {
  readonly #parents = new Map<string, readonly string[]>();
  readonly #named = new Set<string>();
  readonly #heads = new Set<string>();
  readonly #pasts = new Map<string, ReadonlySet<string>>();

  /** Access entries that no other one names. */
  get heads(): string[] {
    return [...this.#heads];
  }

  /** Takes an access entry in, understood or not. */
  add(entry: EntryHeader & { hash: string }): void {
    this.#parents.set(entry.hash, entry.access);
    for (const known of entry.access) {
      this.#named.add(known);
      this.#heads.delete(known);
    }
    if (!this.#named.has(entry.hash)) this.#heads.add(entry.hash);
    // One that came late may close a gap in any past.
    this.#pasts.clear();
  }

  /** Whether the author of `entry` knew of the access entry with this hash. */
  knew(entry: EntryHeader & { hash: string }, hash: string): boolean {
    let past = this.#pasts.get(entry.hash);
    if (!past) this.#pasts.set(entry.hash, (past = this.#pastOf(entry.access)));
    return past.has(hash);
  }

  #pastOf(heads: readonly string[]): ReadonlySet<string> {
    const past = new Set<string>();
    const open = [...heads];
    for (let head = open.pop(); head !== undefined; head = open.pop()) {
      if (past.has(head)) continue;
      past.add(head);
      open.push(...(this.#parents.get(head) ?? []));
    }
    return past;
  }
}
