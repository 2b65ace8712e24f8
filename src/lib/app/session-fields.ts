/** The fields of a session's metadata, as the user may give them; nothing is filled in that nobody said. Pure. */
import { SessionMetadata } from '#lib/model/recording.ts';
import { TaggedError } from '#lib/model/errors.ts';
import * as v from 'valibot';

export interface SessionField {
  /** As NWB names it, such as `Subject.subject_id`. */
  path: string;
  label: string;
  group: 'Session' | 'Subject' | 'Device' | 'Electrodes';
  help?: string;
}

export const sessionFields: readonly SessionField[] = [
  {
    path: 'NWBFile.session_start_time',
    label: 'Session start',
    group: 'Session',
    help: 'With its time zone, such as 2026-03-14T09:30:00+01:00. Left empty, the result says that it is unknown.'
  },
  { path: 'NWBFile.session_description', label: 'Session description', group: 'Session' },
  { path: 'NWBFile.session_id', label: 'Session id', group: 'Session' },
  {
    path: 'NWBFile.experimenter',
    label: 'Experimenter',
    group: 'Session',
    help: 'Several: separated by ";".'
  },
  { path: 'NWBFile.lab', label: 'Lab', group: 'Session' },
  { path: 'NWBFile.institution', label: 'Institution', group: 'Session' },
  { path: 'Subject.subject_id', label: 'Subject id', group: 'Subject' },
  { path: 'Subject.species', label: 'Species', group: 'Subject', help: 'Latin name, such as Mus musculus.' },
  { path: 'Subject.sex', label: 'Sex', group: 'Subject', help: 'M, F, U (unknown) or O (other).' },
  { path: 'Subject.age', label: 'Age', group: 'Subject', help: 'As ISO 8601 has durations, such as P90D.' },
  { path: 'Subject.description', label: 'Subject description', group: 'Subject' },
  { path: 'Device.name', label: 'Device name', group: 'Device' },
  { path: 'Device.manufacturer', label: 'Manufacturer', group: 'Device' },
  { path: 'Device.description', label: 'Device description', group: 'Device' },
  { path: 'ElectrodeGroup.location', label: 'Location in the brain', group: 'Electrodes' },
  { path: 'ElectrodeGroup.description', label: 'Electrode group description', group: 'Electrodes' }
];

/** What is wrong with a field's text, if anything. */
export function sessionProblem(path: string, text: string): string | undefined {
  const value = text.trim();
  if (value === '') return undefined;
  if (path === 'NWBFile.session_start_time' && !isDateTimeWithZone(value))
    return 'Date, time and time zone, such as 2026-03-14T09:30:00+01:00.';
  if (path === 'Subject.sex' && !['M', 'F', 'U', 'O'].includes(value)) return 'M, F, U or O.';
  if (path === 'Subject.age' && !/^P(?=\d|T\d)(\d+[YMWD])*(T(\d+[HMS])+)?(\/P\S*)?$/.test(value))
    return 'A duration such as P90D (90 days) or P12W.';
  return undefined;
}

function isDateTimeWithZone(text: string): boolean {
  const shape = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text);
  return shape && !Number.isNaN(Date.parse(text));
}

/**
 * The metadata of the fields that were filled in; undefined when none was.
 * @throws TaggedError `session-field-invalid` with the field's label.
 */
export function sessionMetadataOf(texts: ReadonlyMap<string, string>): SessionMetadata | undefined {
  const metadata: Record<string, Record<string, string | string[]>> = {};
  for (const field of sessionFields) {
    const value = texts.get(field.path)?.trim();
    if (!value) continue;
    const problem = sessionProblem(field.path, value);
    if (problem)
      throw new TaggedError('session-field-invalid', `${field.label}: ${problem}`, { field: field.label });
    const [section = '', name = ''] = field.path.split('.');
    const list = field.path === 'NWBFile.experimenter';
    (metadata[section] ??= {})[name] = list
      ? value
          .split(';')
          .map((person) => person.trim())
          .filter((person) => person !== '')
      : value;
  }
  return Object.keys(metadata).length > 0 ? metadata : undefined;
}

/** The fields' texts of metadata that was given before, as JSON; nothing where it is not readable. */
export function sessionTexts(json: string | undefined): Record<string, string> {
  if (json === undefined) return {};
  try {
    return metadataTexts(v.parse(SessionMetadata, JSON.parse(json)));
  } catch {
    return {};
  }
}

/** The fields' texts of metadata, such as a file's own. */
export function metadataTexts(metadata: SessionMetadata): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const { path } of sessionFields) {
    const [section = '', name = ''] = path.split('.');
    const value = (metadata as Record<string, Record<string, unknown> | undefined>)[section]?.[name];
    if (typeof value === 'string') texts[path] = value;
    else if (Array.isArray(value)) texts[path] = value.join('; ');
  }
  return texts;
}
