/** Pointer gestures of the trace plot: one pointer pans, two pinch, Shift measures, Ctrl zooms, a long press picks. */
import { clampView, type TraceExtent, type TraceView, zoomTime } from './trace-view.ts';

interface Host {
  view(): TraceView;
  extent(): TraceExtent;
  size(): { width: number; height: number };
  change(view: TraceView): void;
  band(band: { x0: number; y0: number; x1: number; y1: number; kind: 'measure' | 'zoom' } | undefined): void;
  pick(x: number, y: number): void;
}
interface Place {
  x: number;
  y: number;
}
type Gesture =
  | { kind: 'pan'; start: Place; view: TraceView }
  | { kind: 'pinch'; distance: number; middle: number; view: TraceView }
  | { kind: 'measure' | 'zoom'; start: Place; end: Place };

const longPressMs = 500;
const stillPx = 4;

export class TraceGestures {
  readonly #host: Host;
  readonly #pointers = new Map<number, Place>();
  #gesture: Gesture | undefined;
  #press: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  down(event: PointerEvent): void {
    if (event.button !== 0) return;
    const place = placeOf(event);
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, place);
    clearTimeout(this.#press);
    const view = this.#host.view();
    if (this.#pointers.size === 2) {
      const [a, b] = [...this.#pointers.values()];
      if (a && b) this.#gesture = { kind: 'pinch', distance: gap(a, b), middle: (a.x + b.x) / 2, view };
      return;
    }
    if (event.shiftKey) this.#gesture = { kind: 'measure', start: place, end: place };
    else if (event.ctrlKey || event.metaKey) this.#gesture = { kind: 'zoom', start: place, end: place };
    else {
      this.#gesture = { kind: 'pan', start: place, view };
      if (event.pointerType === 'touch')
        this.#press = setTimeout(() => this.#host.pick(place.x, place.y), longPressMs);
    }
  }

  move(event: PointerEvent): void {
    if (!this.#pointers.has(event.pointerId)) return;
    const place = placeOf(event);
    this.#pointers.set(event.pointerId, place);
    const gesture = this.#gesture;
    const { width, height } = this.#host.size();
    const extent = this.#host.extent();
    if (!gesture || width === 0 || height === 0) return;
    if (gesture.kind === 'pan') {
      if (gap(place, gesture.start) > stillPx) clearTimeout(this.#press);
      const { view, start } = gesture;
      this.#host.change(
        clampView(
          {
            ...this.#host.view(),
            startSeconds: view.startSeconds - ((place.x - start.x) / width) * view.spanSeconds,
            firstRow: view.firstRow - ((place.y - start.y) / height) * view.rowCount
          },
          extent
        )
      );
    } else if (gesture.kind === 'pinch') {
      const [a, b] = [...this.#pointers.values()];
      if (!a || !b) return;
      const zoomed = zoomTime(
        gesture.view,
        gesture.distance / Math.max(1, gap(a, b)),
        gesture.middle / width,
        extent
      );
      const moved = ((a.x + b.x) / 2 - gesture.middle) / width;
      this.#host.change(
        clampView({ ...zoomed, startSeconds: zoomed.startSeconds - moved * zoomed.spanSeconds }, extent)
      );
    } else {
      gesture.end = place;
      const { kind, start } = gesture;
      this.#host.band({ kind, x0: start.x, y0: start.y, x1: place.x, y1: place.y });
    }
  }

  up(event: PointerEvent): void {
    this.#pointers.delete(event.pointerId);
    clearTimeout(this.#press);
    const gesture = this.#gesture;
    if (gesture?.kind === 'zoom' && event.type === 'pointerup') this.#finishZoom(gesture.start, gesture.end);
    if (gesture?.kind === 'zoom' || gesture?.kind === 'measure') this.#host.band(undefined);
    if (this.#pointers.size === 0) this.#gesture = undefined;
    else if (gesture?.kind === 'pinch') {
      const [rest] = [...this.#pointers.values()];
      if (rest) this.#gesture = { kind: 'pan', start: rest, view: this.#host.view() };
    }
  }

  /** A drag zooms to its stretch; a click with Ctrl picks. */
  #finishZoom(start: Place, end: Place): void {
    const { width } = this.#host.size();
    if (Math.abs(end.x - start.x) < stillPx) {
      this.#host.pick(start.x, start.y);
      return;
    }
    const view = this.#host.view();
    const left = Math.min(start.x, end.x) / width;
    const share = Math.abs(end.x - start.x) / width;
    this.#host.change(
      clampView(
        {
          ...view,
          startSeconds: view.startSeconds + left * view.spanSeconds,
          spanSeconds: share * view.spanSeconds
        },
        this.#host.extent()
      )
    );
  }
}

function placeOf(event: PointerEvent): Place {
  const box = (event.currentTarget as Element).getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}

function gap(a: Place, b: Place): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
