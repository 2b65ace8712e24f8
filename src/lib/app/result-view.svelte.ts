/** A stored result that is looked at: read from its file in a worker, then shown by a SortingView. */
import { TaggedError } from '#lib/model/errors.ts';
import { type SessionMetadata } from '#lib/model/recording.ts';
import { wrap } from 'comlink';
import { installErrorTransfer } from '../../workers/error-transfer.ts';
import { type ReadResult, type ResultApi } from '../../workers/result.ts';
import { SortingView } from './sorting-view.svelte.ts';

installErrorTransfer();

export type ResultViewState =
  | { phase: 'idle' }
  | { phase: 'reading' }
  | {
      phase: 'ready';
      view: SortingView;
      metadata: SessionMetadata;
      truth: ReadResult['truth'];
    }
  | { phase: 'failed'; error: unknown };

export class ResultView {
  #state = $state.raw<ResultViewState>({ phase: 'idle' });
  #worker: Worker | undefined;

  get state(): ResultViewState {
    return this.#state;
  }

  /** @param simulation of the sorted recording, when it was generated: its truth is then known */
  async open(file: Blob, simulation: string | undefined): Promise<void> {
    this.close();
    this.#state = { phase: 'reading' };
    const worker = new Worker(new URL('../../workers/result.ts', import.meta.url), {
      type: 'module',
      name: 'result'
    });
    this.#worker = worker;
    try {
      const { sorting, probe, channelIds, metadata, truth } = await Promise.race([
        wrap<ResultApi>(worker).read(file, simulation),
        failureOf(worker)
      ]);
      if (this.#worker !== worker) return;
      const matches = truth && new Map(truth.matches.map((match) => [match.unit, match]));
      const view = new SortingView({ sorting, probe, channelIds, truth: matches });
      this.#state = { phase: 'ready', view, metadata, truth };
    } catch (error) {
      if (this.#worker === worker) this.#state = { phase: 'failed', error };
    } finally {
      worker.terminate();
    }
  }

  close(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
    this.#state = { phase: 'idle' };
  }
}

function failureOf(worker: Worker): Promise<never> {
  return new Promise((_, reject) =>
    worker.addEventListener(
      'error',
      (event) => reject(new TaggedError('worker-failed', event.message || 'the worker could not be started')),
      { once: true }
    )
  );
}
