// What a true unit's SNR is measured in.
import { type TraceSource } from '#lib/model/recording.ts';
import { designBandPass, filterChunk } from '#lib/sorting/filter.ts';

/** The band in which spikes are looked for, without reference or whitening. */
export function bandPassed(source: TraceSource): TraceSource {
  const { info } = source;
  const { channelCount, sampleCount, samplingRateHz } = info;
  const filter = designBandPass({ lowHz: 300, highHz: 6000, samplingRateHz });
  const usable = new Uint8Array(channelCount).fill(1);
  const halo = Math.round(0.05 * samplingRateHz);
  return {
    info,
    async read(start, end, signal) {
      const from = Math.max(0, start - halo);
      const to = Math.min(sampleCount, end + halo);
      const data = await source.read(from, to, signal);
      filterChunk(data, { channelCount, filter, usable, reference: 'none' });
      const out = new Float32Array(channelCount * (end - start)); // channels × samples
      for (let channel = 0; channel < channelCount; channel++) {
        const row = channel * (to - from) - from;
        out.set(data.subarray(row + start, row + end), channel * (end - start));
      }
      return out;
    }
  };
}
