/** A part of a recording as a recording of its own. */
import { type TraceSource } from '#lib/model/recording.ts';
import { UsageError } from './exit.ts';
import { type SortOptions } from './sort-options.ts';

/**
 * The samples within a window of seconds; the whole source without one.
 * @throws UsageError when the window lies beyond the recording's end
 */
export function windowOf(
  recording: TraceSource,
  window: SortOptions['window']
): { source: TraceSource; firstSample: number } {
  if (!window) return { source: recording, firstSample: 0 };
  const { info } = recording;
  const seconds = info.sampleCount / info.samplingRateHz;
  const firstSample = Math.round(window.startSeconds * info.samplingRateHz);
  const wanted =
    window.endSeconds === undefined ? info.sampleCount : Math.round(window.endSeconds * info.samplingRateHz);
  const lastSample = Math.min(wanted, info.sampleCount);
  if (lastSample <= firstSample)
    throw new UsageError(
      `--seconds starts at ${window.startSeconds} s, but the recording is ${seconds.toFixed(3)} s long.`
    );
  const source: TraceSource = {
    info: {
      ...info,
      sampleCount: lastSample - firstSample,
      startTimeSeconds: info.startTimeSeconds + firstSample / info.samplingRateHz
    },
    read: (start, end, signal) => {
      if (start < 0 || end > lastSample - firstSample) throw new RangeError('samples outside the window');
      return recording.read(start + firstSample, end + firstSample, signal);
    }
  };
  return { source, firstSample };
}
