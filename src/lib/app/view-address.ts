/** The view of a recording in the page's address, so that Back, reload and a copied link come to the same place. Pure. */
import { type TraceView } from '#lib/plots/trace-view.ts';

export interface ViewAddress {
  view: Partial<TraceView>;
  channels: number[];
  units: number[];
  panel: string | undefined;
}

export function readViewAddress(parameters: URLSearchParams): ViewAddress {
  const view: Partial<TraceView> = {};
  const time = number(parameters.get('t'));
  const span = number(parameters.get('w'));
  const amplitude = number(parameters.get('uv'));
  const row = number(parameters.get('row'));
  if (time !== undefined) view.startSeconds = time;
  if (span !== undefined) view.spanSeconds = span;
  if (amplitude !== undefined) view.uvPerRow = amplitude;
  if (row !== undefined) view.firstRow = row;
  return {
    view,
    channels: numbers(parameters.get('ch')),
    units: numbers(parameters.get('units')),
    panel: parameters.get('panel') ?? undefined
  };
}

/** Writes into a copy of the parameters, leaving the others as they are. */
export function writeViewAddress(
  parameters: URLSearchParams,
  address: { view: TraceView; channels: readonly number[]; units: readonly number[]; panel: string }
): URLSearchParams {
  const next = new URLSearchParams(parameters);
  next.set('t', trim(address.view.startSeconds, 4));
  next.set('w', trim(address.view.spanSeconds, 5));
  next.set('uv', trim(address.view.uvPerRow, 0));
  set(next, 'row', address.view.firstRow > 0 ? trim(address.view.firstRow, 1) : '');
  set(next, 'ch', address.channels.join(','));
  set(next, 'units', address.units.slice(0, 50).join(','));
  next.set('panel', address.panel);
  return next;
}

/** Width of the window that is opened around a time, in s. */
const spotSpan = 0.5;

/** Leads to a unit, and to a time (s) in the middle of the window; empty for neither. */
export function spotQuery({
  unit,
  seconds
}: {
  unit?: number | undefined;
  seconds?: number | undefined;
}): string {
  const parameters = new URLSearchParams();
  if (unit !== undefined) parameters.set('units', String(unit));
  if (seconds !== undefined) {
    parameters.set('t', trim(Math.max(0, seconds - spotSpan / 2), 4));
    parameters.set('w', String(spotSpan));
  }
  return parameters.size > 0 ? `?${parameters.toString()}` : '';
}

function set(parameters: URLSearchParams, name: string, value: string): void {
  if (value === '') parameters.delete(name);
  else parameters.set(name, value);
}
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
function number(text: string | null): number | undefined {
  const value = text === null || text.trim() === '' ? NaN : Number(text);
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}
function numbers(text: string | null): number[] {
  return (text ?? '')
    .split(',')
    .map((part) => number(part))
    .filter((value): value is number => value !== undefined && Number.isInteger(value));
}
