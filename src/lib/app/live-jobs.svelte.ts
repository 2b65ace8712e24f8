/**
 * What streams about jobs while a node is connected: progress, console text and transfers. None of it is in the
 * project; the tab that holds the connections tells the other tabs.
 */
import { type FileId, type JobId } from '#lib/model/ids.ts';
import { type JobConsole, type JobProgress } from '#lib/compute/protocol.ts';
import { type TransferProgress } from '#lib/compute/transfer-progress.ts';
import { SvelteMap } from 'svelte/reactivity';
import { type LiveNews } from './tab-messages.ts';
import { TransferMeter, type TransferFigures } from './transfer-progress.ts';

export interface ConsoleText {
  /** Number of the first kept line since the attempt began. */
  firstLine: number;
  lines: string[];
}

/** Lines kept of each job; the whole text ends in the job's log file on the node. */
const mostLines = 2000;
const figuresEveryMs = 500;

interface Transfer {
  meter: TransferMeter;
  figures: TransferFigures;
}

export class LiveJobs {
  #progress = new SvelteMap<JobId, JobProgress>();
  #consoles = new SvelteMap<JobId, ConsoleText>();
  #sending = new SvelteMap<FileId, TransferFigures>();
  #returning = new SvelteMap<FileId, TransferFigures>();
  #meters = new Map<string, Transfer>();
  #clock: ReturnType<typeof setInterval> | undefined;
  readonly #onNews: (news: LiveNews) => void;

  /** @param onNews called with all that came from a node, for the other tabs */
  constructor(onNews: (news: LiveNews) => void = () => undefined) {
    this.#onNews = onNews;
  }

  progressOf(job: JobId): JobProgress | undefined {
    return this.#progress.get(job);
  }
  consoleOf(job: JobId): ConsoleText | undefined {
    return this.#consoles.get(job);
  }
  sendingOf(file: FileId): TransferFigures | undefined {
    return this.#sending.get(file);
  }
  returningOf(file: FileId): TransferFigures | undefined {
    return this.#returning.get(file);
  }

  takeProgress(progress: JobProgress): void {
    this.#progress.set(progress.job, progress);
    this.#onNews({ kind: 'progress', progress });
  }

  /** Joins lines to those that are here by their numbers: a late subscriber is sent what it has again. */
  takeConsole({ job, firstLine, lines }: Omit<JobConsole, 'project'>): void {
    const known = this.#consoles.get(job);
    this.#consoles.set(job, joinConsole(known, { firstLine, lines }));
    this.#onNews({ kind: 'console', job, firstLine, lines });
  }

  /** What the tab with the connections tells. */
  hear(news: LiveNews): void {
    if (news.kind === 'progress') this.takeProgress(news.progress);
    else if (news.kind === 'console') this.takeConsole(news);
    else {
      replaceAll(this.#sending, news.sending);
      replaceAll(this.#returning, news.returning);
    }
  }

  /** All that is known, for a tab that was just opened. */
  everything(): LiveNews[] {
    return [
      ...[...this.#progress.values()].map((progress): LiveNews => ({ kind: 'progress', progress })),
      ...[...this.#consoles].map(([job, text]): LiveNews => ({ kind: 'console', job, ...text })),
      this.#transfers()
    ];
  }

  countTransfer(direction: 'sending' | 'returning', file: FileId, progress: TransferProgress): void {
    const key = `${direction} ${file}`;
    const now = performance.now();
    const transfer = this.#meters.get(key) ?? {
      meter: new TransferMeter(),
      figures: new TransferMeter().figures(now)
    };
    this.#meters.set(key, transfer);
    transfer.meter.count(progress.bytesDone, progress.bytesTotal, now);
    if (progress.bytesDone >= progress.bytesTotal) this.endTransfer(direction, file);
    else this.#startClock();
  }

  endTransfer(direction: 'sending' | 'returning', file: FileId): void {
    this.#meters.delete(`${direction} ${file}`);
    if (this.#figuresOf(direction).delete(file)) this.#onNews(this.#transfers());
    if (this.#meters.size === 0) this.stop();
  }

  /** Ends the clock that keeps the figures fresh. */
  stop(): void {
    clearInterval(this.#clock);
    this.#clock = undefined;
  }

  /** The connections are gone: transfers go on with the next ones. */
  clearTransfers(): void {
    this.stop();
    this.#meters.clear();
    this.#sending.clear();
    this.#returning.clear();
    this.#onNews(this.#transfers());
  }

  #transfers(): LiveNews {
    return { kind: 'transfers', sending: [...this.#sending], returning: [...this.#returning] };
  }

  // Silence shows only when figures are made without anything arriving.
  #startClock(): void {
    if (this.#clock !== undefined) return;
    const show = (): void => {
      for (const [key, { meter }] of this.#meters) {
        const [direction = '', file = ''] = key.split(' ');
        const figures = meter.figures(performance.now());
        this.#figuresOf(direction === 'sending' ? 'sending' : 'returning').set(file as FileId, figures);
      }
      this.#onNews(this.#transfers());
    };
    show();
    this.#clock = setInterval(show, figuresEveryMs);
  }

  #figuresOf(direction: 'sending' | 'returning'): SvelteMap<FileId, TransferFigures> {
    return direction === 'sending' ? this.#sending : this.#returning;
  }
}

function replaceAll<Key, Value>(
  map: SvelteMap<Key, Value>,
  entries: readonly (readonly [Key, Value])[]
): void {
  const kept = new Set(entries.map(([key]) => key));
  for (const key of map.keys()) if (!kept.has(key)) map.delete(key);
  for (const [key, value] of entries) map.set(key, value);
}

/** Kept lines with new ones behind them; lines that were there already are not doubled, a gap starts anew. */
export function joinConsole(known: ConsoleText | undefined, more: ConsoleText): ConsoleText {
  const end = known ? known.firstLine + known.lines.length : 0;
  const starts = !known || more.firstLine > end || more.firstLine < known.firstLine;
  const firstLine = starts ? more.firstLine : known.firstLine;
  const lines = starts ? more.lines : [...known.lines.slice(0, more.firstLine - firstLine), ...more.lines];
  const dropped = Math.max(0, lines.length - mostLines);
  return { firstLine: firstLine + dropped, lines: lines.slice(dropped) };
}
