/**
 * Reads one recording in a worker: says what a file holds, and answers windows of traces. One worker holds one
 * recording; ending the worker closes it.
 */
import { expose, transfer } from 'comlink';
import { blobSource } from '#lib/bytes/byte-source.ts';
import { spotHash } from '#lib/bytes/content-root.ts';
import { type PreviewFilter, type TraceWindow } from '#lib/model/preview.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type RecordingInfo, type SessionMetadata } from '#lib/model/recording.ts';
import { installErrorTransfer } from './error-transfer.ts';
import { Preview, type WindowRequest } from './preview.ts';
import { openOrigin, type RecordingOrigin } from './recording-origin.ts';

export interface SeriesChoice {
  path: string;
  name: string;
  channelCount: number;
  sampleCount: number;
  samplingRateHz: number;
}
/** What a file was found to be. */
export type Inspection =
  { format: 'nwb'; series: SeriesChoice[]; metadata: SessionMetadata } | { format: 'raw'; size: number };

export interface OpenedRecording {
  info: RecordingInfo;
  /** How many units a generated recording is known to hold. */
  trueUnitCount: number | undefined;
}

let preview: Preview | undefined;
let pending: AbortController | undefined;

function opened(): Preview {
  if (!preview) throw new TaggedError('recording-not-open', 'no recording is open in this worker');
  return preview;
}

const hdf5Signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** HDF5 by its first bytes, or by its name where they are damaged, so that the reader says what is wrong with it. */
async function looksLikeNwb(file: Blob, name: string): Promise<boolean> {
  const head = new Uint8Array(await file.slice(0, 8).arrayBuffer());
  return hdf5Signature.every((byte, index) => head[index] === byte) || /\.nwb$/i.test(name);
}

const api = {
  async inspect(file: Blob, name: string): Promise<Inspection> {
    if (!(await looksLikeNwb(file, name))) return { format: 'raw', size: file.size };
    const { openNwb } = await import('#lib/formats/nwb/open-nwb.ts');
    const nwb = await openNwb(blobSource(file));
    try {
      const series = nwb.series.map(({ path, name: label, channelCount, sampleCount, samplingRateHz }) => ({
        path,
        name: label,
        channelCount,
        sampleCount,
        samplingRateHz
      }));
      return { format: 'nwb', series, metadata: nwb.metadata };
    } finally {
      nwb.close();
    }
  },

  async open(origin: RecordingOrigin): Promise<OpenedRecording> {
    const { source, truth } = await openOrigin(origin);
    preview = new Preview(source);
    return { info: source.info, trueUnitCount: truth?.trains.length };
  },

  /** Measures the recording for a filter; windows asked for afterwards carry its reference and its peaks. */
  async prepare(filter: PreviewFilter): Promise<void> {
    await opened().prepare(filter);
  },

  /** A stretch of traces. A newer request ends an older one, which is then `aborted`. */
  async window(request: WindowRequest): Promise<TraceWindow> {
    pending?.abort(new TaggedError('aborted', 'a newer window was asked for'));
    const current = (pending = new AbortController());
    const window = await opened().window(request, current.signal);
    return transfer(window, [window.values.buffer]);
  },

  /** By which a file that was seen before is recognised. */
  spotHash(file: Blob): Promise<string> {
    return spotHash(blobSource(file));
  }
};
export type RecordingApi = typeof api;

if ('DedicatedWorkerGlobalScope' in globalThis) {
  installErrorTransfer();
  expose(api);
}
export { api as recordingApi };
