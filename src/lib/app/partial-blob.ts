/** A result on its way into OPFS: chunks go into a temporary file that becomes visible, whole, under its root. */
import { ChunkBitmap } from '#lib/compute/chunk-bitmap.ts';
import { type PartialFile } from '#lib/compute/partial-file.ts';
import { type FileIdentity } from '#lib/compute/protocol.ts';

import { chunkBytes, chunkCount } from '#lib/bytes/content-root.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { type BlobStore } from '#lib/storage/blob-store.ts';

/**
 * @throws TaggedError `storage-full` before anything is written; `file-changed` when the peer's file has another size
 *   than the record says.
 */
export async function openPartialBlob(
  blobs: BlobStore,
  wanted: { root: ContentRoot; size: number; name: string },
  identity: FileIdentity
): Promise<PartialFile> {
  if (identity.size !== wanted.size)
    throw new TaggedError('file-changed', `${wanted.name} has another size than the project says`);
  const writer = await blobs.create({ ...wanted, kind: 'result' });
  const have = new ChunkBitmap(chunkCount(wanted.size));
  const leaves: Uint8Array[] = [];
  return {
    identity,
    have,
    async write(index, hash, bytes) {
      await writer.write(bytes, index * chunkBytes);
      leaves[index] = hash;
      have.add(index);
    },
    leaves: () => Promise.resolve(leaves),
    async commit(root) {
      if (root !== wanted.root) {
        await writer.abort();
        throw new TaggedError('root-mismatch', `${wanted.name} does not have the content that was announced`);
      }
      await writer.commit();
    },
    discard: () => writer.abort()
  };
}
