/** A pairing link as it is printed: with a QR code where a phone could use it and the terminal has room. */
import { renderUnicodeCompact } from 'uqr';

/** Light blocks on black, whatever the terminal's own colours are: readers want dark modules on light. */
const [whiteOnBlack, plain] = ['\x1b[38;5;231;48;5;16m', '\x1b[0m'];

/** @param columns of the terminal; undefined: the output is no terminal */
export function linkLines(link: string, columns: number | undefined): string {
  // A link over plain HTTP leads a phone to itself.
  if (columns === undefined || !link.startsWith('https:')) return link;
  const rows = renderUnicodeCompact(link, { ecc: 'L', border: 2 }).split('\n');
  if ((rows[0]?.length ?? 0) > columns) return link;
  return [link, ...rows.map((row) => `${whiteOnBlack}${row}${plain}`)].join('\n');
}
