/** Streams a file to where the user wants it, with flat memory: by the save picker, or through the browser's downloads. */
import { TaggedError } from '#lib/model/errors.ts';
import { saveFile } from '#lib/plots/save-file.ts';
import { createTemporaryFile, requireSpace } from '#lib/storage/blob-store.ts';

interface SavingWindow {
  showSaveFilePicker?: (options: { suggestedName: string }) => Promise<FileSystemFileHandle>;
}

/** Where a stream is to go; chosen inside the click that asks for it. */
export interface SavePlace {
  /** @param bytes how many come, roughly. @throws TaggedError `storage-full`, or the signal's reason */
  write(stream: ReadableStream<Uint8Array>, bytes: number, signal: AbortSignal): Promise<void>;
}

/** @throws TaggedError `aborted` when the picker was closed */
export async function chooseSavePlace(name: string): Promise<SavePlace> {
  const picker = (window as SavingWindow).showSaveFilePicker;
  if (!picker) return downloadPlace(name);
  const handle = await picker.call(window, { suggestedName: name }).catch((cause: unknown) => {
    const closed = cause instanceof DOMException && cause.name === 'AbortError';
    throw closed ? new TaggedError('aborted', 'no place was chosen', {}, { cause }) : cause;
  });
  return {
    write: async (stream, _bytes, signal) => stream.pipeTo(await handle.createWritable(), { signal })
  };
}

/** By way of a file of ours, which the next start removes: a download of a Blob would hold all of it in memory. */
function downloadPlace(name: string): SavePlace {
  return {
    async write(stream, bytes, signal) {
      await requireSpace(bytes);
      const handle = await createTemporaryFile();
      await stream.pipeTo(await handle.createWritable(), { signal });
      saveFile(await handle.getFile(), name);
    }
  };
}
