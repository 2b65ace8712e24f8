/** A sort of the open recording in this browser: its progress, its result, and the result as a file. */
import { proxy, type Remote, wrap } from 'comlink';
import { TaggedError } from '#lib/model/errors.ts';
import { type StageProgress } from '#lib/model/engine.ts';
import { type ParameterValue, type ProcessorSpec } from '#lib/model/processor.ts';
import { type RecordingInfo, type SessionMetadata } from '#lib/model/recording.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { type StageName } from '#lib/sorting/run.ts';
import { installErrorTransfer } from '../../workers/error-transfer.ts';
import { type RecordingOrigin } from '../../workers/recording-origin.ts';
import { type SortingApi, type TruthComparison } from '../../workers/sorting.ts';
import { SortingView } from './sorting-view.svelte.ts';

installErrorTransfer();

export type QuickSortState =
  | { phase: 'idle' }
  | { phase: 'running'; progress: StageProgress | undefined; startedAt: number }
  | {
      phase: 'done';
      view: SortingView;
      seconds: number;
      hint: string | undefined;
      truth: TruthComparison | undefined;
    }
  | { phase: 'failed'; error: unknown };

/** The engine's stages, as they are said. */
const stageWords: Record<StageName, string> = {
  prepare: 'Measuring the noise',
  features: 'Learning what spikes look like',
  motion: 'Following movement along the probe',
  detect: 'Detecting spikes',
  cluster: 'Clustering spikes into units',
  refine: 'Looking at spikes without their overlaps',
  match: 'Matching units over the recording',
  finish: 'Finishing'
};

/** The engine's seed of every quick sort: the same recording and parameters give the same units. */
const seed = 1;

export class QuickSort {
  readonly spec: ProcessorSpec = engineProcessor;
  #state = $state.raw<QuickSortState>({ phase: 'idle' });
  #exporting = $state(false);
  #worker: Worker | undefined;
  #api: Remote<SortingApi> | undefined;
  #stop: ((reason: unknown) => void) | undefined;

  get state(): QuickSortState {
    return this.#state;
  }
  /** What a running sort is at, in words. */
  get stage(): string {
    if (this.#state.phase !== 'running' || !this.#state.progress) return 'Starting';
    const { stage } = this.#state.progress;
    return stageWords[stage as StageName];
  }
  get exporting(): boolean {
    return this.#exporting;
  }
  /** Workers that a sort uses here: of many cores one is left to the page, which needs little of it. */
  get workerCount(): number {
    const cores = navigator.hardwareConcurrency || 2;
    return Math.min(8, cores > 4 ? cores - 1 : cores);
  }

  /** Sorts the recording. A failure or a cancel stands in `state`. */
  async start(
    origin: RecordingOrigin,
    info: RecordingInfo,
    parameters: Record<string, ParameterValue>
  ): Promise<void> {
    this.reset();
    this.#state = { phase: 'running', progress: undefined, startedAt: Date.now() };
    const api = this.#startWorker();
    const ended = new Promise<never>((_, reject) => (this.#stop = reject));
    const onProgress = proxy((progress: StageProgress) => {
      if (this.#state.phase === 'running') this.#state = { ...this.#state, progress };
    });
    try {
      const request = { origin, parameters, seed, workers: this.workerCount };
      const { sorting, hint, truth, seconds } = await Promise.race([api.sort(request, onProgress), ended]);
      const matches = truth && new Map(truth.matches.map((match) => [match.unit, match]));
      const view = new SortingView({
        sorting,
        probe: info.probe,
        channelIds: info.channelIds,
        truth: matches
      });
      this.#state = { phase: 'done', view, seconds, hint, truth };
    } catch (error) {
      if (this.#state.phase !== 'running') return;
      this.#endWorker();
      this.#state = { phase: 'failed', error };
    }
  }

  /** Ends the sort; nothing of it is kept. */
  cancel(): void {
    if (this.#state.phase !== 'running') return;
    this.reset();
  }

  reset(): void {
    this.#state = { phase: 'idle' };
    this.#stop?.(new TaggedError('aborted', 'the sort was ended'));
    this.#endWorker();
  }

  /** The finished sorting as the bytes of an NWB file. */
  async exportNwb(metadata: SessionMetadata): Promise<Uint8Array<ArrayBuffer>> {
    const api = this.#api;
    if (!api || this.#state.phase !== 'done')
      throw new TaggedError('sorting-missing', 'there is no finished sorting');
    this.#exporting = true;
    try {
      return await api.exportNwb(metadata);
    } finally {
      this.#exporting = false;
    }
  }

  #startWorker(): Remote<SortingApi> {
    this.#worker = new Worker(new URL('../../workers/sorting.ts', import.meta.url), {
      type: 'module',
      name: 'sorting'
    });
    this.#worker.addEventListener('error', (event) =>
      this.#stop?.(new TaggedError('worker-failed', event.message || 'the sorting worker stopped'))
    );
    this.#api = wrap<SortingApi>(this.#worker);
    return this.#api;
  }

  #endWorker(): void {
    this.#worker?.terminate();
    this.#worker = this.#api = this.#stop = undefined;
  }
}
