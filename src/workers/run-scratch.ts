/**
 * The engine's scratch space in the browser: a folder of OPFS for each run, named by what is sorted. A tab that was
 * closed, reloaded or killed in the middle of a sort leaves it, and the same sort goes on from there. Whoever uses a
 * folder holds a lock of its name, which the browser frees when the tab ends.
 */
import { type Scratch } from '#lib/model/engine.ts';

const folderName = 'scratch';
/** What was left so long ago is not gone on with. */
const keptMs = 24 * 60 * 60 * 1000;

const lockOf = (run: string) => `dendro scratch ${run}`;

/**
 * Runs with the scratch space of that name, or without one where another tab uses it. What other runs have left is
 * removed first, so that no more than one is kept.
 * @param run what is sorted, and how: letters, digits and hyphens
 */
export async function withScratch<Result>(
  run: string,
  work: (scratch: Scratch | undefined) => Promise<Result>
): Promise<Result> {
  if (!/^[a-z0-9-]+$/.test(run)) throw new RangeError(`'${run}' is not a name of a run`);
  return navigator.locks.request(lockOf(run), { ifAvailable: true }, async (lock) => {
    if (!lock) return work(undefined);
    await removeUnused((name) => name !== run).catch(warn);
    return work(scratchIn(run));
  });
}

/** Removes what runs left more than a day ago. */
export async function sweepScratch(now = Date.now()): Promise<void> {
  await removeUnused(async (_name, folder) => now - (await lastWritten(folder)) > keptMs);
}

async function removeUnused(
  chosen: (name: string, folder: FileSystemDirectoryHandle) => boolean | Promise<boolean>
): Promise<void> {
  const all = await allScratch();
  for await (const [name, handle] of all.entries()) {
    if (handle.kind !== 'directory' || !(await chosen(name, handle as FileSystemDirectoryHandle))) continue;
    await navigator.locks.request(lockOf(name), { ifAvailable: true }, async (lock) => {
      if (lock) await all.removeEntry(name, { recursive: true });
    });
  }
}

async function lastWritten(folder: FileSystemDirectoryHandle): Promise<number> {
  let last = 0;
  for await (const handle of folder.values())
    if (handle.kind === 'file')
      last = Math.max(last, (await (handle as FileSystemFileHandle).getFile()).lastModified);
  return last;
}

/** A run that finds no room, or a browser that keeps no files, is sorted without being kept. */
function scratchIn(run: string): Scratch {
  return {
    async write(name, bytes) {
      try {
        const folder = await (await allScratch()).getDirectoryHandle(run, { create: true });
        // What is written takes the file's place when it is closed, whole.
        const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
        await stream.write(bytes as Uint8Array<ArrayBuffer>);
        await stream.close();
      } catch (error) {
        warn(error);
      }
    },
    async read(name) {
      try {
        const folder = await (await allScratch()).getDirectoryHandle(run);
        return new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer());
      } catch (error) {
        if (!isMissing(error)) warn(error);
        return undefined;
      }
    },
    async remove() {
      await (
        await allScratch()
      )
        .removeEntry(run, { recursive: true })
        .catch((error: unknown) => isMissing(error) || warn(error));
    }
  };
}

async function allScratch(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(folderName, { create: true });
}

function isMissing(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'NotFoundError';
}

function warn(error: unknown): void {
  console.warn('What a sort has done is not kept:', error);
}
