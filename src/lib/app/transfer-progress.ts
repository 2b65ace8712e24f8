/**
 * Rate and time left of a transfer, from its byte counts: figures that a person can rely on, so nothing is foretold
 * before 10 s and 5 %, and silence is said.
 */

export interface TransferFigures {
  doneBytes: number;
  totalBytes: number;
  /** Bytes per second over the last seconds; undefined until two counts came. */
  rate: number | undefined;
  /** Undefined before 10 s and 5 %. */
  secondsLeft: number | undefined;
  /** Whole seconds without a byte, once over five. */
  silentSeconds: number | undefined;
}

const rateWindowMs = 5000;
const foretellAfterMs = 10_000;
const foretellAfterFraction = 0.05;
const silenceMs = 5000;

/** Collects byte counts of one transfer. Times are given by the caller, in ms of one clock. */
export class TransferMeter {
  #start: { at: number; done: number } | undefined;
  #counts: { at: number; done: number }[] = [];
  #total = 0;
  #changedAt = 0;

  /** @param doneBytes Verified bytes, those of an earlier connection included. */
  count(doneBytes: number, totalBytes: number, atMs: number): void {
    this.#total = totalBytes;
    this.#start ??= { at: atMs, done: doneBytes };
    if (this.#counts.at(-1)?.done !== doneBytes) this.#changedAt = atMs;
    this.#counts.push({ at: atMs, done: doneBytes });
    while ((this.#counts[1]?.at ?? Infinity) <= atMs - rateWindowMs) this.#counts.shift();
  }

  figures(nowMs: number): TransferFigures {
    const last = this.#counts.at(-1);
    const first = this.#counts[0];
    const done = last?.done ?? 0;
    const elapsed = nowMs - (this.#start?.at ?? nowMs);
    const span = nowMs - (first?.at ?? nowMs);
    const rate =
      first && last && span > 0 && this.#counts.length > 1 ? ((done - first.done) / span) * 1000 : undefined;
    const silent = last && nowMs - this.#changedAt > silenceMs && done < this.#total;
    const foretold =
      elapsed >= foretellAfterMs &&
      done >= this.#total * foretellAfterFraction &&
      rate !== undefined &&
      rate > 0;
    return {
      doneBytes: done,
      totalBytes: this.#total,
      rate,
      secondsLeft: foretold && !silent ? (this.#total - done) / rate : undefined,
      silentSeconds: silent ? Math.floor((nowMs - this.#changedAt) / 1000) : undefined
    };
  }
}

/** One line, such as "2.1 of 6.8 GB, 24 MB/s, about 3 min". */
export function transferText(figures: TransferFigures): string {
  const parts = [amountOf(figures.doneBytes, figures.totalBytes)];
  if (figures.silentSeconds !== undefined) parts.push(`nothing came for ${figures.silentSeconds} s`);
  else if (figures.rate !== undefined && figures.doneBytes < figures.totalBytes)
    parts.push(`${amount(figures.rate)}/s`);
  if (figures.secondsLeft !== undefined) parts.push(`about ${roughTime(figures.secondsLeft)}`);
  return parts.join(', ');
}

const units = ['B', 'kB', 'MB', 'GB', 'TB'];

function unitOf(bytes: number): number {
  return bytes < 1000 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(bytes) / 3));
}
function inUnit(bytes: number, unit: number): string {
  const scaled = bytes / 1000 ** unit;
  return unit === 0 ? String(Math.round(scaled)) : scaled < 100 ? scaled.toFixed(1) : scaled.toFixed(0);
}
function amount(bytes: number): string {
  const unit = unitOf(bytes);
  return `${inUnit(bytes, unit)} ${units[unit] ?? 'B'}`;
}
function amountOf(done: number, total: number): string {
  const unit = unitOf(total);
  return `${inUnit(done, unit)} of ${inUnit(total, unit)} ${units[unit] ?? 'B'}`;
}

/** A time left, no finer than it can be known: "20 s", "3 min", "2 h". */
export function roughTime(seconds: number): string {
  if (seconds < 55) return `${Math.max(5, Math.ceil(seconds / 5) * 5)} s`;
  if (seconds < 55 * 60) return `${Math.round(seconds / 60)} min`;
  const hours = Math.round(seconds / 1800) / 2;
  return `${hours} h`;
}
