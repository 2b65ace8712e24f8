/** How far a transfer is. Rates and times left are the reader's to make from it (they need a clock). */
import { chunkBytes } from '#lib/bytes/content-root.ts';

export interface TransferProgress {
  /** Verified bytes, those of earlier connections included. */
  bytesDone: number;
  bytesTotal: number;
}

/** Length of one chunk of a file. */
export function chunkLength(size: number, index: number): number {
  return Math.max(0, Math.min(chunkBytes, size - index * chunkBytes));
}
