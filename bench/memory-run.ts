// One sort of `npm run bench:memory`, in a process of its own so that its largest memory is its own: the recording is a short
// raw file read over and over. Prints one line of JSON: times, and the largest memory by stage.
//   node bench/memory-run.ts FILE.raw --channels N --repeats R --workers W
import { nodeUnitClassifier } from '../compute-node/platform/unit-classifier.ts';
import { parseArgs } from 'node:util';
import { openRaw } from '#lib/formats/raw/raw-recording.ts';
import { type TraceSource } from '#lib/model/recording.ts';
import { resolveParameters } from '#lib/sorting/parameters.ts';
import { sortToNwb } from '../compute-node/apps/sort-to-nwb.ts';
import { openFileSource } from '../compute-node/platform/file-source.ts';
import { longProbe, samplingRateHz } from './memory-recording.ts';

const option = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  options: { channels: option, repeats: option, workers: option },
  allowPositionals: true
});
const [path = ''] = positionals;
const channelCount = Number(values.channels);
const began = performance.now();
const file = await openFileSource(path);
const layout = {
  samplingRateHz,
  channelCount,
  dtype: 'int16',
  offsetBytes: 0,
  gainUv: 0.195,
  offsetUv: 0
} as const;
const source = repeated(
  openRaw(file, { format: 'raw', ...layout }, longProbe(channelCount)),
  Number(values.repeats)
);

const stages = new Map<string, { began: number; seconds: number; peakMemoryBytes: number }>();
let current = enter('open');
const sample = () => (current.peakMemoryBytes = Math.max(current.peakMemoryBytes, process.memoryUsage.rss()));
const clock = setInterval(sample, 20);
const { sorting, bytes } = await sortToNwb({
  source,
  parameters: resolveParameters({}),
  seed: 0,
  workers: Number(values.workers),
  onProgress({ stage }) {
    if (!stages.has(stage)) {
      current = enter(stage);
      process.stderr.write(`${stage} from ${((performance.now() - began) / 1000).toFixed(0)} s on\n`);
    }
    sample();
  },
  onNote: (line) => process.stderr.write(`${line}\n`),
  openClassifier: nodeUnitClassifier,
  result: {
    metadata: {},
    source: { name: 'repeated.raw', size: file.size },
    fileCreateDate: '2000-01-01T00:00:00+00:00',
    definitionHash: '0'.repeat(64)
  }
});
sample();
clearInterval(clock);
file.close();
const now = performance.now();
leave(now);
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
console.log(
  JSON.stringify({
    units: sorting.units.length,
    spikes: sorting.units.reduce((sum, { spikeSamples }) => sum + spikeSamples.length, 0),
    resultBytes: bytes.length,
    seconds: (now - began) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMemoryBytes: maxRSS * 1024,
    stages: [...stages].map(([name, { seconds, peakMemoryBytes }]) => ({ name, seconds, peakMemoryBytes }))
  })
);

function enter(stage: string) {
  const moment = performance.now();
  leave(moment);
  const entered = { began: moment, seconds: 0, peakMemoryBytes: process.memoryUsage.rss() };
  stages.set(stage, entered);
  return entered;
}

function leave(moment: number): void {
  const last = [...stages.values()].at(-1);
  if (last) last.seconds = (moment - last.began) / 1000;
}

/** The recording several times, one after the other. */
function repeated({ info, read }: TraceSource, times: number): TraceSource {
  const { sampleCount, channelCount: channels } = info;
  return {
    info: { ...info, sampleCount: sampleCount * times },
    async read(start, end, signal) {
      const first = Math.floor(start / sampleCount);
      const from = start - first * sampleCount;
      if (from + end - start <= sampleCount) return read(from, from + end - start, signal);
      const middle = (first + 1) * sampleCount;
      const parts = [await this.read(start, middle, signal), await this.read(middle, end, signal)];
      const out = new Float32Array(channels * (end - start)); // channels × samples
      let at = 0;
      for (const part of parts) {
        const length = part.length / channels;
        for (let channel = 0; channel < channels; channel++)
          out.set(part.subarray(channel * length, (channel + 1) * length), channel * (end - start) + at);
        at += length;
      }
      return out;
    }
  };
}
