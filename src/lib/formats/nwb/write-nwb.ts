/**
 * Writes the result of a sorting as an NWB file: electrodes, and Units with spike times, mean waveforms and electrodes.
 * Equal arguments give byte-identical files.
 */
import { type ContentRoot } from '../../model/ids.ts';
import { type ParameterValue } from '../../model/processor.ts';
import { type RecordingInfo, type SessionMetadata } from '../../model/recording.ts';
import { type SortedUnit, type Sorting } from '../../model/sorting.ts';
import { wholeWaveform } from '../../model/unit-waveform.ts';
import { PathReference, writeTree } from '../hdf5/write-tree.ts';
import { NwbTree, uuid5 } from './nwb-tree.ts';
import { addSession, electrodesPath } from './session-tree.ts';

/** Where the spikes come from; no path of any machine. */
export interface ResultSource {
  name: string;
  seriesPath?: string;
  size: number;
  root?: ContentRoot;
}

/** How the result was made. */
export interface ResultProvenance {
  definitionHash: string;
  parameters: Record<string, ParameterValue>;
  seed: number;
  engine: string;
  engineVersion: string;
  jobId?: string;
  /** Part of the recording that was sorted, in samples of the whole. */
  firstSample?: number;
}

export interface WriteNwbOptions {
  recording: RecordingInfo;
  sorting: Sorting;
  metadata: SessionMetadata;
  source: ResultSource;
  provenance: ResultProvenance;
  /** ISO 8601 with offset. */
  fileCreateDate: string;
  /** A relative link to the series that was sorted, for a result beside its NWB input. */
  externalLink?: { file: string; target: string };
}

const voltsPerMicrovolt = 1e-6;

export async function writeNwb(options: WriteNwbOptions): Promise<Uint8Array> {
  const { recording, sorting, source, provenance } = options;
  const tree = new NwbTree();
  const groups = addSession(tree, {
    recording,
    metadata: options.metadata,
    identifier: await uuid5(`${provenance.definitionHash} ${source.root ?? source.name}`),
    sessionDescription: `spike sorting of ${source.name}`,
    fileCreateDate: options.fileCreateDate
  });
  if (options.externalLink) {
    const { file, target } = options.externalLink;
    tree.externalLink(`/acquisition/${target.split('/').at(-1) ?? 'series'}`, file, target);
  }
  addUnits(tree, { recording, sorting, groups, description: describeUnits(source, provenance) });
  tree.typedDataset('/scratch/dendro', {
    type: 'ScratchData',
    namespace: 'core',
    value: JSON.stringify(provenanceRecord(options)),
    attributes: { notes: 'how this file was made, as JSON' }
  });
  return writeTree(await tree.finish(provenance.definitionHash));
}

function describeUnits(source: ResultSource, { engine, engineVersion }: ResultProvenance): string {
  const series = source.seriesPath ? `, series ${source.seriesPath}` : '';
  const root = source.root ? `, content root ${source.root}` : '';
  return `Units found by ${engine} ${engineVersion} in ${source.name} (${source.size} bytes${series}${root})`;
}

/** Key order is fixed, so that equal runs give equal text. */
function provenanceRecord({ recording, sorting, source, provenance }: WriteNwbOptions): object {
  const { parameters, ...rest } = provenance;
  return {
    source,
    provenance: {
      ...rest,
      parameters: Object.fromEntries(Object.entries(parameters).sort(([a], [b]) => (a < b ? -1 : 1)))
    },
    recording: {
      samplingRateHz: recording.samplingRateHz,
      startTimeSeconds: recording.startTimeSeconds,
      sampleCount: recording.sampleCount,
      beforeSamples: sorting.waveformWindow.beforeSamples
    }
  };
}

function addUnits(
  tree: NwbTree,
  result: { recording: RecordingInfo; sorting: Sorting; groups: string[]; description: string }
): void {
  const { recording, sorting, groups, description } = result;
  const { units } = sorting;
  const columns = [
    'spike_times',
    'electrodes',
    // The library writes no empty column of references; naming one that is missing makes a file unreadable.
    ...(units.length > 0 ? ['electrode_group'] : []),
    'waveform_mean',
    'waveform_sd',
    'snr',
    'main_channel',
    ...(isClassified(units) ? ['unit_class', 'unit_class_probability'] : [])
  ];
  tree.typedGroup('/units', 'Units', { colnames: columns, description });
  tree.typedDataset('/units/id', {
    type: 'ElementIdentifiers',
    value: BigInt64Array.from(units, ({ id }) => BigInt(id))
  });
  addSpikeTimes(tree, recording, units);
  addUnitElectrodes(tree, recording.channelCount, units.length);
  const group = units.map(({ mainChannel }) => new PathReference(groups[mainChannel] ?? ''));
  if (units.length > 0)
    tree.typedDataset('/units/electrode_group', {
      type: 'VectorData',
      value: group,
      attributes: { description: 'the electrode group of the unit’s main channel' }
    });
  addWaveforms(tree, sorting, recording.samplingRateHz);
  const column = (name: string, text: string, value: Float64Array | BigInt64Array) =>
    tree.typedDataset(`/units/${name}`, { type: 'VectorData', value, attributes: { description: text } });
  column(
    'snr',
    'largest deflection of the mean waveform over the noise (MAD) of its channel',
    Float64Array.from(units, ({ snr }) => snr)
  );
  column(
    'main_channel',
    'row of the electrodes table on which the mean waveform is largest',
    BigInt64Array.from(units, ({ mainChannel }) => BigInt(mainChannel))
  );
  if (isClassified(units)) addClasses(tree, units);
}

/** Classes are of all units or of none. */
function isClassified(units: SortedUnit[]): units is Required<SortedUnit>[] {
  return units.length > 0 && units.every(({ quality }) => quality);
}

function addClasses(tree: NwbTree, units: Required<SortedUnit>[]): void {
  tree.typedDataset('/units/unit_class', {
    type: 'VectorData',
    value: units.map(({ quality }) => quality.label),
    attributes: { description: 'what the unit classifier takes the unit for: noise, multi or single' }
  });
  tree.typedDataset('/units/unit_class_probability', {
    type: 'VectorData',
    value: Float64Array.from(units, ({ quality }) => quality.probability),
    attributes: { description: 'probability that the unit classifier gives that class' }
  });
}

function addSpikeTimes(tree: NwbTree, recording: RecordingInfo, units: SortedUnit[]): void {
  const total = units.reduce((sum, { spikeSamples }) => sum + spikeSamples.length, 0);
  const times = new Float64Array(total);
  const ends = new BigInt64Array(units.length);
  let at = 0;
  for (const [i, { spikeSamples }] of units.entries()) {
    for (const sample of spikeSamples)
      times[at++] = recording.startTimeSeconds + sample / recording.samplingRateHz;
    ends[i] = BigInt(at);
  }
  const description = 'spike times in seconds';
  tree.typedDataset('/units/spike_times', {
    type: 'VectorData',
    value: times,
    compressed: true,
    attributes: { description, resolution: 1 / recording.samplingRateHz }
  });
  addIndex(tree, 'spike_times', ends);
}

/** The mean waveforms cover all channels, and so each unit names all electrodes, in order. */
function addUnitElectrodes(tree: NwbTree, channelCount: number, unitCount: number): void {
  const rows = BigInt64Array.from({ length: unitCount * channelCount }, (_, i) => BigInt(i % channelCount));
  tree.typedDataset('/units/electrodes', {
    type: 'DynamicTableRegion',
    value: rows,
    compressed: true,
    attributes: {
      description: 'the electrodes of the mean waveforms, in order',
      table: new PathReference(electrodesPath)
    }
  });
  addIndex(
    tree,
    'electrodes',
    BigInt64Array.from({ length: unitCount }, (_, i) => BigInt((i + 1) * channelCount))
  );
}

function addIndex(tree: NwbTree, column: string, ends: BigInt64Array): void {
  tree.typedDataset(`/units/${column}_index`, {
    type: 'VectorIndex',
    value: Uint32Array.from(ends, Number),
    attributes: { description: `index for ${column}`, target: new PathReference(`/units/${column}`) }
  });
}

function addWaveforms(
  tree: NwbTree,
  { units, channelCount, waveformWindow }: Sorting,
  samplingRateHz: number
): void {
  const samples = waveformWindow.beforeSamples + waveformWindow.afterSamples;
  const stack = (valuesOf: (unit: SortedUnit) => Float32Array) => () => {
    const values = new Float32Array(units.length * samples * channelCount); // units × samples × channels, volts
    for (const [i, unit] of units.entries())
      values.set(
        wholeWaveform(unit, { channelCount, values: valuesOf(unit) }).map(
          (value) => value * voltsPerMicrovolt
        ),
        i * samples * channelCount
      );
    return values;
  };
  const column = (name: string, description: string, value: () => Float32Array) =>
    tree.typedDataset(`/units/${name}`, {
      type: 'VectorData',
      value,
      shape: [units.length, samples, channelCount],
      compressed: true,
      attributes: { description, unit: 'volts', sampling_rate: samplingRateHz }
    });
  column(
    'waveform_mean',
    'mean waveform, units × samples × electrodes',
    stack(({ waveformMean }) => waveformMean)
  );
  column(
    'waveform_sd',
    'standard deviation of the waveforms, units × samples × electrodes',
    stack(({ waveformSd }) => waveformSd)
  );
}
