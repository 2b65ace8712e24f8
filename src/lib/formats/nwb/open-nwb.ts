/**
 * Opens NWB files: finds every ElectricalSeries, wherever it stands, reads what is known of its electrodes, and offers
 * its samples in µV.
 */
import { type ByteSource } from '../../bytes/byte-source.ts';
import { TaggedError } from '../../model/errors.ts';
import {
  type Probe,
  type RecordingInfo,
  type SessionMetadata,
  type TraceSource
} from '../../model/recording.ts';
import { type Sorting } from '../../model/sorting.ts';
import { Hdf5File } from '../hdf5/hdf5-file.ts';
import { checkProbe } from '../raw/raw-recording.ts';
import { readElectrodes } from './electrodes.ts';
import { readMetadata } from './metadata.ts';
import { readSorting, readUnitTimes, type UnitTimes } from './read-sorting.ts';
import { seriesTraces } from './series-traces.ts';

export interface SeriesSummary {
  /** Such as `/acquisition/ElectricalSeriesAP`. */
  path: string;
  name: string;
  channelCount: number;
  sampleCount: number;
  samplingRateHz: number;
  dtype: string;
  description?: string;
}

export interface SeriesTraces extends TraceSource {
  /** The positions are places in the brain (x, y of the electrodes table), not on the probe: to be said. */
  readonly absolutePositions: boolean;
}

export interface NwbFile {
  readonly series: readonly SeriesSummary[];
  readonly metadata: SessionMetadata;
  /**
   * @param probe in place of the file's own positions
   * @throws TaggedError `nwb-no-series` for an unknown path, `probe-mismatch`
   */
  openSeries(path: string, probe?: Probe): Promise<SeriesTraces>;
  /** The file's units, if it has any. */
  readSorting(): Sorting | undefined;
  /** The spike times of the file's units, if it has any. */
  readUnitTimes(): UnitTimes | undefined;
  /** The first electrodes of the file's table: those of a sorting's channels. */
  electrodes(channelCount: number): { probe: Probe; channelIds: string[] };
  close(): void;
}

/**
 * @param source must be readable without waiting (`readSync`), as files are in workers and on the node; it stays open
 * @throws TaggedError `not-hdf5`, `hdf5-truncated`, `nwb-invalid` and what reading throws
 */
export async function openNwb(source: ByteSource): Promise<NwbFile> {
  const file = await Hdf5File.open(source);
  try {
    if (
      file.kind('/general') === 'missing' &&
      file.kind('/acquisition') === 'missing' &&
      file.kind('/units') === 'missing'
    )
      throw new TaggedError('nwb-invalid', 'this HDF5 file has none of an NWB file’s parts');
    const series = findSeries(file);
    return {
      series,
      metadata: readMetadata(file),
      openSeries: async (path, probe) => openSeries({ file, source, series, path, probe }),
      readSorting: () => readSorting(file),
      readUnitTimes: () => readUnitTimes(file),
      electrodes: (channelCount) => readElectrodes(file, undefined, channelCount),
      close: () => file.close()
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

const deepest = 6;
const mostObjects = 20_000;

/** Acquisition first, then processing; names in the file's order. */
function findSeries(file: Hdf5File): SeriesSummary[] {
  const found: SeriesSummary[] = [];
  const elsewhere: unknown[] = [];
  let visited = 0;
  const visit = (path: string, depth: number) => {
    if (depth > deepest || ++visited > mostObjects) return;
    try {
      look(path, depth);
    } catch (error) {
      // A link into another file is left alone, unless there is nothing else to open.
      if (!(error instanceof TaggedError && error.tag === 'hdf5-external-link')) throw error;
      elsewhere.push(error);
    }
  };
  const look = (path: string, depth: number) => {
    if (file.kind(path) !== 'group') return;
    const type = file.attribute(path, 'neurodata_type');
    if (type === 'ElectricalSeries') {
      const summary = summarize(file, path);
      if (summary) found.push(summary);
      return;
    }
    for (const name of file.keys(path)) visit(`${path}/${name}`, depth + 1);
  };
  for (const root of ['/acquisition', '/processing']) visit(root, 0);
  if (found.length === 0 && elsewhere.length > 0 && file.kind('/units') === 'missing') throw elsewhere[0];
  return found;
}

function summarize(file: Hdf5File, path: string): SeriesSummary | undefined {
  const data = file.dataset(`${path}/data`);
  if (
    !data ||
    (data.kind !== 'integer' && data.kind !== 'float') ||
    data.shape.length < 1 ||
    data.shape.length > 2
  )
    return undefined;
  const samplingRateHz = samplingRate(file, path);
  if (samplingRateHz === undefined) return undefined;
  const [sampleCount = 0, channelCount = 1] = data.shape;
  const description = file.attribute(path, 'description');
  return {
    path,
    name: path.split('/').at(-1) ?? path,
    channelCount,
    sampleCount,
    samplingRateHz,
    dtype: `${data.kind === 'float' ? 'float' : data.signed ? 'int' : 'uint'}${data.size * 8}`,
    ...(typeof description === 'string' && description !== 'no description'
      ? { description: description.slice(0, 1000) }
      : {})
  };
}

function samplingRate(file: Hdf5File, path: string): number | undefined {
  const rate = Number(file.attribute(`${path}/starting_time`, 'rate'));
  if (Number.isFinite(rate) && rate > 0) return rate;
  return rateOfTimestamps(file, path);
}

/** Timestamps read to estimate their rate. */
const timestampsRead = 1000;
/** How far, as a share, the mean step may be from the median one in timestamps without gaps. */
const gapShare = 1e-3;

/**
 * The inverse of the median step; without gaps, of the mean step over all, as doubles of large times are not evenly
 * spaced.
 */
function rateOfTimestamps(file: Hdf5File, path: string): number | undefined {
  const times = timestamps(file, path, 0, timestampsRead);
  const [first = 0] = times ?? [];
  const steps = Array.from(times?.subarray(1) ?? [], (time, i) => time - (times?.[i] ?? 0)).sort(
    (a, b) => a - b
  );
  const median = steps[Math.floor(steps.length / 2)] ?? 0;
  if (!(median > 0)) return undefined;
  const count = file.dataset(`${path}/timestamps`)?.shape[0] ?? 0;
  const last = timestamps(file, path, count - 1, 1)?.[0] ?? first;
  const mean = (last - first) / (count - 1);
  const step = Math.abs(mean - median) < gapShare * median ? mean : median;
  // More digits would be those of the doubles, not of any clock.
  return Number((1 / step).toPrecision(9));
}

function timestamps(file: Hdf5File, path: string, start: number, count: number): Float64Array | undefined {
  const dataset = file.dataset(`${path}/timestamps`);
  const [length = 0] = dataset?.shape ?? [];
  if (!dataset || dataset.shape.length !== 1 || length === 0) return undefined;
  const box = file.readBox(dataset.path, [start], [Math.min(count, length - start)]);
  return Float64Array.from(box as ArrayLike<number>, Number);
}

function startTime(file: Hdf5File, path: string): number {
  const start =
    file.kind(`${path}/starting_time`) === 'dataset'
      ? Number(file.readScalar(`${path}/starting_time`))
      : Number.NaN;
  if (Number.isFinite(start)) return start;
  return timestamps(file, path, 0, 1)?.[0] ?? 0;
}

function openSeries(options: {
  file: Hdf5File;
  source: ByteSource;
  series: readonly SeriesSummary[];
  path: string;
  probe: Probe | undefined;
}): SeriesTraces {
  const { file, source, series, path, probe } = options;
  const summary = series.find((candidate) => candidate.path === path);
  const data = file.dataset(`${path}/data`);
  if (!summary || !data) {
    const known = series.map((candidate) => candidate.path).join(', ') || 'none';
    throw new TaggedError('nwb-no-series', `the file has no ElectricalSeries at ${path}; it has: ${known}`, {
      path
    });
  }
  if (summary.sampleCount === 0)
    throw new TaggedError('recording-empty', `${path} holds no samples`, { path });
  const { channelCount } = summary;
  const region =
    file.kind(`${path}/electrodes`) === 'dataset' ? file.readNumbers(`${path}/electrodes`) : undefined;
  const rows = region?.length === channelCount ? Array.from(region) : undefined;
  const electrodes = readElectrodes(file, rows, channelCount);
  const info: RecordingInfo = {
    samplingRateHz: summary.samplingRateHz,
    channelCount,
    sampleCount: summary.sampleCount,
    startTimeSeconds: startTime(file, path),
    channelIds: electrodes.channelIds,
    probe: probe ? checkProbe(probe, channelCount) : electrodes.probe,
    ...scaling(file, { path, channelCount, offsets: electrodes.offsets }),
    dtype: summary.dtype
  };
  const absolutePositions = probe === undefined && electrodes.absolutePositions;
  return { ...seriesTraces({ file, source, data, info }), absolutePositions };
}

const microvoltsPerVolt = 1e6;

/** Volts = data · conversion · channel_conversion + offset; the electrodes' offsets count where the series has none. */
function scaling(
  file: Hdf5File,
  { path, channelCount, offsets }: { path: string; channelCount: number; offsets: number[] | undefined }
): Pick<RecordingInfo, 'gainUv' | 'offsetUv'> {
  const number = (name: string, missing: number) => {
    const value = Number(file.attribute(`${path}/data`, name) ?? missing);
    return Number.isFinite(value) ? value : missing;
  };
  const conversion = number('conversion', 1);
  const offset = number('offset', 0);
  const perChannel =
    file.kind(`${path}/channel_conversion`) === 'dataset'
      ? file.readNumbers(`${path}/channel_conversion`)
      : undefined;
  const channels = Array.from({ length: channelCount }, (_, i) => i);
  return {
    gainUv: channels.map((channel) => conversion * (perChannel?.[channel] ?? 1) * microvoltsPerVolt),
    offsetUv: channels.map(
      (channel) => (offset !== 0 ? offset : (offsets?.[channel] ?? 0)) * microvoltsPerVolt
    )
  };
}
