/** Saves a plot as PNG, SVG or CSV, with what it is made of in the file. */
import { type FigureSource, figureToSvg, type FigureSvg } from './figure-svg.ts';
import { tableToCsv } from './plot-csv.ts';
import { type PlotTable } from './plot-table.ts';
import { withPngTexts } from './png-text.ts';
import { saveFile } from './save-file.ts';

export type PngScale = 1 | 2 | 3;

export function saveSvg(source: FigureSource): void {
  saveFile(new Blob([figureToSvg(source).text], { type: 'image/svg+xml' }), `${fileStem(source)}.svg`);
}

export async function savePng(source: Omit<FigureSource, 'ratio'>, scale: PngScale): Promise<void> {
  const png = await rasterise(figureToSvg({ ...source, ratio: scale }), scale);
  const texts = { Title: source.title, Description: source.description, Software: 'Dendro', ...source.facts };
  const name = `${fileStem(source)}${scale === 1 ? '' : `@${scale}x`}.png`;
  saveFile(new Blob([withPngTexts(png, texts)], { type: 'image/png' }), name);
}

export function saveCsv(source: Pick<FigureSource, 'title' | 'facts'>, data: PlotTable): void {
  saveFile(new Blob([tableToCsv(data)], { type: 'text/csv' }), `${fileStem(source)}.csv`);
}

async function rasterise(svg: FigureSvg, scale: number): Promise<Uint8Array> {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg.text)}`;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = svg.width * scale;
  canvas.height = svg.height * scale;
  canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/png'));
  if (!blob) throw new Error(`the browser drew no image of ${canvas.width} × ${canvas.height} px`);
  return new Uint8Array(await blob.arrayBuffer());
}

/** Such as `mouse7-firing-rates`. */
export function fileStem({ title, facts }: Pick<FigureSource, 'title' | 'facts'>): string {
  const recording = facts.Recording?.replace(/\.[^.]*$/, '');
  return [recording, title.toLowerCase()]
    .filter((part) => part !== undefined)
    .map((part) => part.replace(/[^\p{L}\p{N}_.-]+/gu, '-'))
    .join('-');
}
