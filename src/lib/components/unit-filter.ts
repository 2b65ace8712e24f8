/**
 * Filter expressions of the unit table, such as `snr>5 & rate>0.1`: comparisons joined by & and |, with parentheses;
 * & binds closer. A name is a column; a value is a number or text, compared without regard to case.
 */
export type FilterValues = Readonly<Record<string, number | string>>;
export type UnitFilter =
  { ok: true; matches: (values: FilterValues) => boolean } | { ok: false; message: string };

type Test = (values: FilterValues) => boolean;
type Token = { kind: 'word' | 'operator' | 'joint' | 'open' | 'close'; text: string };

class FilterProblem extends Error {}
const deepestNesting = 50;

/** @param columns Names that may be used; matched without regard to case. */
export function parseUnitFilter(text: string, columns: readonly string[]): UnitFilter {
  if (text.trim() === '') return { ok: true, matches: () => true };
  try {
    const tokens = tokenize(text);
    const reader = { tokens, at: 0, columns };
    const matches = readAny(reader, 0);
    const rest = tokens[reader.at];
    if (rest) throw new FilterProblem(`“${rest.text}” is not expected here`);
    return { ok: true, matches };
  } catch (error) {
    if (error instanceof FilterProblem) return { ok: false, message: error.message };
    throw error;
  }
}

function tokenize(text: string): Token[] {
  const pattern = /\s*(?:(&&?|\|\|?)|(>=|<=|!=|==?|>|<|≥|≤|≠)|(\()|(\))|"([^"]*)"|([^\s&|()<>=!≥≤≠"]+))/y;
  const tokens: Token[] = [];
  const clean = text.trim();
  while (pattern.lastIndex < clean.length) {
    const at = pattern.lastIndex;
    const match = pattern.exec(clean);
    if (!match) throw new FilterProblem(`“${clean.slice(at).trim()}” is not understood`);
    const [, joint, operator, open, close, quoted, word] = match;
    if (joint) tokens.push({ kind: 'joint', text: joint[0] ?? '' });
    else if (operator) tokens.push({ kind: 'operator', text: operator });
    else if (open) tokens.push({ kind: 'open', text: open });
    else if (close) tokens.push({ kind: 'close', text: close });
    else tokens.push({ kind: 'word', text: quoted ?? word ?? '' });
  }
  return tokens;
}

interface Reader {
  tokens: Token[];
  at: number;
  columns: readonly string[];
}

function readAny(reader: Reader, depth: number): Test {
  const tests = [readAll(reader, depth)];
  while (takeJoint(reader, '|')) tests.push(readAll(reader, depth));
  return (values) => tests.some((test) => test(values));
}

function readAll(reader: Reader, depth: number): Test {
  const tests = [readOne(reader, depth)];
  while (takeJoint(reader, '&')) tests.push(readOne(reader, depth));
  return (values) => tests.every((test) => test(values));
}

function takeJoint(reader: Reader, text: string): boolean {
  const token = reader.tokens[reader.at];
  if (token?.kind !== 'joint' || token.text !== text) return false;
  reader.at++;
  return true;
}

function readOne(reader: Reader, depth: number): Test {
  if (depth > deepestNesting) throw new FilterProblem('too many parentheses');
  const first = reader.tokens[reader.at++];
  if (first?.kind === 'open') {
    const inner = readAny(reader, depth + 1);
    if (reader.tokens[reader.at++]?.kind !== 'close') throw new FilterProblem('a parenthesis is not closed');
    return inner;
  }
  if (first?.kind !== 'word')
    throw new FilterProblem(
      first ? `“${first.text}” is not expected here` : 'something is missing at the end'
    );
  const column = reader.columns.find((name) => name.toLowerCase() === first.text.toLowerCase());
  if (!column) throw new FilterProblem(`no column “${first.text}”; there are ${reader.columns.join(', ')}`);
  const operator = reader.tokens[reader.at++];
  const value = reader.tokens[reader.at++];
  if (operator?.kind !== 'operator' || value?.kind !== 'word')
    throw new FilterProblem(`write “${column}”, a comparison and a value, such as ${column}>5`);
  return comparison(column, operator.text, value.text);
}

function comparison(column: string, operator: string, wanted: string): Test {
  const number = Number(wanted);
  const compare = (value: number | string | undefined): number => {
    if (typeof value === 'number') return Number.isNaN(number) ? NaN : value - number;
    return (value ?? '').toLowerCase() === wanted.toLowerCase() ? 0 : NaN;
  };
  const tests: Record<string, (difference: number) => boolean> = {
    '>': (difference) => difference > 0,
    '<': (difference) => difference < 0,
    '>=': (difference) => difference >= 0,
    '≥': (difference) => difference >= 0,
    '<=': (difference) => difference <= 0,
    '≤': (difference) => difference <= 0,
    '!=': (difference) => difference !== 0,
    '≠': (difference) => difference !== 0,
    '=': (difference) => difference === 0,
    '==': (difference) => difference === 0
  };
  const test = tests[operator] ?? (() => false);
  return (values) => test(compare(values[column]));
}
