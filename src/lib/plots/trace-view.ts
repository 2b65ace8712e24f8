/** What part of a recording the trace plot shows, and how gestures and keys change it. Pure. */
import { niceStep } from './ticks.ts';

export interface TraceView {
  /** Time at the left edge, in s from the recording's first sample. */
  startSeconds: number;
  spanSeconds: number;
  /** Row at the top edge; may be fractional while it is being dragged. */
  firstRow: number;
  /** Rows shown. */
  rowCount: number;
  /** µV that one row's height stands for. */
  uvPerRow: number;
}

export interface TraceExtent {
  durationSeconds: number;
  samplingRateHz: number;
  rows: number;
  /** The longest stretch that may be shown at once; the whole recording when left out. */
  longestSeconds?: number;
}

const amplitudeRange = { min: 1, max: 100_000 };

/** The view, moved and scaled as little as needed to lie inside the recording. */
export function clampView(view: TraceView, extent: TraceExtent): TraceView {
  const shortest = Math.min(extent.durationSeconds, 16 / extent.samplingRateHz);
  const longest = Math.max(shortest, Math.min(extent.durationSeconds, extent.longestSeconds ?? Infinity));
  const spanSeconds = clamp(view.spanSeconds, shortest, longest);
  const rowCount = clamp(Math.round(view.rowCount), 1, Math.max(1, extent.rows));
  return {
    spanSeconds,
    startSeconds: clamp(view.startSeconds, 0, Math.max(0, extent.durationSeconds - spanSeconds)),
    rowCount,
    firstRow: clamp(view.firstRow, 0, Math.max(0, extent.rows - rowCount)),
    uvPerRow: clamp(view.uvPerRow, amplitudeRange.min, amplitudeRange.max)
  };
}

/** Zooms time by `factor` (<1: closer) around a place given as a fraction of the width. */
export function zoomTime(view: TraceView, factor: number, at: number, extent: TraceExtent): TraceView {
  const fixed = view.startSeconds + view.spanSeconds * at;
  const { spanSeconds } = clampView({ ...view, spanSeconds: view.spanSeconds * factor }, extent);
  return clampView({ ...view, spanSeconds, startSeconds: fixed - spanSeconds * at }, extent);
}

/** Shows `centre` in the middle. */
export function centreTime(view: TraceView, centre: number, extent: TraceExtent): TraceView {
  return clampView({ ...view, startSeconds: centre - view.spanSeconds / 2 }, extent);
}

/** Brings a row into view, in the middle unless it is shown already. */
export function revealRow(view: TraceView, row: number, extent: TraceExtent): TraceView {
  if (row >= view.firstRow && row < view.firstRow + view.rowCount) return view;
  return clampView({ ...view, firstRow: Math.round(row - view.rowCount / 2) }, extent);
}

interface KeyLike {
  key: string;
  /** The physical key: with Alt a Mac types signs. */
  code: string;
  altKey: boolean;
  ctrlKey: boolean;
  metaKey: boolean;
  shiftKey: boolean;
}

/**
 * The view after a key, or undefined when the key means nothing here. Left and Right step a fifth of the window, with
 * Shift a page; = and − zoom; Up and Down move over channels; with Alt as Phy: Up and Down scale the amplitude.
 */
export function viewAfterKey(view: TraceView, event: KeyLike, extent: TraceExtent): TraceView | undefined {
  if (event.ctrlKey || event.metaKey) return undefined;
  const step = view.spanSeconds * (event.shiftKey ? 1 : 0.2);
  switch (event.altKey ? signOf(event) : event.key) {
    case 'ArrowLeft':
      return clampView({ ...view, startSeconds: view.startSeconds - step }, extent);
    case 'ArrowRight':
      return clampView({ ...view, startSeconds: view.startSeconds + step }, extent);
    case '=':
    case '+':
      return zoomTime(view, 1 / 1.25, 0.5, extent);
    case '-':
    case '_':
    case '–':
      return zoomTime(view, 1.25, 0.5, extent);
    case 'ArrowUp':
      return event.altKey ? scaleAmplitude(view, 1 / 1.25, extent) : moveRows(view, -1, extent);
    case 'ArrowDown':
      return event.altKey ? scaleAmplitude(view, 1.25, extent) : moveRows(view, 1, extent);
    case 'Home':
      return clampView({ ...view, startSeconds: 0 }, extent);
    case 'End':
      return clampView({ ...view, startSeconds: Infinity }, extent);
    default:
      return undefined;
  }
}

function signOf({ code, key }: KeyLike): string {
  if (code === 'Equal' || code === 'NumpadAdd') return '+';
  return code === 'Minus' || code === 'NumpadSubtract' ? '-' : key;
}

/** A smaller `factor` draws taller. */
export function scaleAmplitude(view: TraceView, factor: number, extent: TraceExtent): TraceView {
  return clampView({ ...view, uvPerRow: view.uvPerRow * factor }, extent);
}

export function moveRows(view: TraceView, rows: number, extent: TraceExtent): TraceView {
  return clampView({ ...view, firstRow: view.firstRow + rows }, extent);
}

/** What a wheel does without a key: `dendro` moves over channels; `phy` zooms in time, as Phy 2's trace view does. */
export type MouseHabit = 'dendro' | 'phy';

interface WheelLike extends Omit<KeyLike, 'key' | 'code'> {
  deltaX: number;
  deltaY: number;
  /** 0 pixels, 1 lines, 2 pages. */
  deltaMode: number;
}

/**
 * The view after a wheel step: channels; with Shift or sideways, time; with Ctrl or Cmd (a pinch), time zoom at the
 * pointer; with Alt, amplitude.
 * @param size The plot's size in px. @param at The pointer's place as a fraction of the width.
 */
export function viewAfterWheel(options: {
  view: TraceView;
  mouse?: MouseHabit | undefined;
  event: WheelLike;
  at: number;
  size: { width: number; height: number };
  extent: TraceExtent;
}): TraceView {
  const { view, event, at, size, extent } = options;
  const unit = event.deltaMode === 1 ? 24 : event.deltaMode === 2 ? size.height : 1;
  const dx = event.deltaX * unit;
  const dy = event.deltaY * unit;
  const main = Math.abs(dy) > Math.abs(dx) ? dy : dx;
  const factor = Math.exp(clamp(main, -200, 200) / 300);
  const command = event.ctrlKey || event.metaKey;
  const sideways = Math.abs(dx) > Math.abs(dy);
  const phy = options.mouse === 'phy';
  if (phy ? command : event.altKey && !command) return scaleAmplitude(view, factor, extent);
  if (phy ? event.altKey || sideways : (event.shiftKey || sideways) && !command)
    return clampView(
      { ...view, startSeconds: view.startSeconds + (main / size.width) * view.spanSeconds },
      extent
    );
  if (phy ? !event.shiftKey : command) return zoomTime(view, factor, at, extent);
  return moveRows(view, (dy / size.height) * view.rowCount, extent);
}

/**
 * µV a row for drawn values: 28 times their noise, rounded up, so that noise stays a thin line and spikes stand out.
 * @param values Points of all channels. @param summarised Whether they are minima and maxima of several samples each.
 */
export function fittingAmplitude(values: Float32Array, summarised: boolean): number {
  const step = Math.max(1, Math.floor(values.length / 20_000));
  const sizes = Float32Array.from({ length: Math.floor(values.length / step) }, (_, index) =>
    Math.abs(values[index * step] ?? 0)
  ).sort();
  const middle = sizes[sizes.length >> 1] ?? 0;
  // The median size of a normal value is 0.67 SD; that of the extremes of some ten values is about 1.6 SD.
  const noise = middle / (summarised ? 1.6 : 0.6745);
  return noise > 0 ? niceStep(28 * noise) : 200;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
