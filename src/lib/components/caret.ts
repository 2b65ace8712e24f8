/** Where a caret belongs after a text was changed by somebody else: between the same characters. Pure. */

/** @param at the caret in `before`, in UTF-16 units */
export function caretAfter({ before, after, at }: { before: string; after: string; at: number }): number {
  const shorter = Math.min(before.length, after.length);
  let prefix = 0;
  while (prefix < shorter && before[prefix] === after[prefix]) prefix++;
  if (at <= prefix) return at;
  let suffix = 0;
  while (suffix < shorter - prefix && before.at(-1 - suffix) === after.at(-1 - suffix)) suffix++;
  const afterChange = at >= before.length - suffix;
  return afterChange ? at + after.length - before.length : after.length - suffix;
}
