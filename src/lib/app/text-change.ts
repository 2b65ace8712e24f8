/** The one replacement that turns a text into another: what a text field's input means to a shared text. Pure. */

export interface TextChange {
  position: number;
  /** Characters taken out at the position. */
  length: number;
  inserted: string;
}

/** Undefined when the texts are equal. Surrogate pairs are kept together. */
export function textChange(before: string, after: string): TextChange | undefined {
  if (before === after) return undefined;
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (splitsPair(before, start) || splitsPair(after, start)) start--;
  let end = 0;
  while (end < shorter - start && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
  if (splitsPair(before, before.length - end) || splitsPair(after, after.length - end)) end--;
  return {
    position: start,
    length: before.length - end - start,
    inserted: after.slice(start, after.length - end)
  };
}

function splitsPair(text: string, at: number): boolean {
  const low = text.charCodeAt(at);
  return at > 0 && low >= 0xdc00 && low <= 0xdfff;
}
