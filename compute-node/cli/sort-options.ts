/** The options of `dendro sort`, checked before anything is read. */
import { availableParallelism } from 'node:os';
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';
import { type ParameterSpec, type ParameterValue } from '#lib/model/processor.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { UsageError } from './exit.ts';

export interface RawLayout {
  samplingRateHz?: number;
  channelCount?: number;
  dtype?: 'int16' | 'float32';
  offsetBytes?: number;
  gainUv?: number;
  offsetUv?: number;
}

export interface SortOptions {
  recording: string;
  output: string;
  seriesPath?: string;
  probePath?: string;
  metadataPath?: string;
  /** What was given of a raw file's layout. */
  raw: RawLayout;
  /** Seconds from the start; the end may be open. */
  window?: { startSeconds: number; endSeconds?: number };
  workers: number;
  seed: number;
  parameters: Record<string, ParameterValue>;
  json: boolean;
}

const options = {
  output: { type: 'string', short: 'o' },
  series: { type: 'string' },
  probe: { type: 'string' },
  metadata: { type: 'string' },
  'sampling-rate': { type: 'string' },
  channels: { type: 'string' },
  dtype: { type: 'string' },
  'offset-bytes': { type: 'string' },
  'gain-uv': { type: 'string' },
  'offset-uv': { type: 'string' },
  seconds: { type: 'string' },
  workers: { type: 'string' },
  seed: { type: 'string' },
  param: { type: 'string', multiple: true },
  json: { type: 'boolean' },
  verbose: { type: 'boolean' }
} satisfies ParseArgsOptionsConfig;

/** @throws UsageError naming the option that is wrong */
export function parseSortOptions(args: string[]): SortOptions {
  const { values, positionals } = parse(args);
  const [recording, ...extra] = positionals;
  if (recording === undefined) throw new UsageError('Name the recording to sort.');
  if (extra.length > 0) throw new UsageError(`One recording at a time: "${extra.join(' ')}" is too much.`);
  if (values.output === undefined) throw new UsageError('Name the result with -o OUT.nwb.');
  return {
    recording,
    output: values.output,
    raw: rawLayout(values),
    workers: wholeNumber('--workers', values.workers, { min: 1, max: 256 }) ?? availableParallelism(),
    seed: wholeNumber('--seed', values.seed, { min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0,
    parameters: parseParameters(values.param ?? []),
    json: values.json ?? false,
    ...(values.series === undefined ? {} : { seriesPath: values.series }),
    ...(values.probe === undefined ? {} : { probePath: values.probe }),
    ...(values.metadata === undefined ? {} : { metadataPath: values.metadata }),
    ...(values.seconds === undefined ? {} : { window: parseWindow(values.seconds) })
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({ args: joinNegativeValues(args), options, allowPositionals: true });
  } catch (error) {
    throw new UsageError(error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error));
  }
}

/** `--offset-uv -400` is a value, though it looks like an option: hand it over as `--offset-uv=-400`. */
function joinNegativeValues(args: string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const previous = joined.at(-1);
    if (/^-[\d.]/.test(arg) && previous !== undefined && /^--[a-z-]+$/.test(previous))
      joined[joined.length - 1] = `${previous}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

function rawLayout(values: ReturnType<typeof parse>['values']): RawLayout {
  const { dtype } = values;
  if (dtype !== undefined && dtype !== 'int16' && dtype !== 'float32')
    throw new UsageError(`--dtype is int16 or float32, not "${dtype}".`);
  const given = {
    samplingRateHz: finiteNumber('--sampling-rate', values['sampling-rate'], { above: 0 }),
    channelCount: wholeNumber('--channels', values.channels, { min: 1, max: 65536 }),
    dtype,
    offsetBytes: wholeNumber('--offset-bytes', values['offset-bytes'], {
      min: 0,
      max: Number.MAX_SAFE_INTEGER
    }),
    gainUv: finiteNumber('--gain-uv', values['gain-uv']),
    offsetUv: finiteNumber('--offset-uv', values['offset-uv'])
  };
  if (given.gainUv === 0) throw new UsageError('--gain-uv is not 0: every sample would be the same.');
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

function parseWindow(text: string): NonNullable<SortOptions['window']> {
  const [start, end, ...rest] = text.split(':');
  if (start === undefined || end === undefined || rest.length > 0)
    throw new UsageError(`--seconds takes A:B, such as 10:70, not "${text}".`);
  const startSeconds = start === '' ? 0 : finiteNumber('--seconds', start);
  const endSeconds = end === '' ? undefined : finiteNumber('--seconds', end);
  if (startSeconds === undefined || startSeconds < 0)
    throw new UsageError('--seconds starts at 0 or later, counted from the start of the recording.');
  if (endSeconds === undefined) return { startSeconds };
  if (endSeconds <= startSeconds) throw new UsageError(`--seconds ${text} ends before it starts.`);
  return { startSeconds, endSeconds };
}

function parseParameters(assignments: string[]): Record<string, ParameterValue> {
  const values: Record<string, ParameterValue> = {};
  for (const assignment of assignments) {
    const at = assignment.indexOf('=');
    if (at < 1) throw new UsageError(`--param takes NAME=VALUE, not "${assignment}".`);
    const name = assignment.slice(0, at);
    const specification = engineProcessor.parameters.find((parameter) => parameter.name === name);
    if (!specification) {
      const known = engineProcessor.parameters.map((parameter) => parameter.name).join(', ');
      throw new UsageError(`There is no parameter "${name}". There are: ${known}.`);
    }
    values[name] = parseValue(specification, assignment.slice(at + 1));
  }
  return values;
}

function parseValue({ name, type }: ParameterSpec, text: string): ParameterValue {
  if (type === 'str') return text;
  if (type === 'bool') {
    if (text !== 'true' && text !== 'false')
      throw new UsageError(`--param ${name} is true or false, not "${text}".`);
    return text === 'true';
  }
  if (type.startsWith('Optional') && text === 'null') return null;
  if (type.startsWith('List'))
    return text.split(',').map((part) => (type === 'List[str]' ? part : toNumber(name, part)));
  return toNumber(name, text);
}

function toNumber(name: string, text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new UsageError(`--param ${name} is a number, not "${text}".`);
  return value;
}

function finiteNumber(
  option: string,
  text: string | undefined,
  bounds: { above?: number } = {}
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value))
    throw new UsageError(`${option} takes a number, not "${text}".`);
  if (bounds.above !== undefined && value <= bounds.above)
    throw new UsageError(`${option} is more than ${bounds.above}, not ${text}.`);
  return value;
}

function wholeNumber(
  option: string,
  text: string | undefined,
  { min, max }: { min: number; max: number }
): number | undefined {
  const value = finiteNumber(option, text);
  if (value === undefined) return undefined;
  if (!Number.isInteger(value) || value < min || value > max)
    throw new UsageError(
      `${option} takes a whole number from ${min}${max < 1e9 ? ` to ${max}` : ''}, not "${text ?? ''}".`
    );
  return value;
}
