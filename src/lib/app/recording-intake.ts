/** How the user's recordings become files of a project, and where a node finds the bytes of one. */
import { blobSource } from '#lib/bytes/byte-source.ts';
import { spotHash } from '#lib/bytes/content-root.ts';
import { type DeviceId, type FileId } from '#lib/model/ids.ts';
import { type RecordingSelection } from '#lib/model/processor.ts';
import { type Probe } from '#lib/model/recording.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { type PickedFile } from './file-intake.svelte.ts';
import { type FileShelf } from './file-shelf.svelte.ts';
import { type SharedPlace } from './tab-messages.ts';

interface Shelf {
  document: ProjectDocument;
  files: FileShelf;
}

export interface NewRecording {
  picked: PickedFile;
  selection: RecordingSelection;
  probe?: Probe | undefined;
}

/** Adds the user's file: read where it lies, known by size, time and spot hash. The same one is not added twice. */
export async function takeRecording(
  { document, files }: Shelf,
  { picked, selection, probe }: NewRecording
): Promise<FileId> {
  const { file } = picked;
  const hash = await spotHash(blobSource(file));
  const same = document.state.files.find(
    (known) =>
      known.spotHash === hash &&
      known.size === file.size &&
      known.share === undefined &&
      JSON.stringify(known.selection) === JSON.stringify(selection)
  );
  if (same) {
    await files.keep(document.id, same, picked);
    return same.file;
  }
  const id = await document.addFile({
    name: file.name,
    size: file.size,
    lastModified: file.lastModified,
    spotHash: hash as FileState['spotHash'] & string,
    selection,
    ...(probe && { probe: JSON.stringify(probe) })
  });
  await files.keep(document.id, document.file(id), picked);
  return id;
}

/**
 * The entry by which a job on a node reads a recording: where the node reads it in a folder of its own, one that says
 * so. A file's fact is never changed.
 */
export async function inputOnNode(
  { document, files }: Shelf,
  file: FileState,
  shared: (SharedPlace & { device: DeviceId }) | undefined
): Promise<FileState> {
  if (!shared) return file;
  const same = document.state.files.find(
    ({ share, spotHash: hash, selection }) =>
      share?.device === shared.device &&
      share.share === shared.share &&
      share.path === shared.path &&
      hash === file.spotHash &&
      JSON.stringify(selection) === JSON.stringify(file.selection)
  );
  if (same) return same;
  const { roots: _roots, addedBy: _by, addedByDevice: _device, at: _at, file: _file, ...fact } = file;
  const { device, share, path } = shared;
  const entry = document.file(await document.addFile({ ...fact, share: { device, share, path } }));
  await files.keepAlso(document.id, entry, file.file);
  return entry;
}
