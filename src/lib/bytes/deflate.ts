/** Deflating bytes, wherever the code runs. */

/** Deflates bytes (RFC 1951, raw). */
export type Deflate = (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array<ArrayBuffer>>;

/** By the web's own streams; browsers run it in a worker, because it would hold up the page. */
export async function deflateByStream(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
