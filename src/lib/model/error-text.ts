/**
 * The words a user reads for each failure: what happened, and what to do. One map, so that the wording is kept in one
 * voice; a tag that is missing falls back to the error's own message.
 */
import { type ErrorRecord } from './errors.ts';

export interface ErrorText {
  /** One sentence: what happened. */
  what: string;
  /** One sentence: what to do now. */
  remedy: string;
}

type Describe = (record: ErrorRecord) => ErrorText;

const texts: Record<string, Describe> = {
  aborted: () => ({ what: 'It was cancelled.', remedy: 'Start it again when you are ready.' })
};

/** What to show for a failure. */
export function describeError(record: ErrorRecord): ErrorText {
  const describe = Object.hasOwn(texts, record.tag) ? texts[record.tag] : undefined;
  if (describe) return describe(record);
  return { what: record.message, remedy: 'Try again; if it persists, copy the details into a report.' };
}
