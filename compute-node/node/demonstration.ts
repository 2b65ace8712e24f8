/**
 * The demonstration: a project with a generated recording whose units are known, and the job that sorts it. The recording
 * is generated when the job needs it, so founding takes no time and a kill costs nothing.
 */
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { demonstrationSpec } from '#lib/simulation/specification.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { FileId, type DeviceId } from '#lib/model/ids.ts';
import { type JobDefinition, type RecordingSelection } from '#lib/model/processor.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
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

/** The source runs as it is; the package's bundle has the thread's program beside it (scripts/bundle-node.js). */
const threadUrl = new URL(
  import.meta.url.endsWith('.ts') ? './demonstration-thread.ts' : './demonstration-thread.js',
  import.meta.url
);
/** Chunks that the thread may be ahead. */
const chunksAhead = 2;

/**
 * The bytes of the generated recording, in order.
 * @throws TaggedError `worker-failed`
 */
export async function* generatedChunks(
  signal: AbortSignal,
  onProgress: (bytesDone: number) => void
): AsyncGenerator<Uint8Array> {
  const thread = new Worker(threadUrl);
  try {
    const messages = on(thread, 'message', { signal, close: ['exit'] });
    for (let ahead = 0; ahead < chunksAhead; ahead++) thread.postMessage('next');
    let bytesDone = 0;
    for await (const [chunk] of messages as AsyncIterable<[Int16Array<ArrayBuffer>]>) {
      thread.postMessage('next');
      yield new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      onProgress((bytesDone += chunk.byteLength));
    }
    if (bytesDone < size)
      throw new TaggedError('worker-failed', 'The thread that generates the demonstration ended early.');
  } finally {
    await thread.terminate();
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
