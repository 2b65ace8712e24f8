/**
 * Recoverable failures carry a tag and plain details, so that they survive Comlink and peers, where class identity
 * does not. The words a user reads stand in error-text.ts.
 */
import * as v from 'valibot';

export const ErrorRecord = v.object({
  tag: v.pipe(v.string(), v.maxLength(64)),
  message: v.pipe(v.string(), v.maxLength(4000)),
  details: v.optional(v.record(v.string(), v.union([v.string(), v.number(), v.boolean(), v.null()])))
});
/** A failure as it crosses workers and peers. */
export type ErrorRecord = v.InferOutput<typeof ErrorRecord>;

export type ErrorDetails = NonNullable<ErrorRecord['details']>;

/** Base of every recoverable failure: one tag a situation, typed details, and the original as `cause`. */
export class TaggedError extends Error {
  readonly tag: string;
  readonly details: ErrorDetails;

  constructor(tag: string, message: string, details: ErrorDetails = {}, options: { cause?: unknown } = {}) {
    super(message, options);
    this.name = tag;
    this.tag = tag;
    this.details = details;
  }
}

/** The wire form of any thrown value; an unexpected one gets the tag `unexpected`. */
export function toErrorRecord(error: unknown): ErrorRecord {
  if (error instanceof TaggedError) return { tag: error.tag, message: error.message, details: error.details };
  if (error instanceof Error) {
    if (error.name === 'AbortError') return { tag: 'aborted', message: error.message };
    return { tag: 'unexpected', message: `${error.name}: ${error.message}` };
  }
  return { tag: 'unexpected', message: String(error) };
}

/** A throwable from the wire form. */
export function fromErrorRecord(record: ErrorRecord): TaggedError {
  return new TaggedError(record.tag, record.message, record.details);
}
