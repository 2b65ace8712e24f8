/**
 * Forks: a writer that signed two histories. Replicas may hold different ones for ever, so once anybody has shown the
 * evidence, nothing of that writer counts, on any replica.
 */
import { fromBase64Url, toBase64Url } from '../identity/encoding.ts';
import { type ProjectId } from '../model/ids.ts';
import { decodeSignedHeader, encodeSignedHeader, type SignedHeader, verifyEntry } from './entry.ts';

/** Two signed headers that cannot stand in one history; they speak for themselves, whoever shows them. */
export interface ForkEvidence {
  first: string;
  second: string;
}

export function forkEvidence(first: SignedHeader, second: SignedHeader): ForkEvidence {
  return {
    first: toBase64Url(encodeSignedHeader(first)),
    second: toBase64Url(encodeSignedHeader(second))
  };
}

/** Whether no honest writer signs both: two entries for one place, or one that builds on another than what it follows. */
export function contradict(first: SignedHeader, second: SignedHeader): boolean {
  if (first.seq === second.seq) return first.hash !== second.hash;
  return second.seq === first.seq + 1 && second.prev !== first.hash;
}

/** @returns the writer that forked, when the evidence holds */
export async function provenFork(
  project: ProjectId,
  evidence: ForkEvidence
): Promise<SignedHeader['writer'] | undefined> {
  try {
    const first = await decodeSignedHeader(fromBase64Url(evidence.first));
    const second = await decodeSignedHeader(fromBase64Url(evidence.second));
    const ofOneWriter =
      first.project === project && second.project === project && first.writer === second.writer;
    const signed = ofOneWriter && (await verifyEntry(first)) && (await verifyEntry(second));
    return signed && contradict(first, second) ? first.writer : undefined;
  } catch {
    return undefined;
  }
}
