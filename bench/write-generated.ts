// Writes a recording of our own generator as int16 and its truth as JSON, in the form of make-set.py.
//   node bench/write-generated.ts demonstration FOLDER
//   node bench/write-generated.ts probe32 FOLDER --seed 7 --seconds 60
import { createWriteStream, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import {
  type SimulationSpec,
  demonstrationSpec,
  drift32Spec,
  hard64Spec,
  probe32Spec,
  tetrodeSpec
} from '#lib/simulation/specification.ts';

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' }, seconds: { type: 'string', default: '60' } },
  allowPositionals: true
});
const [name = '', folder = '.'] = positionals;
const spec = chooseSpec(name, Number(values.seed), Number(values.seconds));
mkdirSync(folder, { recursive: true });
const stem = join(folder, spec.name);
const recording = generateRecording(spec);
const file = createWriteStream(`${stem}.raw.part`);
for (const chunk of int16Chunks(recording))
  if (!file.write(new Uint8Array(chunk.buffer))) await once(file, 'drain');
file.end();
await once(file, 'close');
writeFileSync(`${stem}.json`, JSON.stringify(describe()));
renameSync(`${stem}.raw.part`, `${stem}.raw`);
process.stdout.write(`${stem}\n`);

function chooseSpec(wanted: string, seed: number, seconds: number): SimulationSpec {
  if (wanted === 'demonstration') return demonstrationSpec;
  if (wanted === 'probe32') return probe32Spec(seed, seconds);
  if (wanted === 'tetrode') return tetrodeSpec(seed, seconds);
  if (wanted === 'drift32') return drift32Spec(seed, seconds);
  if (wanted === 'hard64') return hard64Spec(seed, seconds);
  throw new Error(
    `Unknown recording "${wanted}": choose demonstration, probe32, tetrode, drift32 or hard64.`
  );
}

function describe() {
  const { info } = recording.source;
  return {
    set: spec.name,
    seed: spec.seed,
    samplingRateHz: info.samplingRateHz,
    channelCount: info.channelCount,
    sampleCount: info.sampleCount,
    dtype: 'int16',
    gainUv: spec.gainUv,
    offsetUv: 0,
    contacts: info.probe.contacts,
    ...(spec.drift && { drift: spec.drift }),
    trueUnits: recording.trueUnits.map((unit, i) => ({
      id: String(unit.id),
      position: [unit.position.x, unit.position.y, unit.position.z],
      spikeSamples: [...(recording.truth.trains[i] ?? [])]
    }))
  };
}
