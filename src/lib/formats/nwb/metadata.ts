/** What an NWB file says of its session, by NWB's names; absent things stay absent. */
import * as v from 'valibot';
import { SessionMetadata } from '../../model/recording.ts';
import { type Hdf5File } from '../hdf5/hdf5-file.ts';

/** Without the identifier, which names the file and not the session: a result has its own. */
const fileFields = {
  session_description: '/session_description',
  session_start_time: '/session_start_time',
  session_id: '/general/session_id',
  experiment_description: '/general/experiment_description',
  institution: '/general/institution',
  lab: '/general/lab',
  notes: '/general/notes'
} as const;
const subjectFields = [
  'subject_id',
  'species',
  'sex',
  'age',
  'date_of_birth',
  'description',
  'genotype',
  'strain',
  'weight'
] as const;
/** How a file that never knew its session start is written (write-nwb.ts). */
export const unknownSessionStart = '1970-01-01T00:00:00+00:00';
export const unknownSessionDescription = 'session start unknown';

export function readMetadata(file: Hdf5File): SessionMetadata {
  const text = (path: string) => {
    const value = file.kind(path) === 'dataset' ? file.readTexts(path)?.[0] : undefined;
    return value === undefined || value === '' ? undefined : value.slice(0, 4000);
  };
  const texts = (path: string) => (file.kind(path) === 'dataset' ? file.readTexts(path) : undefined);
  const session = Object.fromEntries(Object.entries(fileFields).map(([name, path]) => [name, text(path)]));
  if (
    session.session_start_time === unknownSessionStart &&
    session.session_description === unknownSessionDescription
  ) {
    session.session_start_time = undefined;
    session.session_description = undefined;
  }
  const experimenter = texts('/general/experimenter');
  const keywords = texts('/general/keywords');
  const NWBFile = present({ ...session, experimenter, keywords });
  const Subject = present(
    Object.fromEntries(subjectFields.map((name) => [name, text(`/general/subject/${name}`)]))
  );
  const metadata = { ...(NWBFile ? { NWBFile } : {}), ...(Subject ? { Subject } : {}), ...hardware(file) };
  const parsed = v.safeParse(SessionMetadata, metadata);
  if (parsed.success) return parsed.output;
  // A session start that is no timestamp is not worth losing the rest for.
  const { session_start_time: _dropped, ...rest } = (NWBFile ?? {}) as Record<string, unknown>;
  const second = v.safeParse(SessionMetadata, { ...metadata, NWBFile: rest });
  return second.success ? second.output : {};
}

function hardware(file: Hdf5File): Pick<SessionMetadata, 'Device' | 'ElectrodeGroup'> {
  const typed = (folder: string, type: string) =>
    file.keys(folder).filter((name) => file.attribute(`${folder}/${name}`, 'neurodata_type') === type);
  const ephys = '/general/extracellular_ephys';
  const Device = common(file, {
    folder: '/general/devices',
    names: typed('/general/devices', 'Device'),
    attributes: ['description', 'manufacturer']
  });
  const ElectrodeGroup = common(file, {
    folder: ephys,
    names: typed(ephys, 'ElectrodeGroup'),
    attributes: ['description', 'location']
  });
  return { ...(Device ? { Device } : {}), ...(ElectrodeGroup ? { ElectrodeGroup } : {}) };
}

/** What is true of all of several objects; their name, if there is one only. */
function common(
  file: Hdf5File,
  { folder, names, attributes }: { folder: string; names: string[]; attributes: string[] }
): Record<string, unknown> | undefined {
  const shared = attributes.map((attribute): [string, string | undefined] => {
    const [value, ...others] = new Set(
      names.map((name) => asText(file.attribute(`${folder}/${name}`, attribute)))
    );
    return [attribute, others.length === 0 ? value : undefined];
  });
  const [only, ...more] = names;
  return present({
    ...(only !== undefined && more.length === 0 ? { name: only } : {}),
    ...Object.fromEntries(shared)
  });
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.slice(0, 4000) : undefined;
}

/** Without absent members; `undefined` when nothing is left. */
function present(record: Record<string, unknown>): Record<string, unknown> | undefined {
  const members = Object.entries(record).filter(([, value]) => value !== undefined);
  return members.length > 0 ? Object.fromEntries(members) : undefined;
}
