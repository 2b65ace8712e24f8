/**
 * Who is here and what they look at. A state says nothing about who somebody is: person and device come from the
 * handshake of the connection that brought it.
 */
import * as v from 'valibot';

const stateLimit = 4096;
const text = v.pipe(v.string(), v.maxLength(200));

export const Presence = v.object({
  /** The screen: `files`, `recording`, `sorting` …; what is unknown is not shown. */
  place: v.optional(text),
  /** Id of the file, job or unit in focus. */
  focus: v.optional(text),
  /** The unit looked at, of the sorting in focus. */
  unit: v.optional(v.pipe(v.number(), v.safeInteger(), v.minValue(0))),
  /** The middle of the shown stretch of the recording, in s from its start. */
  seconds: v.optional(v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(1e8)))
});
export type Presence = v.InferOutput<typeof Presence>;

/** A presence as y-protocols carries it: JSON, `null` when somebody leaves. @returns undefined when not acceptable */
export function checkPresence(state: string): string | undefined {
  if (state.length > stateLimit) return undefined;
  const parsed = v.safeParse(v.nullable(Presence), JSON.parse(state));
  return parsed.success ? JSON.stringify(parsed.output) : undefined;
}
