/**
 * What a compute node can run, and a job as it is asked for. Field names follow Dendro's spec.json, so that
 * published Dendro apps are described in the same form as the built-in engine.
 */
import * as v from 'valibot';
import { ContentRoot, DefinitionHash, FileId, JobId, PersonId } from './ids.ts';

const shortText = v.pipe(v.string(), v.maxLength(256));
const longText = v.pipe(v.string(), v.maxLength(4000));

export const ParameterValue = v.union([
  v.pipe(v.number(), v.finite()),
  v.pipe(v.string(), v.maxLength(4000)),
  v.boolean(),
  v.null(),
  v.pipe(v.array(v.union([v.pipe(v.number(), v.finite()), shortText, v.boolean()])), v.maxLength(1000))
]);
export type ParameterValue = v.InferOutput<typeof ParameterValue>;

export const ParameterSpec = v.object({
  name: shortText,
  /** One line: what changes when it changes. */
  description: longText,
  type: v.picklist([
    'int',
    'float',
    'str',
    'bool',
    'List[int]',
    'List[float]',
    'List[str]',
    'Optional[int]',
    'Optional[float]'
  ]),
  default: v.optional(ParameterValue),
  options: v.optional(v.array(v.union([v.string(), v.number()]))),
  min: v.optional(v.number()),
  max: v.optional(v.number()),
  unit: v.optional(shortText),
  group: v.optional(shortText)
});
export type ParameterSpec = v.InferOutput<typeof ParameterSpec>;

export const Resources = v.object({
  numCpus: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024)),
  numGpus: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(64)),
  memoryGb: v.pipe(v.number(), v.minValue(0.1), v.maxValue(65536)),
  timeSec: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(31_536_000))
});
export type Resources = v.InferOutput<typeof Resources>;

export const ProcessorSpec = v.object({
  /** App and processor name, such as `dendro` and `sort`. */
  app: shortText,
  name: shortText,
  version: shortText,
  label: shortText,
  description: longText,
  inputs: v.array(v.object({ name: shortText, description: longText })),
  outputs: v.array(v.object({ name: shortText, description: longText })),
  parameters: v.pipe(v.array(ParameterSpec), v.maxLength(500)),
  resources: Resources
});
export type ProcessorSpec = v.InferOutput<typeof ProcessorSpec>;

/** How a file's bytes become a recording: which series of an NWB file, or the layout of a raw binary file. */
export const RecordingSelection = v.variant('format', [
  v.object({ format: v.literal('nwb'), seriesPath: v.pipe(v.string(), v.maxLength(1024)) }),
  v.object({
    format: v.literal('raw'),
    samplingRateHz: v.pipe(v.number(), v.finite(), v.minValue(1), v.maxValue(1e7)),
    channelCount: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65536)),
    dtype: v.picklist(['int16', 'float32']),
    offsetBytes: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    gainUv: v.pipe(v.number(), v.finite()),
    offsetUv: v.pipe(v.number(), v.finite())
  })
]);
export type RecordingSelection = v.InferOutput<typeof RecordingSelection>;

/** A job, complete: everything that decides its result. Immutable; hashed with all defaults filled in. */
export const JobDefinition = v.object({
  app: shortText,
  processor: shortText,
  version: shortText,
  inputs: v.pipe(
    v.array(
      v.object({
        name: shortText,
        file: FileId,
        selection: v.optional(RecordingSelection),
        /** Channel positions when the file has none, as JSON of model's Probe. */
        probe: v.optional(v.pipe(v.string(), v.maxLength(200_000))),
        /** Metadata the user gave for the result, as JSON of model's SessionMetadata. */
        metadata: v.optional(v.pipe(v.string(), v.maxLength(20_000)))
      })
    ),
    v.maxLength(100)
  ),
  outputs: v.pipe(
    v.array(v.object({ name: shortText, file: FileId, fileName: shortText })),
    v.maxLength(100)
  ),
  parameters: v.record(shortText, ParameterValue),
  seed: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  resources: Resources
});
export type JobDefinition = v.InferOutput<typeof JobDefinition>;

export const terminalStates = ['completed', 'failed', 'cancelled'] as const;
export const JobEventState = v.picklist(['accepted', 'queued', 'started', ...terminalStates]);
export type JobEventState = v.InferOutput<typeof JobEventState>;

/** One event of a job's attempt, as the assigned device signs it. */
export const JobEvent = v.object({
  job: JobId,
  attempt: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000)),
  /** Order within the attempt, from 0. */
  n: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1000)),
  state: JobEventState,
  /** Why it failed or was cancelled: an ErrorRecord's tag and a sentence. */
  reason: v.optional(v.object({ tag: shortText, message: longText })),
  /** With `started`: the roots of the inputs that were read. */
  inputs: v.optional(v.pipe(v.array(v.object({ file: FileId, root: ContentRoot })), v.maxLength(100))),
  /** With `completed`: what was made. */
  outputs: v.optional(
    v.pipe(
      v.array(
        v.object({
          name: shortText,
          file: FileId,
          root: ContentRoot,
          size: v.pipe(v.number(), v.safeInteger(), v.minValue(0))
        })
      ),
      v.maxLength(100)
    )
  ),
  /** With a terminal state: what it printed, as a file that the device has. */
  log: v.optional(v.object({ root: ContentRoot, size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) })),
  /** With a terminal state: a few figures for the list, such as units found; plain numbers only. */
  summary: v.optional(v.record(shortText, v.pipe(v.number(), v.finite())))
});
export type JobEvent = v.InferOutput<typeof JobEvent>;

/** The immutable fact that asks for a job. */
export const JobSubmission = v.object({
  job: JobId,
  definition: JobDefinition,
  definitionHash: DefinitionHash,
  submitter: PersonId,
  /** Jobs that it takes the place of: they are deleted when it is asked for, not when it runs. */
  replaces: v.optional(v.pipe(v.array(JobId), v.maxLength(100)))
});
export type JobSubmission = v.InferOutput<typeof JobSubmission>;
