/** What deleted files and jobs of a project still take on this node, and the removal of it on demand. */
import { type UnneededFiles } from '#lib/compute/protocol.ts';
import { type ContentRoot } from '#lib/model/ids.ts';
import { namedContent } from '#lib/project/copies.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type BlobStore } from '../platform/blob-store.ts';

/** Removal would free so much. */
export function measureUnneeded(document: ProjectDocument, blobs: BlobStore): UnneededFiles {
  const roots = unneededRoots(document, blobs).filter((root) => !blobs.isNeededBesides(document.id, root));
  return {
    files: roots.length,
    bytes: roots.reduce((sum, root) => sum + (blobs.sizeOf(root) ?? 0), 0)
  };
}

/** Removes what only deleted files and jobs of these projects need. The record stays, and can be restored. */
export function freeUnneeded(documents: readonly ProjectDocument[], blobs: BlobStore): UnneededFiles {
  const freed = documents.flatMap((document) =>
    unneededRoots(document, blobs).flatMap((root) => blobs.release(document.id, root) ?? [])
  );
  return { files: freed.length, bytes: freed.reduce((sum, bytes) => sum + bytes, 0) };
}

/** What nobody names yet is on its way into the project, and stays. */
function unneededRoots(document: ProjectDocument, blobs: BlobStore): ContentRoot[] {
  const { id, state, whole } = document;
  const needed = namedContent({
    ...(whole.deletion ? { files: [], jobs: [] } : state),
    deleted: { files: [], jobs: [] }
  });
  return [...namedContent(state).keys()].filter((root) => !needed.has(root) && blobs.hasFor(id, root));
}
