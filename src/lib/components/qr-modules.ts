/** A QR code as one SVG path: the dark modules of each row as horizontal runs, with the quiet zone that readers need. */
import { encode } from 'uqr';

/** Modules of white around the code (ISO/IEC 18004). */
const quietZone = 4;

export interface QrDrawing {
  /** Width and height in modules, quiet zone included. */
  readonly size: number;
  readonly path: string;
}

/** @throws Error when the text is longer than a QR code holds (2953 bytes) */
export function drawQr(text: string): QrDrawing {
  const { data, size } = encode(text, { ecc: 'L', border: 0 });
  const runs = data.flatMap((row, y) =>
    row.flatMap((dark, x) => {
      if (!dark || row[x - 1]) return [];
      const end = row.indexOf(false, x);
      return [`M${x + quietZone} ${y + quietZone}h${(end < 0 ? size : end) - x}v1H${x + quietZone}z`];
    })
  );
  return { size: size + 2 * quietZone, path: runs.join('') };
}
