/**
 * What replicas show each other of the histories that they hold. Yjs compares lengths only, so two that hold different
 * histories of one writer, equally long, would never notice.
 */
import type * as Y from 'yjs';
import { type ProjectId } from '../model/ids.ts';
import { entryAt, logLength } from './carrier.ts';
import {
  decodeEntry,
  decodeSignedHeader,
  encodeSignedHeader,
  type SignedHeader,
  verifyEntry
} from './entry.ts';
import { type EntryLog } from './log.ts';

/** The last entry of one writer's log. */
export interface Head {
  writer: number;
  seq: number;
  /** Lower-case hex. */
  hash: string;
}

/** Entries that are shown at once as proof of another history. */
const mostContradictions = 16;

export interface HistoriesOptions {
  readonly project: ProjectId;
  readonly carrier: () => Y.Doc;
  readonly log: EntryLog;
  /** Called with two entries of which no honest writer signs both. */
  readonly onFork: (first: SignedHeader, second: SignedHeader) => void;
}

export class Histories {
  readonly #options: HistoriesOptions;

  constructor(options: HistoriesOptions) {
    this.#options = options;
  }

  /** Of each writer that has not forked, who wrote last first. */
  heads(): Head[] {
    return this.#options.log.lasts
      .filter(({ writer }) => !this.#options.log.isForked(writer))
      .sort((a, b) => b.lamport - a.lamport)
      .map(({ writer, seq, hash }) => ({ writer, seq, hash }));
  }

  /** Whether another replica holds entries that this one lacks. */
  lacks(heads: readonly Head[]): boolean {
    const { log, carrier } = this.#options;
    return heads.some(({ writer, seq }) => !log.isForked(writer) && seq >= logLength(carrier(), writer));
  }

  /** Our signed entries, without their bodies, where another replica's heads tell of other ones. */
  async contradictions(heads: readonly Head[]): Promise<Uint8Array[]> {
    const { log, carrier } = this.#options;
    const differing = heads.filter(({ writer, seq, hash }) => {
      const ours = log.isForked(writer) ? undefined : log.hashAt(writer, seq);
      return ours !== undefined && ours !== hash;
    });
    const shown: Uint8Array[] = [];
    for (const { writer, seq } of differing.slice(0, mostContradictions)) {
      const bytes = entryAt(carrier(), writer, seq);
      if (bytes) shown.push(encodeSignedHeader(await decodeEntry(bytes)));
    }
    return shown;
  }

  /**
   * Takes in what another replica shows as proof of another history than ours.
   * @returns false when no honest replica shows such a thing
   */
  async takeContradiction(bytes: Uint8Array): Promise<boolean> {
    const { project, log, carrier, onFork } = this.#options;
    const theirs = await decodeSignedHeader(bytes).catch(() => undefined);
    if (theirs?.project !== project || !(await verifyEntry(theirs))) return false;
    const ours = entryAt(carrier(), theirs.writer, theirs.seq);
    if (!ours || log.isForked(theirs.writer)) return true;
    const entry = await decodeEntry(ours);
    if (entry.hash !== theirs.hash) onFork(entry, theirs);
    return true;
  }
}
