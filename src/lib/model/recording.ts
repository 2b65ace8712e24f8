/** What is known of a recording and its probe, and the one way in which its samples are read. */
import * as v from 'valibot';

/** One electrode contact; positions in µm, y along the shank (larger is shallower only by convention of the file). */
export const Contact = v.object({
  id: v.pipe(v.string(), v.maxLength(128)),
  x: v.pipe(v.number(), v.finite()),
  y: v.pipe(v.number(), v.finite()),
  shank: v.pipe(v.number(), v.integer(), v.minValue(0))
});
export type Contact = v.InferOutput<typeof Contact>;

export const Probe = v.object({
  name: v.optional(v.pipe(v.string(), v.maxLength(256))),
  /** One contact a channel, in channel order. */
  contacts: v.pipe(v.array(Contact), v.minLength(1), v.maxLength(65536)),
  /** Where the positions come from; `assumed` is a linear column at 20 µm and is always said to the user. */
  origin: v.picklist(['recording', 'probe-file', 'layout', 'assumed'])
});
export type Probe = v.InferOutput<typeof Probe>;

export interface RecordingInfo {
  samplingRateHz: number;
  channelCount: number;
  sampleCount: number;
  /** Time of the first sample, in s. */
  startTimeSeconds: number;
  /** One a channel, in channel order. */
  channelIds: string[];
  probe: Probe;
  /** How stored counts became µV: µV = count × gainUv + offsetUv, one a channel. */
  gainUv: number[];
  offsetUv: number[];
  /** Sample type as stored, such as `int16`. */
  dtype: string;
}

/** Reads samples of one recording. Implementations may read ahead; equal arguments always give equal values. */
export interface TraceSource {
  readonly info: RecordingInfo;
  /**
   * Samples [startSample, endSample) of every channel.
   * @returns µV, channels × samples (channel-major); the caller owns the array.
   * @throws RangeError when the range lies outside the recording.
   */
  read(startSample: number, endSample: number, signal?: AbortSignal): Promise<Float32Array<ArrayBuffer>>;
}

/** Metadata that a result carries over and that is never invented; names as NWB's. */
export const SessionMetadata = v.object({
  NWBFile: v.optional(
    v.object({
      session_description: v.optional(v.string()),
      identifier: v.optional(v.string()),
      session_start_time: v.optional(v.pipe(v.string(), v.isoTimestamp())),
      session_id: v.optional(v.string()),
      experimenter: v.optional(v.array(v.string())),
      experiment_description: v.optional(v.string()),
      institution: v.optional(v.string()),
      lab: v.optional(v.string()),
      keywords: v.optional(v.array(v.string())),
      notes: v.optional(v.string())
    })
  ),
  Subject: v.optional(
    v.object({
      subject_id: v.optional(v.string()),
      species: v.optional(v.string()),
      sex: v.optional(v.string()),
      age: v.optional(v.string()),
      date_of_birth: v.optional(v.string()),
      description: v.optional(v.string()),
      genotype: v.optional(v.string()),
      strain: v.optional(v.string()),
      weight: v.optional(v.string())
    })
  ),
  Device: v.optional(
    v.object({
      name: v.optional(v.string()),
      description: v.optional(v.string()),
      manufacturer: v.optional(v.string())
    })
  ),
  ElectrodeGroup: v.optional(
    v.object({
      name: v.optional(v.string()),
      description: v.optional(v.string()),
      location: v.optional(v.string())
    })
  )
});
export type SessionMetadata = v.InferOutput<typeof SessionMetadata>;

/** What the user tells goes before what the input says of itself, field by field. */
export function mergeMetadata(own: SessionMetadata, told: SessionMetadata): SessionMetadata {
  const groups = ['NWBFile', 'Subject', 'Device', 'ElectrodeGroup'] as const;
  return Object.fromEntries(
    groups.flatMap((group) => {
      const merged = { ...own[group], ...told[group] };
      return Object.keys(merged).length > 0 ? [[group, merged]] : [];
    })
  );
}
