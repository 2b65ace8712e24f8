/** Reads the Units table of an NWB file back as a sorting. */
import { type SortedUnit, type Sorting } from '../../model/sorting.ts';
import { TaggedError } from '../../model/errors.ts';
import { type Hdf5File } from '../hdf5/hdf5-file.ts';

const mostUnits = 100_000;
const microvoltsPerVolt = 1e6;

/** `undefined` when the file has no units. @throws TaggedError `nwb-invalid` when its tables contradict each other */
export function readSorting(file: Hdf5File): Sorting | undefined {
  const found = readTrains(file);
  if (!found) return undefined;
  const { path, trains } = found;
  const description = { ...fallback, ...describeSource(file, path) };
  const waveforms = readWaveforms(file, path, trains.length);
  const snr = file.kind(`${path}/snr`) === 'dataset' ? file.readNumbers(`${path}/snr`) : undefined;
  const qualities = readQualities(file, path);
  const units = trains.map((train, i): SortedUnit => {
    const seconds = (time: number) =>
      Math.round((time - description.startTimeSeconds) * description.samplingRateHz);
    const { waveformMean, waveformSd } = waveforms.of(i);
    return {
      id: i,
      spikeSamples: Float64Array.from(train, seconds),
      mainChannel: mainChannel(waveformMean, waveforms.channelCount),
      waveformMean,
      waveformSd,
      snr: snr?.[i] ?? Number.NaN,
      ...qualities(i)
    };
  });
  const last = units.reduce((latest, { spikeSamples }) => Math.max(latest, spikeSamples.at(-1) ?? 0), 0);
  return {
    samplingRateHz: description.samplingRateHz,
    channelCount: waveforms.channelCount,
    sampleCount: Math.max(description.sampleCount ?? 0, last + 1),
    waveformWindow: {
      beforeSamples: description.beforeSamples,
      afterSamples: waveforms.samples - description.beforeSamples
    },
    units
  };
}

/** Spike times as the file has them. */
export interface UnitTimes {
  /** What the file calls each unit: its `id`, or its row. */
  ids: number[];
  /** Ascending, in s of the session, one array a unit. */
  times: Float64Array[];
  /** Absent where the file does not say it. */
  samplingRateHz?: number;
}

/** `undefined` when the file has no units. @throws TaggedError `nwb-invalid` when its tables contradict each other */
export function readUnitTimes(file: Hdf5File): UnitTimes | undefined {
  const found = readTrains(file);
  if (!found) return undefined;
  const { path, trains } = found;
  const ids = file.kind(`${path}/id`) === 'dataset' ? file.readNumbers(`${path}/id`) : undefined;
  const { samplingRateHz } = describeSource(file, path);
  return {
    ids: trains.map((_, unit) => ids?.[unit] ?? unit),
    times: trains.map((train) => train.toSorted()),
    ...(samplingRateHz !== undefined && { samplingRateHz })
  };
}

function readTrains(file: Hdf5File): { path: string; trains: Float64Array[] } | undefined {
  const path = findUnits(file);
  if (path === undefined) return undefined;
  const ends = file.readNumbers(`${path}/spike_times_index`);
  const times = file.readNumbers(`${path}/spike_times`);
  if (!ends || !times) return undefined;
  if (
    ends.length > mostUnits ||
    ends.some((end, i) => end < (ends[i - 1] ?? 0)) ||
    (ends.at(-1) ?? 0) > times.length
  )
    throw new TaggedError('nwb-invalid', 'the units’ index does not fit their spike times');
  return { path, trains: Array.from(ends, (end, i) => times.subarray(ends[i - 1] ?? 0, end)) };
}

function findUnits(file: Hdf5File): string | undefined {
  if (file.kind('/units') === 'group') return '/units';
  for (const module of file.keys('/processing'))
    for (const name of file.keys(`/processing/${module}`)) {
      const path = `/processing/${module}/${name}`;
      if (file.attribute(path, 'neurodata_type') === 'Units') return path;
    }
  return undefined;
}

interface UnitsSource {
  samplingRateHz: number;
  startTimeSeconds: number;
  sampleCount?: number;
  beforeSamples: number;
}

const fallback: UnitsSource = { samplingRateHz: 30_000, startTimeSeconds: 0, beforeSamples: 0 };

/** What our own files say under /scratch; else the rate from the resolution of the spike times. */
function describeSource(file: Hdf5File, path: string): Partial<UnitsSource> {
  const resolution = Number(file.attribute(`${path}/spike_times`, 'resolution'));
  const waveformRate = Number(file.attribute(`${path}/waveform_mean`, 'sampling_rate'));
  const samplingRateHz =
    resolution > 0 ? Math.round(1e6 / resolution) / 1e6 : waveformRate > 0 ? waveformRate : undefined;
  const rate = samplingRateHz === undefined ? {} : { samplingRateHz };
  if (file.kind('/scratch/dendro') !== 'dataset') return rate;
  try {
    const told = JSON.parse(file.readTexts('/scratch/dendro')?.[0] ?? '{}') as {
      recording?: Partial<UnitsSource>;
    };
    return { ...rate, ...pickNumbers(told.recording) };
  } catch {
    return rate;
  }
}

function pickNumbers(told: Partial<UnitsSource> | undefined): Partial<UnitsSource> {
  const names = ['samplingRateHz', 'startTimeSeconds', 'sampleCount', 'beforeSamples'] as const;
  return Object.fromEntries(
    names.flatMap((name) => {
      const value: unknown = told?.[name];
      const isUsable = Number.isFinite(value) && (name === 'startTimeSeconds' || Number(value) >= 0);
      return isUsable ? [[name, value]] : [];
    })
  );
}

/** What the unit classifier said, where a file has it; a word that is no class is none. */
function readQualities(file: Hdf5File, path: string): (unit: number) => Pick<SortedUnit, 'quality'> {
  const column = (name: string) => file.kind(`${path}/${name}`) === 'dataset';
  if (!column('unit_class') || !column('unit_class_probability')) return () => ({});
  const labels = file.readTexts(`${path}/unit_class`);
  const probabilities = file.readNumbers(`${path}/unit_class_probability`);
  return (unit) => {
    const label = labels?.[unit];
    const probability = probabilities?.[unit];
    const isClass = label === 'noise' || label === 'multi' || label === 'single';
    const isShare = probability !== undefined && probability >= 0 && probability <= 1;
    return isClass && isShare ? { quality: { label, probability } } : {};
  };
}

function readWaveforms(file: Hdf5File, path: string, unitCount: number) {
  const mean =
    file.kind(`${path}/waveform_mean`) === 'dataset' ? file.dataset(`${path}/waveform_mean`) : undefined;
  const [units = 0, samples = 0, channelCount = 0] = mean?.shape ?? [];
  const usable = mean?.shape.length === 3 && units === unitCount;
  const values = usable ? file.readNumbers(`${path}/waveform_mean`) : undefined;
  const deviations =
    usable && file.kind(`${path}/waveform_sd`) === 'dataset'
      ? file.readNumbers(`${path}/waveform_sd`)
      : undefined;
  const scale = file.attribute(`${path}/waveform_mean`, 'unit') === 'volts' ? microvoltsPerVolt : 1;
  const size = samples * channelCount;
  const slice = (all: Float64Array | undefined, i: number) =>
    Float32Array.from(all?.subarray(i * size, (i + 1) * size) ?? [], (value) => value * scale);
  return {
    samples: usable ? samples : 0,
    channelCount: usable ? channelCount : 0,
    of: (i: number) => ({ waveformMean: slice(values, i), waveformSd: slice(deviations, i) })
  };
}

/** @param waveform samples × channels */
function mainChannel(waveform: Float32Array, channelCount: number): number {
  let best = 0;
  waveform.forEach((value, i) => {
    if (Math.abs(value) > Math.abs(waveform[best] ?? 0)) best = i;
  });
  return channelCount > 0 ? best % channelCount : 0;
}
