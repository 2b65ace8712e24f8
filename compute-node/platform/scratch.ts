/** The engine's scratch space in a folder of its own: every blob is written beside its place and moved there whole. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Scratch } from '#lib/model/engine.ts';

/** Uses `folder`, which is made when first written to and taken away, with all in it, by `remove`. */
export function folderScratch(folder: string): Scratch {
  const pathOf = (name: string) => {
    if (!/^[a-z0-9-]+$/.test(name)) throw new RangeError(`'${name}' is not a name of a scratch blob`);
    return join(folder, name);
  };
  return {
    async write(name, bytes) {
      const path = pathOf(name);
      await mkdir(folder, { recursive: true });
      const file = await open(`${path}.part`, 'w');
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(`${path}.part`, path);
    },
    async read(name) {
      try {
        return await readFile(pathOf(name));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async remove() {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
