// commands.ts COMMAND: reads a JSON payload from stdin, runs the project's code on it, answers in JSON. Called by the
// parity tests in Python (conftest.py).
import { readFileSync, writeFileSync } from 'node:fs';
import { unitLabels } from '#lib/classifier/unit-classifier.ts';
import { openNwb } from '#lib/formats/nwb/open-nwb.ts';
import { writeNwb } from '#lib/formats/nwb/write-nwb.ts';
import { writeRecordingNwb } from '#lib/formats/nwb/write-recording-nwb.ts';
import { scoreSorting } from '#lib/metrics/score.ts';
import { toErrorRecord } from '#lib/model/errors.ts';
import { type SessionMetadata } from '#lib/model/recording.ts';
import { type Sorting } from '#lib/model/sorting.ts';
import { generateRecording } from '#lib/simulation/recording.ts';
import { tetrodeSpec } from '#lib/simulation/specification.ts';
import { isosplit6 } from '#lib/sorting/isosplit6.ts';
import { openFileSource } from '../../compute-node/platform/file-source.ts';
import { metricCommands } from './metric-commands.ts';

interface ScoreCase {
  samplingRateHz: number;
  truth: number[][];
  sorted: number[][];
}

const fileCreateDate = '2026-01-01T00:00:00+00:00';

const commands: Record<string, (payload: never) => unknown> = {
  ...metricCommands,

  score: (cases: ScoreCase[]) =>
    cases.map(({ samplingRateHz, truth, sorted }) => {
      const trains = (lists: number[][]) => ({
        samplingRateHz,
        trains: lists.map((list) => Float64Array.from(list))
      });
      const score = scoreSorting(trains(truth), trains(sorted));
      return { ...score, agreement: [...score.agreement], matchCounts: [...score.matchCounts] };
    }),

  isosplit6: (cases: { points: number[][] }[]) =>
    cases.map(({ points }) => {
      const dimensions = points[0]?.length ?? 0;
      return [...isosplit6(Float64Array.from(points.flat()), { dimensions })];
    }),

  'write-nwb': async (payload: {
    path: string;
    metadata: SessionMetadata;
    unitless?: boolean;
    classes?: boolean;
  }) => {
    const { path, metadata, unitless = false, classes = false } = payload;
    const { recording, sorting } = example();
    if (unitless) sorting.units = [];
    if (classes)
      sorting.units.forEach((unit, i) => {
        unit.quality = { label: unitLabels[i % 3] ?? 'noise', probability: 0.5 + i / 16 };
      });
    const provenance = {
      definitionHash: 'ab'.repeat(32),
      parameters: { detectThreshold: 5 },
      seed: 0,
      engine: 'dendro sort',
      engineVersion: '1'
    };
    const source = { name: 'day3.raw', size: 1000 };
    const result = { recording, sorting, metadata, source, provenance, fileCreateDate };
    writeFileSync(path, await writeNwb(result));
    return { spikes: sorting.units.map(({ spikeSamples }) => [...spikeSamples]) };
  },

  'write-recording-nwb': async ({ path }: { path: string }) => {
    const { source, readCounts } = generateRecording({ ...tetrodeSpec(5), seconds: 1 });
    const counts = readCounts(0, source.info.sampleCount);
    writeFileSync(
      path,
      await writeRecordingNwb({ recording: source.info, counts, metadata: {}, fileCreateDate })
    );
    return { counts: [...counts.subarray(0, 400)], gainUv: source.info.gainUv[0] };
  },

  'read-nwb': async ({ path, start, end }: { path: string; start: number; end: number }) => {
    const file = await openFileSource(path);
    try {
      const nwb = await openNwb(file);
      const [first] = nwb.series;
      if (!first) return { series: [] };
      const recording = await nwb.openSeries(first.path);
      const traces = await recording.read(start, end);
      const answer = {
        series: nwb.series,
        info: recording.info,
        traces: [...traces],
        metadata: nwb.metadata
      };
      nwb.close();
      return answer;
    } catch (error) {
      return { error: toErrorRecord(error) };
    } finally {
      file.close();
    }
  }
};

/** A small sorting of a generated tetrode: its true units. */
function example(): { recording: ReturnType<typeof generateRecording>['source']['info']; sorting: Sorting } {
  const { source, truth, trueUnits } = generateRecording({ ...tetrodeSpec(5), seconds: 10 });
  const { info } = source;
  const window = trueUnits[0]?.templateWindow ?? { beforeSamples: 0, afterSamples: 0 };
  const units = trueUnits.map((unit, id) => ({
    id,
    spikeSamples: truth.trains[id] ?? new Float64Array(),
    mainChannel: unit.mainChannel,
    waveformMean: unit.template,
    waveformSd: unit.template.map(() => 1),
    snr: 8
  }));
  const { samplingRateHz, channelCount, sampleCount } = info;
  return {
    recording: info,
    sorting: { samplingRateHz, channelCount, sampleCount, waveformWindow: window, units }
  };
}

const [name = ''] = process.argv.slice(2);
const command = commands[name];
if (!command) throw new Error(`unknown command ${name}`);
const answer: unknown = await command(JSON.parse(readFileSync(0, 'utf8')) as never);
process.stdout.write(JSON.stringify(answer));
