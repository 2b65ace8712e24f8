/** A file's bytes as a recording, by how a person or a job selected it. */
import { type ByteSource } from '../bytes/byte-source.ts';
import { type RecordingSelection } from '../model/processor.ts';
import { type Probe, type TraceSource } from '../model/recording.ts';
import { openNwb } from './nwb/open-nwb.ts';
import { openRaw } from './raw/raw-recording.ts';

export interface OpenedRecording extends TraceSource {
  close(): void;
}

/**
 * @param probe channel positions; in place of the file's own, if it has any
 * @throws what openNwb and openRaw throw
 */
export async function openRecording(
  source: ByteSource,
  selection: RecordingSelection,
  probe?: Probe
): Promise<OpenedRecording> {
  if (selection.format === 'raw') return { ...openRaw(source, selection, probe), close: () => undefined };
  const nwb = await openNwb(source);
  try {
    return { ...(await nwb.openSeries(selection.seriesPath, probe)), close: () => nwb.close() };
  } catch (error) {
    nwb.close();
    throw error;
  }
}
