/** The parts that every NWB file of ours has: session, subject, device, electrode groups and the electrodes table. */
import { type RecordingInfo, type SessionMetadata } from '../../model/recording.ts';
import { PathReference } from '../hdf5/write-tree.ts';
import { unknownSessionDescription, unknownSessionStart } from './metadata.ts';
import { type NwbTree, nwbVersion, schemaReference } from './nwb-tree.ts';

export const electrodesPath = '/general/extracellular_ephys/electrodes';
/** NWB wants a location; nobody told one. */
const unknownLocation = 'unknown';

export interface Session {
  recording: RecordingInfo;
  metadata: SessionMetadata;
  /** Where the metadata name none. */
  identifier: string;
  sessionDescription: string;
  fileCreateDate: string;
}

/** Adds the common parts. @returns for each channel, the path of its electrode group */
export function addSession(tree: NwbTree, session: Session): string[] {
  const { metadata } = session;
  tree.typedGroup('/', 'NWBFile', { nwb_version: nwbVersion, '.specloc': schemaReference });
  for (const path of ['/acquisition', '/analysis', '/processing', '/scratch', '/stimulus']) tree.group(path);
  tree.group('/stimulus/presentation');
  tree.group('/stimulus/templates');
  addFileFields(tree, session);
  tree.group('/general');
  const general = metadata.NWBFile ?? {};
  for (const name of ['session_id', 'experiment_description', 'institution', 'lab', 'notes'] as const) {
    const value = general[name];
    if (value) tree.dataset(`/general/${name}`, value);
  }
  for (const name of ['experimenter', 'keywords'] as const) {
    const value = general[name];
    if (value && value.length > 0) tree.dataset(`/general/${name}`, value);
  }
  addSubject(tree, metadata.Subject);
  return addElectrodes(tree, session);
}

function addFileFields(
  tree: NwbTree,
  { metadata, identifier, sessionDescription, fileCreateDate }: Session
): void {
  const { session_start_time: told, session_description: described } = metadata.NWBFile ?? {};
  const start = told ?? unknownSessionStart;
  tree.dataset('/identifier', metadata.NWBFile?.identifier ?? identifier);
  tree.dataset('/session_description', told ? (described ?? sessionDescription) : unknownSessionDescription);
  tree.dataset('/session_start_time', start);
  tree.dataset('/timestamps_reference_time', start);
  tree.dataset('/file_create_date', [fileCreateDate]);
}

function addSubject(tree: NwbTree, subject: SessionMetadata['Subject']): void {
  if (!subject) return;
  tree.typedGroup('/general/subject', 'Subject');
  for (const [name, value] of Object.entries(subject))
    if (value) tree.dataset(`/general/subject/${name}`, value);
}

function addElectrodes(tree: NwbTree, { recording, metadata }: Session): string[] {
  const { contacts, name: probeName } = recording.probe;
  const device = safeName(metadata.Device?.name ?? probeName ?? 'probe');
  const devicePath = `/general/devices/${device}`;
  tree.group('/general/devices');
  tree.typedGroup(devicePath, 'Device', {
    ...(metadata.Device?.description ? { description: metadata.Device.description } : {}),
    ...(metadata.Device?.manufacturer ? { manufacturer: metadata.Device.manufacturer } : {})
  });
  tree.group('/general/extracellular_ephys');
  const shanks = [...new Set(contacts.map(({ shank }) => shank))].sort((a, b) => a - b);
  const told = metadata.ElectrodeGroup ?? {};
  const location = told.location ?? unknownLocation;
  const groupName = (shank: number) =>
    shanks.length === 1
      ? safeName(told.name ?? 'shank0')
      : `${safeName(told.name ?? 'shank')}${shanks.indexOf(shank)}`;
  const groupPath = (shank: number) => `/general/extracellular_ephys/${groupName(shank)}`;
  for (const shank of shanks) {
    const description = told.description ?? `shank ${shanks.indexOf(shank) + 1} of ${shanks.length}`;
    tree.typedGroup(groupPath(shank), 'ElectrodeGroup', { description, location });
    tree.softLink(`${groupPath(shank)}/device`, devicePath);
  }
  addElectrodesTable(tree, { recording, location, groupName, groupPath });
  return contacts.map(({ shank }) => groupPath(shank));
}

function addElectrodesTable(
  tree: NwbTree,
  table: {
    recording: RecordingInfo;
    location: string;
    groupName: (shank: number) => string;
    groupPath: (shank: number) => string;
  }
): void {
  const { recording, location, groupName, groupPath } = table;
  const { contacts } = recording.probe;
  const column = (name: string, description: string, value: Parameters<NwbTree['dataset']>[1]) =>
    tree.typedDataset(`${electrodesPath}/${name}`, {
      type: 'VectorData',
      value,
      attributes: { description }
    });
  tree.typedGroup(electrodesPath, 'ElectrodesTable', {
    colnames: ['location', 'group', 'group_name', 'rel_x', 'rel_y', 'channel_name'],
    description: 'the channels of the recording, in its order'
  });
  tree.typedDataset(`${electrodesPath}/id`, {
    type: 'ElementIdentifiers',
    value: BigInt64Array.from(contacts, (_, i) => BigInt(i))
  });
  column(
    'location',
    'location of the electrode (channel)',
    contacts.map(() => location)
  );
  column(
    'group',
    'the electrode group of the channel',
    contacts.map(({ shank }) => new PathReference(groupPath(shank)))
  );
  column(
    'group_name',
    'the name of the electrode group',
    contacts.map(({ shank }) => groupName(shank))
  );
  column(
    'rel_x',
    'x on the probe, in µm',
    Float64Array.from(contacts, ({ x }) => x)
  );
  column(
    'rel_y',
    'y on the probe, in µm',
    Float64Array.from(contacts, ({ y }) => y)
  );
  column('channel_name', 'the channel’s name in the recording', recording.channelIds);
}

/** NWB's object names hold no slash and no colon. */
function safeName(name: string): string {
  return name.replaceAll(/[/:]/g, '_').trim() || 'unnamed';
}
