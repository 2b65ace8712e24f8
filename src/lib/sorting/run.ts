/** One run of the pipeline: what it is given, how it reports, and how tasks go over chunks. */
import { type Scratch, type StageProgress, type WorkerPool } from '../model/engine.ts';
import { type TraceSource } from '../model/recording.ts';
import { type Checkpoint } from './checkpoint.ts';
import { type ChunkGrid, planChunks, readChunk } from './chunks.ts';
import { runInOrder } from './in-order.ts';
import { type SortingParameters } from './parameters.ts';
import { type SortingTasks } from './tasks.ts';

/** Stages in order, with their usual part of the whole time. */
const stages = [
  { name: 'prepare', share: 0.06 },
  { name: 'features', share: 0.08 },
  { name: 'motion', share: 0.1 },
  { name: 'detect', share: 0.15 },
  { name: 'cluster', share: 0.05 },
  { name: 'refine', share: 0.16 },
  { name: 'match', share: 0.39 },
  { name: 'finish', share: 0.01 }
] as const;
export type StageName = (typeof stages)[number]['name'];

export interface SortOptions {
  source: TraceSource;
  parameters: SortingParameters;
  pool: WorkerPool<SortingTasks>;
  /** Where finished stages are kept, so that a killed run goes on from there. */
  scratch?: Scratch | undefined;
  seed: number;
  onProgress?: ((progress: StageProgress) => void) | undefined;
  signal?: AbortSignal | undefined;
}

export interface Run extends SortOptions {
  grid: ChunkGrid;
  report: (stage: StageName) => (fraction: number) => void;
}

export function startRun(options: SortOptions): Run {
  return {
    ...options,
    grid: planChunks(options.source.info),
    report: progressReporter(options.onProgress)
  };
}

function progressReporter(onProgress: SortOptions['onProgress']): Run['report'] {
  return (stage) => (fraction) => {
    const at = stages.findIndex(({ name }) => name === stage);
    const before = stages.slice(0, at).reduce((sum, { share }) => sum + share, 0);
    onProgress?.({ stage, fraction, overall: Math.min(1, before + (stages[at]?.share ?? 0) * fraction) });
  };
}

/** Runs a chunk task on the chunks of the given indices, a few at a time, and hands on results in order. */
export async function overChunks<Name extends 'moments' | 'locate' | 'detect' | 'cleanSpikes' | 'match'>(
  { source, grid, pool, signal }: Run,
  options: {
    task: Name;
    indices: number[];
    input: Omit<SortingTasks[Name]['input'], 'chunk'>;
    onResult: (result: SortingTasks[Name]['output']) => void;
    onProgress: (fraction: number) => void;
  }
): Promise<void> {
  const { task, indices, input, onResult, onProgress } = options;
  await runInOrder(indices, {
    limit: pool.size + 1,
    signal,
    run: async (index) => {
      const chunk = await readChunk(source, grid, { index, signal });
      return pool.run(task, { ...input, chunk } as SortingTasks[Name]['input'], {
        transfer: [chunk.data.buffer],
        ...(signal && { signal })
      });
    },
    onResult,
    onDone: (done) => onProgress(done / indices.length)
  });
}

/** What the checkpoint holds, or else what `compute` gives, which is then kept. */
export async function resume<State>(kept: Checkpoint<State>, compute: () => Promise<State>): Promise<State> {
  const found = await kept.load();
  if (found) return found;
  const state = await compute();
  await kept.save(state);
  return state;
}
