/** Finds or fetches the bytes of a job's inputs: own store, own shared folder, the generator, or a connected member. */
import { type BlobStore } from '../platform/blob-store.ts';
import { fileContentRoot } from '../platform/file-content-root.ts';
import { openFileSource } from '../platform/file-source.ts';
import { type Shares } from '../platform/shares.ts';
import { spotHash } from '#lib/bytes/content-root.ts';
import { type FileExchange } from '#lib/compute/file-exchange.ts';
import { type TransferId } from '#lib/compute/protocol.ts';
import { type TransferProgress } from '#lib/compute/transfer-progress.ts';
import { TaggedError, toErrorRecord } from '#lib/model/errors.ts';
import { type ContentRoot, type DeviceId, type ProjectId } from '#lib/model/ids.ts';
import { type FileState } from '#lib/project/project-state.ts';
import { generatedChunks, isGenerated } from './demonstration.ts';

/** A member that may have the file. */
export interface FileHolder {
  device: DeviceId;
  exchange: FileExchange;
}

export interface InputOptions {
  project: ProjectId;
  file: FileState;
  own: DeviceId;
  transfer: TransferId;
  blobs: BlobStore;
  shares: Shares;
  /** Connected members now, the one who added the file first. */
  holders(): FileHolder[];
  /** Resolves when it is worth asking again: somebody connected, or some seconds went by. */
  change(signal: AbortSignal): Promise<void>;
  onProgress(stage: string, progress: TransferProgress): void;
  signal: AbortSignal;
}

export interface FoundInput {
  path: string;
  root: ContentRoot;
}

/** After these the same file cannot come any more, so the job fails instead of waiting. */
const finalTags = new Set([
  'file-changed',
  'file-missing',
  'root-mismatch',
  'disk-full',
  'path-refused',
  'share-differs'
]);

/** @throws TaggedError why the input cannot be had; the signal's reason */
export async function findInput(options: InputOptions): Promise<FoundInput> {
  const { project, file, blobs, own } = options;
  if (file.share?.device === own) return readSharedOrAsk(options);
  if (file.root !== undefined && blobs.hasFor(project, file.root))
    return { path: blobs.pathOf(file.root), root: file.root };
  if (isGenerated(file)) return generate(options);
  for (;;) {
    for (const holder of options.holders()) {
      const found = await askHolder(options, holder);
      if (found) return found;
    }
    await options.change(options.signal);
    options.signal.throwIfAborted();
  }
}

/**
 * Of the name and size that were looked for, the file in the folder may still be another recording: then the bytes of the
 * right one are asked for, of whoever is connected and has it.
 */
async function readSharedOrAsk(options: InputOptions): Promise<FoundInput> {
  try {
    return await readShared(options);
  } catch (error) {
    if (toErrorRecord(error).tag !== 'share-differs') throw error;
    for (const holder of options.holders()) {
      const found = await askHolder(options, holder);
      if (found) return found;
    }
    throw error;
  }
}

async function readShared({ file, shares, signal, onProgress }: InputOptions): Promise<FoundInput> {
  const { share = '', path = '' } = file.share ?? {};
  const real = await shares.openable(share, path);
  const source = await openFileSource(real, { noFollow: true });
  try {
    if (source.size !== file.size)
      throw new TaggedError('file-changed', `${path} has another size than when it was added.`, { path });
    // Known by name and size it may be another recording; the hash is of the one that was looked at.
    if (file.spotHash !== undefined && (await spotHash(source, signal)) !== file.spotHash)
      throw new TaggedError('share-differs', `${path} is another file than the one that was added.`, {
        path
      });
    const root = await fileContentRoot(source, {
      signal,
      onProgress: (bytesDone) => onProgress('reading', { bytesDone, bytesTotal: source.size })
    });
    if (file.root !== undefined && root !== file.root)
      throw new TaggedError('file-changed', `${path} is no longer the file that was added.`, { path });
    return { path: real, root };
  } finally {
    source.close();
  }
}

async function generate({ project, file, blobs, signal, onProgress }: InputOptions): Promise<FoundInput> {
  const { root } = await blobs.write(
    generatedChunks(signal, (bytesDone) => onProgress('generating', { bytesDone, bytesTotal: file.size }))
  );
  if (file.root !== undefined && root !== file.root)
    throw new TaggedError(
      'root-mismatch',
      'This version generates another demonstration than the one in the project.'
    );
  blobs.grant(project, root);
  return { path: blobs.pathOf(root), root };
}

/** Undefined when this member does not have it now or was lost: it is tried again later. */
async function askHolder(options: InputOptions, holder: FileHolder): Promise<FoundInput | undefined> {
  const { project, file, transfer, blobs, signal, onProgress } = options;
  try {
    const root = await holder.exchange.pull({
      project,
      file: file.file,
      root: file.root,
      transfer,
      partial: blobs.openPartial(transfer),
      create: (identity) => {
        if (identity.size !== file.size)
          throw new TaggedError('file-changed', `${file.name} has another size than when it was added.`);
        return blobs.createPartial(transfer, identity);
      },
      onProgress: (progress) => onProgress('fetching', progress),
      signal
    });
    blobs.grant(project, root);
    return { path: blobs.pathOf(root), root };
  } catch (error) {
    signal.throwIfAborted();
    if (finalTags.has(toErrorRecord(error).tag)) throw error;
    return undefined;
  }
}
