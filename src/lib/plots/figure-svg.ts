/**
 * Turns a plot as it stands on the page into an SVG file: its SVG parts are copied with their computed colours, its
 * canvases become vectors or an image, and its labels texts.
 */
import { type CanvasMarks, mostVectorMarks } from './canvas-marks.ts';
import { escapeXml, type FigureFacts, svgDocument, svgElement } from './svg-text.ts';

export interface FigureSource extends FigureFacts {
  /** What holds the plot; its parts are taken from here. */
  body: HTMLElement;
  canvas: CanvasMarks | undefined;
  /** Device px a CSS px of a canvas that is taken as an image. */
  ratio: number;
  /** Light colours, whatever the page's theme. */
  print: boolean;
}

const padding = 12;
const headHeight = 32;
const fontFamily = 'Inter, system-ui, sans-serif';
const copiedStyles = [
  ...[
    'fill',
    'fill-opacity',
    'stroke',
    'stroke-width',
    'stroke-dasharray',
    'stroke-linejoin',
    'stroke-opacity'
  ],
  ...['font-size', 'font-weight', 'text-anchor', 'dominant-baseline', 'paint-order', 'opacity']
] as const;

export interface FigureSvg {
  text: string;
  width: number;
  height: number;
}

export function figureToSvg(source: FigureSource): FigureSvg {
  const root = document.documentElement;
  const before = root.dataset.theme;
  // Nothing is painted before this task ends, so the page does not flash.
  if (source.print) root.dataset.theme = 'light';
  try {
    return drawFigure(source);
  } finally {
    if (before === undefined) delete root.dataset.theme;
    else root.dataset.theme = before;
    source.canvas?.draw(undefined);
  }
}

function drawFigure(source: FigureSource): FigureSvg {
  const box = source.body.getBoundingClientRect();
  const width = Math.ceil(box.width) + 2 * padding;
  const height = Math.ceil(box.height) + headHeight + padding;
  const inks = { text: colorIn(source.body, '--text'), surface: colorIn(source.body, '--surface') };
  const title = svgElement(
    'text',
    { x: padding, y: 20, 'font-size': 13, 'font-weight': 600, fill: inks.text },
    escapeXml(source.title)
  );
  const parts = partsOf(source.body, source);
  const content = svgElement(
    'g',
    { 'font-family': fontFamily },
    title + svgElement('g', { transform: `translate(${padding} ${headHeight})` }, parts.join(''))
  );
  const { title: name, description, facts } = source;
  const background = inks.surface;
  return {
    text: svgDocument({ width, height, background, content, title: name, description, facts }),
    width,
    height
  };
}

/** Everything inside the body in the order in which it is painted. */
function partsOf(body: HTMLElement, source: FigureSource): string[] {
  const origin = body.getBoundingClientRect();
  const parts: string[] = [];
  const walk = (element: Element): void => {
    if (element instanceof SVGSVGElement) {
      parts.push(svgPart(element, origin));
      return;
    }
    if (element instanceof HTMLCanvasElement) {
      parts.push(canvasPart(element, source, origin));
      return;
    }
    if (!(element instanceof HTMLElement) || element.tagName === 'BUTTON') return;
    if (element.children.length === 0) parts.push(textPart(element, origin));
    for (const child of element.children) walk(child);
  };
  walk(body);
  return parts;
}

function svgPart(svg: SVGSVGElement, origin: DOMRect): string {
  const box = svg.getBoundingClientRect();
  const copy = svg.cloneNode(true) as SVGSVGElement;
  copyStyles(svg, copy);
  const frame = { x: box.x - origin.x, y: box.y - origin.y, width: box.width, height: box.height };
  return svgElement('svg', frame, Array.from(copy.childNodes, serialise).join(''));
}

function serialise(node: Node): string {
  // The namespace stands on the document's root already.
  return new XMLSerializer().serializeToString(node).replaceAll(' xmlns="http://www.w3.org/2000/svg"', '');
}

/** Writes what style sheets say into attributes, and leaves out what only the page needs. */
function copyStyles(from: Element, to: Element): void {
  const style = getComputedStyle(from);
  for (const { name } of Array.from(to.attributes))
    if (/^(class|style|id|role|tabindex|aria-|data-)/.test(name)) to.removeAttribute(name);
  if (from instanceof SVGGraphicsElement)
    for (const name of copiedStyles) {
      const value = style.getPropertyValue(name);
      if (value !== '' && !isDefault(name, value)) to.setAttribute(name, value);
      else to.removeAttribute(name);
    }
  Array.from(from.children).forEach((child, index) => {
    const twin = to.children[index];
    if (twin) copyStyles(child, twin);
  });
}

const defaults: Record<string, string> = {
  'fill-opacity': '1',
  stroke: 'none',
  'stroke-width': '1px',
  'stroke-dasharray': 'none',
  'stroke-linejoin': 'miter',
  'stroke-opacity': '1',
  'text-anchor': 'start',
  'dominant-baseline': 'auto',
  'paint-order': 'normal',
  opacity: '1'
};
function isDefault(name: string, value: string): boolean {
  return defaults[name] === value;
}

function canvasPart(canvas: HTMLCanvasElement, source: FigureSource, origin: DOMRect): string {
  const box = canvas.getBoundingClientRect();
  const frame = { x: box.x - origin.x, y: box.y - origin.y, width: box.width, height: box.height };
  const marks = source.canvas;
  if (marks?.canvas === canvas && marks.count() <= mostVectorMarks)
    return svgElement('svg', { ...frame, overflow: 'hidden' }, marks.vectors());
  // Read in the same task as it is drawn: afterwards the browser may have cleared it.
  if (marks?.canvas === canvas) marks.draw(source.ratio);
  return svgElement('image', { ...frame, href: canvas.toDataURL('image/png') });
}

/** A label, at the middle of the line on which it stands. */
function textPart(element: HTMLElement, origin: DOMRect): string {
  const text = element.textContent.trim();
  const box = element.getBoundingClientRect();
  if (text === '' || box.width === 0) return '';
  const style = getComputedStyle(element);
  return svgElement(
    'text',
    {
      x: box.x - origin.x + Number.parseFloat(style.paddingLeft),
      y: box.y - origin.y + box.height / 2,
      'dominant-baseline': 'central',
      'font-size': style.fontSize,
      fill: style.color
    },
    escapeXml(text)
  );
}

function colorIn(element: HTMLElement, token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
