/** Puts texts into a PNG file, such as what it shows and where that came from (PNG specification 11.3.3). */

const signatureLength = 8;

/**
 * The file with one text chunk for each entry behind its header: tEXt where Latin-1 has all characters, else iTXt.
 * @param texts Keywords (1 to 79 Latin-1 characters) and what they say.
 */
export function withPngTexts(
  png: Uint8Array,
  texts: Readonly<Record<string, string>>
): Uint8Array<ArrayBuffer> {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  // Signature, then IHDR: length, type, data, checksum.
  const headerEnd = signatureLength + 12 + view.getUint32(signatureLength);
  const chunks = Object.entries(texts).map(([keyword, text]) => textChunk(keyword, text));
  const parts = [png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)];
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function textChunk(keyword: string, text: string): Uint8Array {
  const latin = [...text].every((character) => (character.codePointAt(0) ?? 0) < 256);
  const body = latin ? latin1(text) : new TextEncoder().encode(text);
  // iTXt: keyword, 0, not compressed, method 0, no language, no translated keyword.
  const head = latin1(latin ? `${keyword}\0` : `${keyword}\0\0\0\0\0`);
  const chunk = new Uint8Array(12 + head.length + body.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, head.length + body.length);
  chunk.set(latin1(latin ? 'tEXt' : 'iTXt'), 4);
  chunk.set(head, 8);
  chunk.set(body, 8 + head.length);
  view.setUint32(chunk.length - 4, crc32(chunk.subarray(4, chunk.length - 4)));
  return chunk;
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** ISO 3309, as PNG's chunks use it. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
