/** Traces in the kernels' memory, where one stage after the other works on them without copying. */
import { KernelMemory } from './kernels.ts';

export interface TracesPart {
  memory: KernelMemory;
  /** The part of the memory that holds them: channels × samples, float32. */
  part: number;
  channelCount: number;
  samples: number;
}

/** Copies traces (channels × samples) into a fresh layout of the memory, or into a given one. */
export function placeTraces(
  data: Float32Array,
  channelCount: number,
  memory: KernelMemory = new KernelMemory()
): TracesPart {
  return { memory, part: memory.addFloats(data), channelCount, samples: data.length / channelCount };
}

/** Room for traces of the same shape in the same memory. */
export function roomLike({ memory, channelCount, samples }: TracesPart): TracesPart {
  return { memory, part: memory.add(4 * channelCount * samples), channelCount, samples };
}

/** Every `step`-th sample of each trace, in a new part of the memory; of every sample the traces themselves. */
export function thinPart(traces: TracesPart, step: number): TracesPart {
  if (step === 1) return traces;
  const { memory, channelCount } = traces;
  const samples = Math.ceil(traces.samples / step);
  const part = memory.add(4 * channelCount * samples);
  const thinned = { memory, part, channelCount, samples };
  for (let channel = 0; channel < channelCount; channel++)
    memory.run.thin(addressOf(traces, channel, 0), step, samples, addressOf(thinned, channel, 0));
  return thinned;
}

/** The traces themselves, channels × samples; holds until a part is added to the memory. */
export function viewTraces({ memory, part, channelCount, samples }: TracesPart): Float32Array<ArrayBuffer> {
  return memory.floats(part, channelCount * samples);
}

/** Byte address of a channel's sample. */
export function addressOf({ memory, part, samples }: TracesPart, channel: number, sample: number): number {
  return memory.address(part) + 4 * (channel * samples + sample);
}
