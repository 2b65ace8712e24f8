/** The electrodes that a series was recorded from: names, positions, gains' offsets. */
import { type Contact, type Probe } from '../../model/recording.ts';
import { type Hdf5File } from '../hdf5/hdf5-file.ts';
import { linearProbe } from '../probe/layouts.ts';

const tablePath = '/general/extracellular_ephys/electrodes';

export interface SeriesElectrodes {
  channelIds: string[];
  probe: Probe;
  /** Volts at zero counts from the electrodes table, where the series has none. */
  offsets?: number[];
  /** Positions are brain coordinates (x, y), not places on the probe: to be said. */
  absolutePositions: boolean;
}

/** @param rows the series' electrodes region; without one, the first rows in order */
export function readElectrodes(
  file: Hdf5File,
  rows: number[] | undefined,
  channelCount: number
): SeriesElectrodes {
  const chosen = rows ?? Array.from({ length: channelCount }, (_, i) => i);
  const numbers = (name: string) =>
    pick(file.kind(`${tablePath}/${name}`) === 'dataset' ? numeric(file, name) : undefined, chosen);
  const texts = (name: string) =>
    pick(
      file.kind(`${tablePath}/${name}`) === 'dataset' ? file.readTexts(`${tablePath}/${name}`) : undefined,
      chosen
    );
  const channelIds = texts('channel_name') ?? numbers('id')?.map(String) ?? chosen.map(String);
  const relative = positions(numbers('rel_x'), numbers('rel_y'));
  const absolute = relative ? undefined : positions(numbers('x'), numbers('y'));
  const groups = texts('group_name') ?? texts('group');
  const offsets = numbers('offset');
  const probe = makeProbe(relative ?? absolute, { channelIds, groups });
  return {
    channelIds,
    probe: probe ?? namedLinear(channelIds),
    absolutePositions: probe !== undefined && absolute !== undefined,
    ...(offsets ? { offsets } : {})
  };
}

function numeric(file: Hdf5File, name: string): number[] | undefined {
  const kind = file.dataset(`${tablePath}/${name}`)?.kind;
  if (kind !== 'integer' && kind !== 'float') return undefined;
  const values = file.readNumbers(`${tablePath}/${name}`);
  return values && Array.from(values);
}

function pick<T>(column: T[] | undefined, rows: number[]): T[] | undefined {
  const picked = column && rows.flatMap((row) => (row >= 0 && row < column.length ? [column[row] as T] : []));
  return picked?.length === rows.length ? picked : undefined;
}

function positions(x: number[] | undefined, y: number[] | undefined): [number, number][] | undefined {
  if (!x || !y) return undefined;
  const pairs = x.map((value, i): [number, number] => [value, y[i] ?? Number.NaN]);
  return pairs.every(([a, b]) => Number.isFinite(a) && Number.isFinite(b)) ? pairs : undefined;
}

/** `undefined` when the positions cannot tell channels apart. */
function makeProbe(
  places: [number, number][] | undefined,
  { channelIds, groups }: { channelIds: string[]; groups: string[] | undefined }
): Probe | undefined {
  if (!places) return undefined;
  const shanks = new Map<string, number>();
  const contacts = places.map(([x, y], i): Contact => {
    const group = groups?.[i] ?? '';
    const shank = shanks.get(group) ?? shanks.size;
    shanks.set(group, shank);
    return { id: (channelIds[i] ?? String(i)).slice(0, 128), x, y, shank };
  });
  const spread = separateEqualShanks(contacts);
  const distinct = new Set(spread.map(({ x, y }) => `${x} ${y}`));
  return distinct.size === spread.length ? { contacts: spread, origin: 'recording' } : undefined;
}

/** Probes of one file may each count positions from their own tip: then they are set beside each other. */
const shankDistanceUm = 1000;

function separateEqualShanks(contacts: Contact[]): Contact[] {
  const seen = new Map<string, number>();
  const clash = contacts.some(({ x, y, shank }) => {
    const owner = seen.get(`${x} ${y}`);
    seen.set(`${x} ${y}`, shank);
    return owner !== undefined && owner !== shank;
  });
  return clash
    ? contacts.map((contact) => ({ ...contact, x: contact.x + contact.shank * shankDistanceUm }))
    : contacts;
}

function namedLinear(channelIds: string[]): Probe {
  const probe = linearProbe(channelIds.length);
  const contacts = probe.contacts.map((contact, i) => ({
    ...contact,
    id: (channelIds[i] ?? contact.id).slice(0, 128)
  }));
  return { ...probe, contacts };
}
