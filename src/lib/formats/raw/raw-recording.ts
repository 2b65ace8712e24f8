/** Headerless binary recordings: samples interleaved by channel, little-endian. */
import { type ByteSource } from '../../bytes/byte-source.ts';
import { TaggedError } from '../../model/errors.ts';
import { type RecordingSelection } from '../../model/processor.ts';
import { type Probe, type RecordingInfo, type TraceSource } from '../../model/recording.ts';
import { linearProbe } from '../probe/layouts.ts';
import { toMicrovolts } from './to-microvolts.ts';

export type RawSelection = Extract<RecordingSelection, { format: 'raw' }>;

const sampleBytes = { int16: 2, float32: 4 } as const;

/**
 * Opens a raw file as described.
 * @param probe without it the channels stand in one column at 20 µm (`assumed`)
 * @throws TaggedError `raw-size-mismatch` when the size is no whole number of samples of all channels,
 * `recording-empty`, `probe-mismatch` when the probe has another number of contacts
 */
export function openRaw(source: ByteSource, selection: RawSelection, probe?: Probe): TraceSource {
  const { channelCount, dtype, offsetBytes, gainUv, offsetUv } = selection;
  const frameBytes = channelCount * sampleBytes[dtype];
  const info: RecordingInfo = {
    samplingRateHz: selection.samplingRateHz,
    channelCount,
    sampleCount: countSamples(source.size, selection),
    startTimeSeconds: 0,
    channelIds: Array.from({ length: channelCount }, (_, i) => String(i)),
    probe: checkProbe(probe ?? linearProbe(channelCount), channelCount),
    gainUv: Array.from({ length: channelCount }, () => gainUv),
    offsetUv: Array.from({ length: channelCount }, () => offsetUv),
    dtype
  };
  return {
    info,
    async read(startSample, endSample, signal) {
      checkSamples(info, startSample, endSample);
      const bytes = await source.read(
        offsetBytes + startSample * frameBytes,
        (endSample - startSample) * frameBytes,
        signal
      );
      return toMicrovolts(bytes, { dtype, channelCount, gainUv: info.gainUv, offsetUv: info.offsetUv });
    }
  };
}

/** Samples per channel. @throws TaggedError `raw-size-mismatch`, `recording-empty` */
export function countSamples(
  size: number,
  { channelCount, dtype, offsetBytes }: Pick<RawSelection, 'channelCount' | 'dtype' | 'offsetBytes'>
): number {
  const dataBytes = size - offsetBytes;
  const frameBytes = channelCount * sampleBytes[dtype];
  if (dataBytes <= 0)
    throw new TaggedError('recording-empty', 'the file holds no samples', { size, offsetBytes });
  const rest = dataBytes % frameBytes;
  if (rest !== 0) {
    const message = `${dataBytes} bytes are no whole number of samples of ${channelCount} ${dtype} channels: ${rest} bytes are left over`;
    throw new TaggedError('raw-size-mismatch', message, { dataBytes, channelCount, dtype, rest });
  }
  return dataBytes / frameBytes;
}

/** @throws RangeError */
export function checkSamples({ sampleCount }: RecordingInfo, startSample: number, endSample: number): void {
  if (!(startSample >= 0 && startSample <= endSample && endSample <= sampleCount))
    throw new RangeError(`samples ${startSample} to ${endSample} lie outside a recording of ${sampleCount}`);
}

/** @throws TaggedError `probe-mismatch` */
export function checkProbe(probe: Probe, channelCount: number): Probe {
  if (probe.contacts.length === channelCount) return probe;
  const contacts = probe.contacts.length;
  const message = `the probe has ${contacts} contacts, the recording ${channelCount} channels`;
  throw new TaggedError('probe-mismatch', message, { contacts, channelCount });
}
