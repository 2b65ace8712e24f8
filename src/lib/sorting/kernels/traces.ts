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

/** The traces themselves, channels × samples; holds until a part is added to the memory. */
export function viewTraces({ memory, part, channelCount, samples }: TracesPart): Float32Array<ArrayBuffer> {
  return memory.floats(part, channelCount * samples);
}

/** Byte address of a channel's sample. */
export function addressOf({ memory, part, samples }: TracesPart, channel: number, sample: number): number {
  return memory.address(part) + 4 * (channel * samples + sample);
}
