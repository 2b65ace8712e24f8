/** How a plot that is drawn on a canvas gives itself to a file: as vectors while it has few marks, else as an image. */

/** More marks than this make a vector file that programs open slowly. */
export const mostVectorMarks = 20_000;

export interface CanvasMarks {
  canvas: HTMLCanvasElement;
  /** How many points or lines are in view. */
  count: () => number;
  /** The marks as SVG elements, in CSS px from the canvas's corner, in the colours of the theme that holds there now. */
  vectors: () => string;
  /** Draws at a number of device px a CSS px; undefined is the screen's own. */
  draw: (ratio: number | undefined) => void;
}
