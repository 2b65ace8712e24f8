/** The browser's end of encoding chunks for slow links: one worker for all connections, started when first needed. */
import { type Remote, transfer, wrap } from 'comlink';
import { type ChunkEncodingApi } from '../../workers/chunk-encoding.ts';

let api: Remote<ChunkEncodingApi> | undefined;

export async function deflateInWorker(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  api ??= wrap<ChunkEncodingApi>(
    new Worker(new URL('../../workers/chunk-encoding.ts', import.meta.url), {
      type: 'module',
      name: 'chunk-encoding'
    })
  );
  return api.deflate(transfer(bytes, [bytes.buffer]));
}
