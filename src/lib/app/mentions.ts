/** Mentions as people write them, `@Name`, and as they are stored, `@` and the person's id. */
import { type PersonId } from '#lib/model/ids.ts';

/** How each person is mentioned: by name, with a number where two have the same. */
export function mentionNames(
  people: readonly { person: PersonId; name: string; role: string }[]
): Map<PersonId, string> {
  const seen = new Map<string, number>();
  const names = new Map<PersonId, string>();
  for (const { person, name, role } of people) {
    if (role === 'compute') continue;
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    names.set(person, count === 1 ? name : `${name} (${count})`);
  }
  return names;
}

/** The longest name first: "Ann" must not be found in "@Anna". */
export function namesToIds(text: string, names: ReadonlyMap<PersonId, string>): string {
  const byLength = [...names].sort(([, a], [, b]) => b.length - a.length);
  let encoded = '';
  for (let at = 0; at < text.length;) {
    const rest = text.slice(at + 1);
    const found = text[at] === '@' && byLength.find(([, name]) => startsWithName(rest, name));
    encoded += found ? `@${found[0]}` : text[at];
    at += found ? found[1].length + 1 : 1;
  }
  return encoded;
}

function startsWithName(rest: string, name: string): boolean {
  return rest.startsWith(name) && !/^[\p{L}\p{N}]/u.test(rest.slice(name.length));
}

/** What somebody has typed after an `@` up to the caret, if that may become a mention. */
export function mentionAt(text: string, caret: number): { start: number; typed: string } | undefined {
  const match = /(?:^|\s)@([\p{L}\p{N} ._-]{0,40})$/u.exec(text.slice(0, caret));
  if (match?.[1] === undefined) return undefined;
  return { start: caret - match[1].length - 1, typed: match[1] };
}
