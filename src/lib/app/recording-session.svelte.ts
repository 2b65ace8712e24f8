/** One recording that is open in a worker, and the stretch of it that is shown. */
import { releaseProxy, type Remote, wrap } from 'comlink';
import { TaggedError } from '#lib/model/errors.ts';
import { type PreviewFilter, type TraceWindow } from '#lib/model/preview.ts';
import { type RecordingInfo } from '#lib/model/recording.ts';
import { channelsByDepth } from '#lib/plots/probe-layout.ts';
import { clampView, fittingAmplitude, type TraceExtent, type TraceView } from '#lib/plots/trace-view.ts';
import { installErrorTransfer } from '../../workers/error-transfer.ts';
import { type Inspection, type RecordingApi } from '../../workers/recording.ts';
import { type RecordingOrigin } from '../../workers/recording-origin.ts';

installErrorTransfer();

export type SessionState =
  | { phase: 'closed' }
  | { phase: 'opening'; stage: string }
  | { phase: 'ready'; info: RecordingInfo; origin: RecordingOrigin; trueUnitCount: number | undefined }
  | { phase: 'failed'; error: unknown };

export const defaultFilter: PreviewFilter = {
  band: { lowHz: 300, highHz: 6000 },
  reference: 'auto',
  detectThreshold: 5
};

/** A shown stretch reaches this many of its own lengths beyond each edge of the view, so that panning finds data. */
const margin = 0.5;
/** Height of a channel's row where nothing else is said. */
const rowPx = 18;
/** Channels × seconds that a view may hold, so that a window is computed in about a second. */
const longestChannelSeconds = 400;

/** Resolves when the next frame is drawn; in a hidden tab, where none is, after a moment. */
function painted(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 500);
    requestAnimationFrame(() => setTimeout(resolve));
  });
}

export class RecordingSession {
  #state = $state.raw<SessionState>({ phase: 'closed' });
  #filter = $state.raw<PreviewFilter>(defaultFilter);
  #view = $state.raw<TraceView>({
    startSeconds: 0,
    spanSeconds: 0.5,
    firstRow: 0,
    rowCount: 32,
    uvPerRow: 200
  });
  #window = $state.raw<TraceWindow | undefined>(undefined);
  #preparing = $state(false);
  #problem = $state.raw<unknown>(undefined);
  #chosen = $state.raw<ReadonlySet<number>>(new Set());
  #worker: Worker | undefined;
  #api: Remote<RecordingApi> | undefined;
  #columns = 1200;
  #fittingRows = 32;
  #rowsChosen = false;
  /** The first window that arrives decides the amplitude. */
  #fitsAmplitude = false;
  #generation = 0;
  #requested: { startSample: number; endSample: number; columns: number } | undefined;

  readonly #rows = $derived.by(() => {
    if (this.#state.phase !== 'ready') return [];
    const ordered = channelsByDepth(this.#state.info.probe);
    return this.#chosen.size === 0 ? ordered : ordered.filter((channel) => this.#chosen.has(channel));
  });
  readonly #extent = $derived.by((): TraceExtent => {
    const info = this.#state.phase === 'ready' ? this.#state.info : undefined;
    const samplingRateHz = info?.samplingRateHz ?? 1;
    const channelCount = info?.channelCount ?? 1;
    return {
      samplingRateHz,
      durationSeconds: (info?.sampleCount ?? 1) / samplingRateHz,
      rows: this.#rows.length,
      longestSeconds: Math.min(20, Math.max(0.5, longestChannelSeconds / channelCount))
    };
  });

  get state(): SessionState {
    return this.#state;
  }
  get info(): RecordingInfo | undefined {
    return this.#state.phase === 'ready' ? this.#state.info : undefined;
  }
  get filter(): PreviewFilter {
    return this.#filter;
  }
  get view(): TraceView {
    return this.#view;
  }
  get window(): TraceWindow | undefined {
    return this.#window;
  }
  get extent(): TraceExtent {
    return this.#extent;
  }
  /** Channels in the order in which they are drawn. */
  get rows(): number[] {
    return this.#rows;
  }
  /** Channels that were chosen; none means all. */
  get chosenChannels(): ReadonlySet<number> {
    return this.#chosen;
  }
  /** The recording is being measured: its reference and its peaks are not yet shown. */
  get preparing(): boolean {
    return this.#preparing;
  }
  /** Why the last window could not be made. */
  get problem(): unknown {
    return this.#problem;
  }

  /** What a file holds. */
  async inspect(file: File): Promise<Inspection> {
    return this.#call<Inspection>(async (api) => await api.inspect(file, file.name));
  }

  /** By which a file that was seen before is recognised. */
  async spotHash(file: File): Promise<string> {
    return this.#call((api) => api.spotHash(file));
  }

  /**
   * Opens a recording in place of the one before. A failure stands in `state`.
   * @param options.glance only traces: the recording is not measured for its reference and its peaks
   */
  async open(
    origin: RecordingOrigin,
    view: Partial<TraceView> = {},
    { glance = false }: { glance?: boolean } = {}
  ): Promise<void> {
    this.close();
    const generation = this.#generation;
    this.#state = {
      phase: 'opening',
      stage: origin.kind === 'demonstration' ? 'Generating the demonstration' : `Reading ${origin.name}`
    };
    try {
      const { info, trueUnitCount } = await this.#call((api) => api.open(origin));
      if (generation !== this.#generation) return;
      this.#state = { phase: 'ready', info, origin, trueUnitCount };
      this.#rowsChosen = view.rowCount !== undefined;
      this.#fitsAmplitude = view.uvPerRow === undefined;
      this.setView({ ...this.#view, ...view });
      await this.#refresh();
      if (glance) return;
      await painted();
      if (generation === this.#generation) void this.#prepare();
    } catch (error) {
      if (generation === this.#generation) this.#state = { phase: 'failed', error };
    }
  }

  close(): void {
    this.#generation++;
    this.#api?.[releaseProxy]();
    this.#worker?.terminate();
    this.#worker = this.#api = undefined;
    this.#state = { phase: 'closed' };
    this.#window = this.#requested = undefined;
    this.#problem = undefined;
    this.#chosen = new Set();
    this.#preparing = false;
  }

  setView(view: TraceView): void {
    if (view.rowCount !== this.#view.rowCount) this.#rowsChosen = true;
    const rowCount = this.#rowsChosen ? view.rowCount : this.#fittingRows;
    this.#view = clampView({ ...view, rowCount }, this.#extent);
    if (this.#needsWindow()) void this.#refresh();
  }

  /**
   * The plot's size in CSS px: its device px decide how much is summarised, and its height how many channels are shown
   * as long as nobody has said how many.
   */
  fitTo(size: { width: number; height: number }): void {
    this.#columns = Math.max(100, Math.round(size.width * (globalThis.devicePixelRatio || 1)));
    this.#fittingRows = Math.max(4, Math.floor(size.height / rowPx));
    this.setView(this.#view);
  }

  chooseChannels(channels: ReadonlySet<number>): void {
    this.#chosen = channels;
    this.#rowsChosen = false;
    this.setView({ ...this.#view, firstRow: 0 });
  }

  async setFilter(filter: PreviewFilter): Promise<void> {
    this.#filter = filter;
    if (this.#state.phase !== 'ready') return;
    await this.#refresh();
    await this.#prepare();
  }

  async #prepare(): Promise<void> {
    const generation = this.#generation;
    const filter = this.#filter;
    this.#preparing = true;
    try {
      await this.#call((api) => api.prepare(filter));
      if (generation === this.#generation && filter === this.#filter) await this.#refresh();
    } catch (error) {
      if (generation === this.#generation) this.#problem = error;
    } finally {
      if (generation === this.#generation && filter === this.#filter) this.#preparing = false;
    }
  }

  /** The view comes near the edge of what was asked for last, or shows it at another resolution. */
  #needsWindow(): boolean {
    if (this.#state.phase !== 'ready') return false;
    const last = this.#requested;
    if (!last) return true;
    const { samplingRateHz, sampleCount } = this.#state.info;
    const from = Math.max(0, (this.#view.startSeconds - 0.1 * this.#view.spanSeconds) * samplingRateHz);
    const to = Math.min(
      sampleCount,
      (this.#view.startSeconds + 1.1 * this.#view.spanSeconds) * samplingRateHz
    );
    const perColumn = (this.#view.spanSeconds * samplingRateHz) / this.#columns;
    const perColumnThen = (last.endSample - last.startSample) / last.columns;
    const coarser = perColumn / perColumnThen;
    return from < last.startSample - 1 || to > last.endSample + 1 || coarser > 1.3 || coarser < 1 / 1.3;
  }

  async #refresh(): Promise<void> {
    if (this.#state.phase !== 'ready') return;
    const generation = this.#generation;
    const { samplingRateHz, sampleCount } = this.#state.info;
    const { startSeconds, spanSeconds } = this.#view;
    const range = {
      startSample: Math.max(0, Math.floor((startSeconds - margin * spanSeconds) * samplingRateHz)),
      endSample: Math.min(
        sampleCount,
        Math.ceil((startSeconds + (1 + margin) * spanSeconds) * samplingRateHz)
      )
    };
    const share = (range.endSample - range.startSample) / (spanSeconds * samplingRateHz);
    const request = { ...range, columns: Math.round(this.#columns * share) };
    this.#requested = request;
    try {
      const window = await this.#call((api) => api.window({ ...request, filter: this.#filter }));
      if (generation !== this.#generation || this.#requested !== request) return;
      this.#window = window;
      this.#problem = undefined;
      if (this.#fitsAmplitude) {
        this.#fitsAmplitude = false;
        const uvPerRow = fittingAmplitude(window.values, window.samplesPerBucket > 1);
        this.setView({ ...this.#view, uvPerRow });
      }
    } catch (error) {
      if (error instanceof TaggedError && error.tag === 'aborted') return;
      if (generation === this.#generation) this.#problem = error;
    }
  }

  /** Calls the worker, which is started when it is first needed. A worker that cannot start fails the call. */
  async #call<Value>(task: (api: Remote<RecordingApi>) => Promise<Value>): Promise<Value> {
    if (!this.#worker) {
      this.#worker = new Worker(new URL('../../workers/recording.ts', import.meta.url), {
        type: 'module',
        name: 'recording'
      });
      this.#api = wrap<RecordingApi>(this.#worker);
    }
    const worker = this.#worker;
    const api = this.#api;
    if (!api) throw new TaggedError('recording-not-open', 'the recording was closed');
    return new Promise<Value>((resolve, reject) => {
      const failed = (event: ErrorEvent): void =>
        reject(new TaggedError('worker-failed', event.message || 'the worker could not be started'));
      worker.addEventListener('error', failed, { once: true });
      task(api)
        .then(resolve, reject)
        .finally(() => worker.removeEventListener('error', failed));
    });
  }
}
