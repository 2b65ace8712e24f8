/** Keeps the samples of a generated recording once they have been computed, for whoever reads them several times. */
import { type TraceSource } from '#lib/model/recording.ts';

/** Samples of one kept piece. */
const pieceSamples = 16_384;

/**
 * The same recording, of which each piece is computed once and then held as int16 counts: half the size of µV, and as
 * exact, since generated samples are whole counts. Takes 2 bytes a sample and channel.
 * @param source Whole counts of `gainUv` without offset, as `generateRecording` gives.
 */
export function keepSamples(source: TraceSource): TraceSource {
  const { info } = source;
  const { channelCount, sampleCount, gainUv } = info;
  const pieces = new Map<number, Promise<Int16Array>>();

  /** Counts of a piece, channels × samples; a failed or aborted read is not kept. */
  function piece(index: number, signal?: AbortSignal): Promise<Int16Array> {
    const known = pieces.get(index);
    if (known) return known;
    const start = index * pieceSamples;
    const made = source.read(start, Math.min(start + pieceSamples, sampleCount), signal).then((values) => {
      const samples = values.length / channelCount;
      const counts = new Int16Array(values.length);
      for (let channel = 0; channel < channelCount; channel++) {
        const gain = gainUv[channel] as number;
        for (let at = channel * samples; at < (channel + 1) * samples; at++)
          counts[at] = Math.round((values[at] as number) / gain);
      }
      return counts;
    });
    pieces.set(index, made);
    made.catch(() => pieces.delete(index));
    return made;
  }

  return {
    info,
    async read(startSample, endSample, signal) {
      signal?.throwIfAborted();
      const whole = Number.isInteger(startSample) && Number.isInteger(endSample);
      if (!whole || startSample < 0 || endSample < startSample || endSample > sampleCount)
        throw new RangeError(`Samples ${startSample} to ${endSample} are not within 0 to ${sampleCount}`);
      const count = endSample - startSample;
      const values = new Float32Array(channelCount * count); // channels × samples
      for (let index = Math.floor(startSample / pieceSamples); index * pieceSamples < endSample; index++) {
        const counts = await piece(index, signal);
        const length = counts.length / channelCount;
        const first = index * pieceSamples;
        const from = Math.max(startSample, first);
        const to = Math.min(endSample, first + length);
        for (let channel = 0; channel < channelCount; channel++) {
          const gain = gainUv[channel] as number;
          const target = channel * count - startSample;
          const kept = channel * length - first;
          for (let sample = from; sample < to; sample++)
            values[target + sample] = (counts[kept + sample] as number) * gain;
        }
      }
      return values;
    }
  };
}
