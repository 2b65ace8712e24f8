/**
 * How files come into the app: dropped anywhere (with a handle where the browser gives one), picked, or chosen with a
 * file field. A page may say what a drop means on it; elsewhere it opens the recording.
 */
import { appContext } from './context.ts';

export interface PickedFile {
  file: File;
  /** Lets the file be opened again later without being picked again. */
  handle: FileSystemFileHandle | undefined;
}

interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}
interface PickerWindow {
  showOpenFilePicker?: (options: { multiple: boolean }) => Promise<FileSystemFileHandle[]>;
}

export class FileIntake {
  #waiting = $state.raw<PickedFile | undefined>(undefined);
  #handlers: ((files: PickedFile[]) => void)[] = [];

  /** A file that was dropped on another page and is to be opened. */
  get waiting(): PickedFile | undefined {
    return this.#waiting;
  }

  /** Takes the waiting file: it is opened once. */
  take(): PickedFile | undefined {
    const file = this.#waiting;
    this.#waiting = undefined;
    return file;
  }

  /** Lets a page say what dropped files mean on it. Returns the cleanup. */
  handleWith(handler: (files: PickedFile[]) => void): () => void {
    this.#handlers.push(handler);
    return () => {
      this.#handlers = this.#handlers.filter((other) => other !== handler);
    };
  }

  /** @returns Whether a page took them; else the first waits to be opened. */
  receive(files: PickedFile[]): boolean {
    const handler = this.#handlers.at(-1);
    if (handler) {
      handler(files);
      return true;
    }
    this.#waiting = files[0];
    return false;
  }
}

export const fileIntakeContext = appContext<FileIntake>('FileIntake');

/** The files of a drop. Call it inside the event: the items are gone afterwards. */
export async function filesOfDrop(data: DataTransfer): Promise<PickedFile[]> {
  const items = [...data.items].filter(({ kind }) => kind === 'file') as HandleItem[];
  const entries = items.map((item) => ({
    file: item.getAsFile(),
    handle: item.getAsFileSystemHandle?.().catch(() => null)
  }));
  const picked: PickedFile[] = [];
  for (const entry of entries) {
    const handle = await entry.handle;
    if (handle && handle.kind !== 'file') continue;
    const fileHandle = handle ? (handle as FileSystemFileHandle) : undefined;
    const file = entry.file ?? (await fileHandle?.getFile());
    if (file) picked.push({ file, handle: fileHandle });
  }
  return picked;
}

/** Asks for a file by the browser's picker, or a file field where there is none. Empty when nothing was chosen. */
export async function pickFiles(): Promise<PickedFile[]> {
  const picker = (window as PickerWindow).showOpenFilePicker;
  if (!picker) return pickByField();
  try {
    const handles = await picker.call(window, { multiple: false });
    return await Promise.all(handles.map(async (handle) => ({ file: await handle.getFile(), handle })));
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') return [];
    throw error;
  }
}

function pickByField(): Promise<PickedFile[]> {
  return new Promise((resolve) => {
    const field = document.createElement('input');
    field.type = 'file';
    field.addEventListener('change', () =>
      resolve([...(field.files ?? [])].map((file) => ({ file, handle: undefined })))
    );
    field.addEventListener('cancel', () => resolve([]));
    field.click();
  });
}
