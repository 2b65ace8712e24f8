/** A processor's parameters as a form: groups, texts to values and back, and what is wrong with a value. Pure. */
import { type ParameterSpec, type ParameterValue, type ProcessorSpec } from '#lib/model/processor.ts';

export interface ParameterGroup {
  label: string;
  parameters: ParameterSpec[];
}

/** In the order of the spec; parameters without a group come first, under "General". */
export function groupParameters(spec: ProcessorSpec): ParameterGroup[] {
  const groups = new Map<string, ParameterSpec[]>([['General', []]]);
  for (const parameter of spec.parameters) {
    const label = parameter.group ?? 'General';
    const group = groups.get(label);
    if (group) group.push(parameter);
    else groups.set(label, [parameter]);
  }
  return [...groups]
    .filter(([, parameters]) => parameters.length > 0)
    .map(([label, parameters]) => ({ label, parameters }));
}

/** A parameter's name for reading: "bandLowHz" is "Band low" where its unit is said beside it. */
export function parameterLabel({ name, unit }: ParameterSpec): string {
  const words = name
    .replaceAll('_', ' ')
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(' ');
  const plainUnit = unit?.replace('µ', 'u').toLowerCase();
  if (words.length > 1 && (words.at(-1) === plainUnit || (words.at(-1) === 'seconds' && unit === 's')))
    words.pop();
  const text = words.join(' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The value a parameter has when nothing is said. */
export function defaultOf(parameter: ParameterSpec): ParameterValue {
  return parameter.default ?? null;
}

export function sameValue(a: ParameterValue | undefined, b: ParameterValue | undefined): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** As it stands in a field. */
export function valueText(value: ParameterValue | undefined): string {
  if (value === null || value === undefined) return '';
  return Array.isArray(value) ? value.join(', ') : String(value);
}

/** Words for what a field takes, such as "Whole number, 1 to 20" (undefined where every text will do). */
export function rangeText(parameter: ParameterSpec): string | undefined {
  const kind = /int/.test(parameter.type)
    ? 'Whole number'
    : /float/.test(parameter.type)
      ? 'Number'
      : undefined;
  if (!kind) return undefined;
  const { min, max } = parameter;
  if (min !== undefined && max !== undefined) return `${kind}, ${min} to ${max}`;
  if (min !== undefined) return `${kind}, at least ${min}`;
  if (max !== undefined) return `${kind}, at most ${max}`;
  return kind;
}

export type Parsed = { ok: true; value: ParameterValue } | { ok: false; problem: string };

/** What a text in a parameter's field means. */
export function parseParameter(parameter: ParameterSpec, text: string): Parsed {
  const trimmed = text.trim();
  if (parameter.type === 'bool') return { ok: true, value: trimmed === 'true' };
  if (trimmed === '' && parameter.type.startsWith('Optional')) return { ok: true, value: null };
  if (parameter.options) return parseOption(parameter, trimmed);
  if (parameter.type.startsWith('List')) return parseList(parameter, trimmed);
  if (parameter.type === 'str') return { ok: true, value: text };
  return parseNumber(parameter, trimmed);
}

function parseOption(parameter: ParameterSpec, text: string): Parsed {
  const option = parameter.options?.find((candidate) => String(candidate) === text);
  if (option !== undefined) return { ok: true, value: option };
  return { ok: false, problem: `Choose one of ${parameter.options?.join(', ') ?? ''}.` };
}

function parseList(parameter: ParameterSpec, text: string): Parsed {
  const parts = text.split(/[,\s]+/).filter((part) => part !== '');
  if (parameter.type === 'List[str]') return { ok: true, value: parts };
  const values: number[] = [];
  for (const part of parts) {
    const parsed = parseNumber(parameter, part);
    if (!parsed.ok) return parsed;
    if (typeof parsed.value === 'number') values.push(parsed.value);
  }
  return { ok: true, value: values };
}

function parseNumber(parameter: ParameterSpec, text: string): Parsed {
  const value = text === '' ? NaN : Number(text.replace('−', '-'));
  const range = rangeText(parameter);
  const problem = `${range ?? 'Number'}${parameter.unit ? ` (${parameter.unit})` : ''}.`;
  const whole = /int/.test(parameter.type);
  const fits =
    Number.isFinite(value) &&
    (!whole || Number.isInteger(value)) &&
    value >= (parameter.min ?? -Infinity) &&
    value <= (parameter.max ?? Infinity);
  return fits ? { ok: true, value } : { ok: false, problem };
}

/**
 * All values of a job: those of the changed fields over the spec's defaults, in the spec's order. A text that is not
 * valid counts as unchanged; forms do not get that far.
 */
export function completeValues(
  spec: ProcessorSpec,
  texts: ReadonlyMap<string, string>
): Record<string, ParameterValue> {
  return Object.fromEntries(
    spec.parameters.map((parameter) => {
      const text = texts.get(parameter.name);
      const parsed = text === undefined ? undefined : parseParameter(parameter, text);
      return [parameter.name, parsed?.ok ? parsed.value : defaultOf(parameter)];
    })
  );
}
