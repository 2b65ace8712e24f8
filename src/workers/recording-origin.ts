/** Where a recording comes from, as it is handed to a worker, and how a worker opens it. */
import { blobSource } from '#lib/bytes/byte-source.ts';
import { type RecordingSelection } from '#lib/model/processor.ts';
import { type Probe, type TraceSource } from '#lib/model/recording.ts';
import { type SpikeTrains } from '#lib/model/sorting.ts';

export type RecordingOrigin =
  | { kind: 'file'; file: Blob; name: string; selection: RecordingSelection; probe?: Probe | undefined }
  | { kind: 'demonstration' };

export interface OpenedOrigin {
  source: TraceSource;
  /** What a generated recording is known to hold. */
  truth?: SpikeTrains;
}

/** The readers are loaded when they are first needed: that of HDF5 alone is some 5 MB. */
export async function openOrigin(origin: RecordingOrigin): Promise<OpenedOrigin> {
  if (origin.kind === 'demonstration') {
    const { generateRecording } = await import('#lib/simulation/recording.ts');
    const { demonstrationSpec } = await import('#lib/simulation/specification.ts');
    const { source, truth } = generateRecording(demonstrationSpec);
    return { source, truth };
  }
  const { openRecording } = await import('#lib/formats/open-recording.ts');
  return { source: await openRecording(blobSource(origin.file), origin.selection, origin.probe) };
}
