/**
 * From a file to an open recording: what it holds, which part of it is meant, then open. One flow, one state; the page
 * shows the step that it is at.
 */
import { type RecordingSelection } from '#lib/model/processor.ts';
import { type Probe, type SessionMetadata } from '#lib/model/recording.ts';
import { type TraceView } from '#lib/plots/trace-view.ts';
import { type Inspection } from '../../workers/recording.ts';
import { type PickedFile } from './file-intake.svelte.ts';
import { RecordingSession } from './recording-session.svelte.ts';

export type { SeriesChoice } from '../../workers/recording.ts';

export type OpeningStep =
  | { step: 'choose-file' }
  | { step: 'inspecting'; fileName: string }
  | { step: 'choose-series'; picked: PickedFile; inspection: Extract<Inspection, { format: 'nwb' }> }
  | { step: 'describe-raw'; picked: PickedFile }
  | { step: 'open'; name: string; picked: PickedFile | undefined; selection: RecordingSelection | undefined }
  | { step: 'failed'; error: unknown; fileName: string };

/** What is remembered of a recording, to open it again without asking. */
export interface OpenedFile {
  picked: PickedFile;
  selection: RecordingSelection;
  probe: Probe | undefined;
}

export class RecordingOpening {
  readonly session = new RecordingSession();
  #step = $state.raw<OpeningStep>({ step: 'choose-file' });
  #metadata = $state.raw<SessionMetadata>({});
  readonly #onOpened: (opened: OpenedFile) => void;

  constructor(onOpened: (opened: OpenedFile) => void = () => undefined) {
    this.#onOpened = onOpened;
  }

  get step(): OpeningStep {
    return this.#step;
  }
  /** What the file says of its session; a result carries it over. */
  get metadata(): SessionMetadata {
    return this.#metadata;
  }

  async openDemonstration(view: Partial<TraceView> = {}): Promise<void> {
    this.#metadata = {};
    this.#step = { step: 'open', name: 'Demonstration', picked: undefined, selection: undefined };
    await this.session.open({ kind: 'demonstration' }, view);
  }

  /** Looks into a file and goes on as far as it can without asking. */
  async choose(picked: PickedFile, view: Partial<TraceView> = {}): Promise<void> {
    this.session.close();
    this.#metadata = {};
    const fileName = picked.file.name;
    this.#step = { step: 'inspecting', fileName };
    try {
      const inspection = await this.session.inspect(picked.file);
      if (inspection.format === 'raw') {
        this.#step = { step: 'describe-raw', picked };
        return;
      }
      this.#metadata = inspection.metadata;
      const [only, ...others] = inspection.series;
      if (only && others.length === 0)
        await this.open(
          { picked, selection: { format: 'nwb', seriesPath: only.path }, probe: undefined },
          view
        );
      else this.#step = { step: 'choose-series', picked, inspection };
    } catch (error) {
      this.#step = { step: 'failed', error, fileName };
    }
  }

  /** Opens a file of which everything is known. */
  async open({ picked, selection, probe }: OpenedFile, view: Partial<TraceView> = {}): Promise<void> {
    const { file } = picked;
    this.#step = { step: 'open', name: file.name, picked, selection };
    await this.session.open({ kind: 'file', file, name: file.name, selection, probe }, view);
    if (this.session.state.phase === 'ready') this.#onOpened({ picked, selection, probe });
  }

  /** Back to where a file is chosen. */
  reset(): void {
    this.session.close();
    this.#metadata = {};
    this.#step = { step: 'choose-file' };
  }
}
