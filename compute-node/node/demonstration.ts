/**
 * The demonstration: a project with a generated recording whose units are known, and the job that sorts it. The recording
 * is generated when the job needs it, so founding takes no time and a kill costs nothing.
 */
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { generateRecording, int16Chunks } from '#lib/simulation/recording.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { FileId, type DeviceId } from '#lib/model/ids.ts';
import { type JobDefinition, type RecordingSelection } from '#lib/model/processor.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import * as v from 'valibot';

export const demonstrationName = 'Demonstration';
const spec = demonstrationSpec;
const channelCount = spec.probe.contacts.length;
const sampleCount = Math.round(spec.seconds * spec.samplingRateHz);
const size = sampleCount * channelCount * 2;

const selection: RecordingSelection = {
  format: 'raw',
  samplingRateHz: spec.samplingRateHz,
  channelCount,
  dtype: 'int16',
  offsetBytes: 0,
  gainUv: spec.gainUv,
  offsetUv: 0
};

/** Whether a file's bytes can be made instead of fetched. */
export function isGenerated(file: FileState): boolean {
  return file.simulation === spec.name && file.size === size;
}

/** The bytes of the generated recording, in order; other work gets its turn between the chunks. */
export async function* generatedChunks(
  signal: AbortSignal,
  onProgress: (bytesDone: number) => void
): AsyncGenerator<Uint8Array> {
  let bytesDone = 0;
  for (const chunk of int16Chunks(generateRecording(spec), { chunkSamples: spec.samplingRateHz })) {
    signal.throwIfAborted();
    yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    onProgress((bytesDone += chunk.byteLength));
    await yieldToOthers();
  }
}

/** Adds recording and job to a project that this device has founded; the job is assigned to the device itself. */
export async function addDemonstration(document: ProjectDocument, device: DeviceId): Promise<void> {
  const probe = JSON.stringify(spec.probe);
  const file = await document.addFile({
    name: 'demonstration.dat',
    size,
    selection,
    probe,
    simulation: spec.name
  });
  const definition: JobDefinition = {
    app: engineProcessor.app,
    processor: engineProcessor.name,
    version: engineProcessor.version,
    inputs: [{ name: 'recording', file, selection, probe }],
    outputs: [
      { name: 'sorting', file: v.parse(FileId, toHex(randomBytes(16))), fileName: 'demonstration-sorted.nwb' }
    ],
    parameters: Object.fromEntries(
      engineProcessor.parameters.map(({ name, default: value }) => [name, value ?? null])
    ),
    seed: 1,
    resources: engineProcessor.resources
  };
  await document.submitJob(definition, { device });
}
