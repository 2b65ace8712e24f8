/** Deflates chunks for the data channel away from the page. */
import { expose, transfer } from 'comlink';
import { deflateByStream } from '#lib/bytes/deflate.ts';

const api = {
  async deflate(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
    const deflated = await deflateByStream(bytes);
    return transfer(deflated, [deflated.buffer]);
  }
};
export type ChunkEncodingApi = typeof api;
expose(api);
