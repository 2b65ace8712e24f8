/** Opens what `dendro sort` sorts: tells NWB from raw by its first bytes, and says in a line each what was assumed. */
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { looksLikeHdf5 } from '#lib/formats/hdf5/hdf5-file.ts';
import { type NwbFile, openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { parseProbeinterface } from '#lib/formats/probe/probeinterface.ts';
import { openRaw } from '#lib/formats/raw/raw-recording.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type RecordingSelection } from '#lib/model/processor.ts';
import { type Probe, type SessionMetadata, type TraceSource } from '#lib/model/recording.ts';
import { type FileSource, openFileSource } from '../platform/file-source.ts';
import { InputRefused, UsageError } from './exit.ts';
import { type SortOptions } from './sort-options.ts';
import { windowOf } from './trace-window.ts';

export interface SortInput {
  source: TraceSource;
  /** First sample of the window that is sorted, counted in the recording. */
  firstSample: number;
  selection: RecordingSelection;
  file: FileSource;
  name: string;
  /** What an NWB input says of its session. */
  metadata: SessionMetadata;
  /** Lines for stderr: what was assumed. */
  notes: string[];
  close(): Promise<void>;
}

/** @throws UsageError, InputRefused */
export async function openInput(options: SortOptions): Promise<SortInput> {
  const probe = options.probePath === undefined ? undefined : await readProbe(options.probePath);
  const file = await refuse(() => openFileSource(options.recording));
  try {
    const isNwb = await refuse(() => looksLikeHdf5(file));
    if (!isNwb && /\.(nwb|h5|hdf5)$/i.test(options.recording))
      throw new InputRefused(
        new TaggedError('not-hdf5', `${options.recording} is not an HDF5 file, so it is no NWB file`)
      );
    return isNwb ? await openNwbInput(file, options, probe) : await openRawInput(file, options, probe);
  } catch (error) {
    file.close();
    throw error;
  }
}

async function openNwbInput(
  file: FileSource,
  options: SortOptions,
  probe: Probe | undefined
): Promise<SortInput> {
  if (Object.keys(options.raw).length > 0)
    throw new UsageError(`${options.recording} is an NWB file: options of raw files do not apply to it.`);
  const nwb = await refuse(() => openNwb(file));
  const seriesPath = chooseSeries(nwb, options);
  const recording = await refuse(() => nwb.openSeries(seriesPath, probe));
  const selection: RecordingSelection = { format: 'nwb', seriesPath };
  const close = async () => {
    nwb.close();
    file.close();
  };
  const input = finishInput({ file, options, recording, selection });
  const notes = recording.absolutePositions
    ? ['Channel positions are x and y in the brain, as the file knows none on the probe (--probe).']
    : [];
  return { ...input, metadata: nwb.metadata, notes: [...notes, ...input.notes], close };
}

function chooseSeries({ series }: NwbFile, { seriesPath, recording }: SortOptions): string {
  const paths = series.map(({ path }) => path);
  const [only] = paths;
  if (seriesPath !== undefined) {
    const given = seriesPath.startsWith('/') ? seriesPath : `/${seriesPath}`;
    if (paths.includes(given)) return given;
    throw new UsageError(`${recording} has no series ${given}. It has: ${paths.join(', ')}.`);
  }
  if (only === undefined)
    throw new InputRefused(
      new TaggedError('nwb-no-series', `${recording} holds no ElectricalSeries to sort`)
    );
  if (paths.length > 1)
    throw new UsageError(
      `${recording} has several series: choose one with --series. It has: ${paths.join(', ')}.`
    );
  return only;
}

async function openRawInput(
  file: FileSource,
  options: SortOptions,
  probe: Probe | undefined
): Promise<SortInput> {
  const {
    samplingRateHz,
    channelCount,
    dtype = 'int16',
    offsetBytes = 0,
    gainUv,
    offsetUv = 0
  } = options.raw;
  if (options.seriesPath !== undefined)
    throw new UsageError(`${options.recording} is a raw file: --series is for NWB.`);
  if (samplingRateHz === undefined || channelCount === undefined)
    throw new UsageError(`${options.recording} is a raw file: say its --sampling-rate and --channels.`);
  const selection: RecordingSelection = {
    format: 'raw',
    samplingRateHz,
    channelCount,
    dtype,
    offsetBytes,
    gainUv: gainUv ?? 1,
    offsetUv
  };
  const recording = await refuse(async () => openRaw(file, selection, probe));
  const notes = [
    ...(options.raw.dtype === undefined ? ['Sample type taken as int16 (--dtype says otherwise).'] : []),
    ...(gainUv === undefined ? ['One count taken as 1 µV (--gain-uv says otherwise).'] : [])
  ];
  const input = finishInput({ file, options, recording, selection });
  return { ...input, metadata: {}, notes: [...notes, ...input.notes], close: async () => file.close() };
}

function finishInput(opened: {
  file: FileSource;
  options: SortOptions;
  recording: TraceSource;
  selection: RecordingSelection;
}): Omit<SortInput, 'metadata' | 'close'> {
  const { file, options, recording, selection } = opened;
  const { source, firstSample } = windowOf(recording, options.window);
  const assumed = recording.info.probe.origin === 'assumed';
  const notes = assumed
    ? ['No channel positions known: the channels stand in one column at 20 µm (--probe).']
    : [];
  return { source, firstSample, selection, file, name: basename(options.recording), notes };
}

async function readProbe(path: string): Promise<Probe> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  return refuse(async () => parseProbeinterface(text));
}

/** Whatever is wrong with the input while it is opened is the input's fault. */
async function refuse<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (error) {
    throw error instanceof TaggedError && !(error instanceof UsageError) ? new InputRefused(error) : error;
  }
}
