/** Writes a recording as an NWB file, held in memory: for tests and generated recordings. */
import { type RecordingInfo, type SessionMetadata } from '../../model/recording.ts';
import { PathReference, writeTree } from '../hdf5/write-tree.ts';
import { NwbTree, uuid5 } from './nwb-tree.ts';
import { addSession, electrodesPath } from './session-tree.ts';

export interface WriteRecordingOptions {
  recording: RecordingInfo;
  /** Samples × channels, in counts of the recording's (one) gain. */
  counts: Int16Array;
  metadata: SessionMetadata;
  fileCreateDate: string;
  /** One ElectricalSeries each, of the same values. */
  seriesNames?: readonly string[];
}

export async function writeRecordingNwb(options: WriteRecordingOptions): Promise<Uint8Array> {
  const { recording, counts, metadata, fileCreateDate, seriesNames = ['ElectricalSeries'] } = options;
  const tree = new NwbTree();
  const identifier = await uuid5(`recording ${fileCreateDate} ${counts.length}`);
  addSession(tree, { recording, metadata, identifier, sessionDescription: 'recording', fileCreateDate });
  for (const name of seriesNames) addSeries(tree, { path: `/acquisition/${name}`, recording, counts });
  return writeTree(await tree.finish(`recording ${identifier}`));
}

function addSeries(
  tree: NwbTree,
  series: { path: string; recording: RecordingInfo; counts: Int16Array }
): void {
  const { path, recording, counts } = series;
  const { channelCount, samplingRateHz, startTimeSeconds } = recording;
  tree.typedGroup(path, 'ElectricalSeries', { comments: 'no comments', description: 'raw voltage' });
  tree.dataset(`${path}/data`, counts, {
    shape: [counts.length / channelCount, channelCount],
    attributes: {
      conversion: (recording.gainUv[0] ?? 1) * 1e-6,
      offset: (recording.offsetUv[0] ?? 0) * 1e-6,
      resolution: -1,
      unit: 'volts'
    }
  });
  tree.dataset(`${path}/starting_time`, startTimeSeconds, {
    attributes: { rate: samplingRateHz, unit: 'seconds' }
  });
  tree.typedDataset(`${path}/electrodes`, {
    type: 'DynamicTableRegion',
    value: BigInt64Array.from({ length: channelCount }, (_, i) => BigInt(i)),
    attributes: { description: 'the recorded electrodes', table: new PathReference(electrodesPath) }
  });
}
