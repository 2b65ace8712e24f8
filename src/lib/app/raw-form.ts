/** The layout of a raw binary file as the user gives it: first guesses, what is wrong, and how long it makes the recording. Pure. */
import { RecordingSelection } from '#lib/model/processor.ts';
import * as v from 'valibot';

export type RawSelection = Extract<RecordingSelection, { format: 'raw' }>;

/** Texts of the form's fields. */
export interface RawFields {
  channelCount: string;
  samplingRateHz: string;
  dtype: RawSelection['dtype'];
  offsetBytes: string;
  gainUv: string;
  offsetUv: string;
}

/** Counts of channels that recording systems have; the first that divides the file is guessed. */
const usualChannelCounts = [385, 384, 64, 32, 128, 16, 4, 256, 8, 96, 1];

/** First guesses from the file's name (such as `tetrode_4ch_15kHz_int16.dat`) and size. */
export function guessRawFields(name: string, size: number): RawFields {
  const dtype = /float32|f32|single/i.test(name) ? 'float32' : 'int16';
  const bytes = dtype === 'int16' ? 2 : 4;
  const namedChannels = /(\d+)[ _-]?(?:ch(?:an(?:nel)?s?)?)(?![a-z])/i.exec(name)?.[1];
  const namedRate = /(\d+(?:\.\d+)?)[ _-]?(k?)hz/i.exec(name);
  const guessed = usualChannelCounts.find((count) => size > 0 && size % (count * bytes) === 0) ?? 1;
  const rate = namedRate ? Number(namedRate[1]) * (namedRate[2] ? 1000 : 1) : 30_000;
  return {
    channelCount: namedChannels ?? String(guessed),
    samplingRateHz: String(rate),
    dtype,
    offsetBytes: '0',
    gainUv: '1',
    offsetUv: '0'
  };
}

export interface RawCheck {
  selection: RawSelection | undefined;
  problems: Partial<Record<keyof RawFields, string>>;
  /** How the bytes divide: the duration, or what is left over. */
  summary: string | undefined;
  durationSeconds: number | undefined;
}

/** What the fields say of a file of `size` bytes. */
export function checkRawFields(fields: RawFields, size: number): RawCheck {
  const numbers = {
    channelCount: numberOf(fields.channelCount),
    samplingRateHz: numberOf(fields.samplingRateHz),
    offsetBytes: numberOf(fields.offsetBytes),
    gainUv: numberOf(fields.gainUv),
    offsetUv: numberOf(fields.offsetUv)
  };
  const problems: RawCheck['problems'] = {};
  if (!(Number.isInteger(numbers.channelCount) && numbers.channelCount >= 1 && numbers.channelCount <= 65536))
    problems.channelCount = 'A whole number of channels, from 1.';
  if (!(numbers.samplingRateHz >= 1 && numbers.samplingRateHz <= 1e7))
    problems.samplingRateHz = 'In Hz, from 1.';
  if (!(Number.isSafeInteger(numbers.offsetBytes) && numbers.offsetBytes >= 0 && numbers.offsetBytes < size))
    problems.offsetBytes = 'Whole bytes, fewer than the file has.';
  if (!Number.isFinite(numbers.gainUv) || numbers.gainUv === 0)
    problems.gainUv = 'µV that one count stands for; not 0.';
  if (!Number.isFinite(numbers.offsetUv)) problems.offsetUv = 'A number of µV.';
  if (Object.keys(problems).length > 0)
    return { selection: undefined, problems, summary: undefined, durationSeconds: undefined };

  const frameBytes = numbers.channelCount * (fields.dtype === 'int16' ? 2 : 4);
  const payload = size - numbers.offsetBytes;
  const rest = payload % frameBytes;
  if (rest !== 0 || payload < frameBytes)
    return {
      selection: undefined,
      problems: {
        channelCount: `${payload.toLocaleString('en-US')} bytes are not whole samples of ${numbers.channelCount} channels: ${rest} bytes are left over. Check channels, sample type and offset.`
      },
      summary: undefined,
      durationSeconds: undefined
    };
  const samples = payload / frameBytes;
  const selection = v.parse(RecordingSelection, { format: 'raw', dtype: fields.dtype, ...numbers });
  return {
    selection: selection.format === 'raw' ? selection : undefined,
    problems,
    summary: `${samples.toLocaleString('en-US')} samples on ${numbers.channelCount} channels`,
    durationSeconds: samples / numbers.samplingRateHz
  };
}

function numberOf(text: string): number {
  return text.trim() === '' ? NaN : Number(text.trim().replace('−', '-'));
}
