/** Builds the text of SVG files: elements, escaped values, and the document around a plot with what it shows. */

// eslint-disable-next-line no-control-regex -- XML 1.0 allows no control characters, even escaped
const forbidden = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g;
const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

export function escapeXml(text: string): string {
  return text.replace(forbidden, '').replace(/[&<>"]/g, (found) => entities[found] ?? found);
}

/** One element; attributes that are undefined are left out, numbers keep two decimals. */
export function svgElement(
  name: string,
  attributes: Readonly<Record<string, string | number | undefined>>,
  content = ''
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(
      ([key, value]) =>
        ` ${key}="${escapeXml(typeof value === 'number' ? shortNumber(value) : (value ?? ''))}"`
    )
    .join('');
  return content ? `<${name}${written}>${content}</${name}>` : `<${name}${written}/>`;
}

export function shortNumber(value: number): string {
  return String(Number(value.toFixed(2)));
}

/** What a file says about itself. */
export interface FigureFacts {
  title: string;
  description: string;
  /** Such as recording and sorting, with their names and ids. */
  facts: Readonly<Record<string, string>>;
}

export interface SvgDocument extends FigureFacts {
  width: number;
  height: number;
  background: string;
  /** Elements. */
  content: string;
}

const dublinCore = 'http://purl.org/dc/elements/1.1/';
const rdf = 'http://www.w3.org/1999/02/22-rdf-syntax-ns#';

export function svgDocument({ width, height, background, content, ...facts }: SvgDocument): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${svgElement(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      width,
      height,
      viewBox: `0 0 ${shortNumber(width)} ${shortNumber(height)}`
    },
    describe(facts) + svgElement('rect', { width, height, fill: background }) + content
  )}\n`;
}

function describe({ title, description, facts }: FigureFacts): string {
  const sources = Object.entries(facts).map(([name, value]) =>
    svgElement('dc:source', {}, escapeXml(`${name}: ${value}`))
  );
  const about = svgElement(
    'rdf:Description',
    { 'xmlns:dc': dublinCore },
    svgElement('dc:creator', {}, 'Dendro') + sources.join('')
  );
  return (
    svgElement('title', {}, escapeXml(title)) +
    svgElement('desc', {}, escapeXml(description)) +
    svgElement('metadata', {}, svgElement('rdf:RDF', { 'xmlns:rdf': rdf }, about))
  );
}
