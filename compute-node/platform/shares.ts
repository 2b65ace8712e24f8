/** Shared folders: files are named by share and relative path, and no path or link leads out of the folder. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { constants, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { isAbsolute, join, sep } from 'node:path';
import { type ShareEntry } from '#lib/compute/protocol.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ShareFolder } from '../config.ts';

const maxEntries = 5000;

export class Shares {
  readonly #folders: readonly ShareFolder[];

  constructor(folders: readonly ShareFolder[]) {
    this.#folders = folders;
  }

  get names(): { name: string }[] {
    return this.#folders.map(({ name }) => ({ name }));
  }

  /**
   * The real path of a file or folder in a share.
   * @throws TaggedError `path-refused` for an absolute path, `..`, or a link out; `file-missing`
   */
  async resolve(share: string, path: string): Promise<string> {
    const folder = this.#folders.find(({ name }) => name === share)?.folder;
    if (folder === undefined)
      throw refused(share, path, `There is no shared folder "${share}" on this node.`);
    const parts = path.split('/');
    if (isAbsolute(path) || path.includes('\0') || path.includes('\\') || parts.includes('..'))
      throw refused(share, path, 'Files of a shared folder are named by a path inside it.');
    const root = await real(folder, share, path);
    const found = await real(join(root, path), share, path);
    if (found !== root && !found.startsWith(root + sep))
      throw refused(share, path, 'A link leads out of the shared folder.');
    return found;
  }

  /**
   * Checks, on the file that really was opened, that it lies in the share: a link that was put in its place meanwhile is
   * noticed. The file is opened without following a link.
   * @returns the path to read from.
   */
  async openable(share: string, path: string): Promise<string> {
    const found = await this.resolve(share, path);
    const file = await open(found, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
      () => {
        throw refused(share, path, 'The file cannot be opened.');
      }
    );
    try {
      if (!(await file.stat()).isFile()) throw refused(share, path, 'That is not a file.');
      if (readlinkSync(`/proc/self/fd/${file.fd}`) !== found)
        throw refused(share, path, 'A link leads out of the shared folder.');
    } finally {
      await file.close();
    }
    return found;
  }

  /** Files and folders of a folder in a share, by name; links that lead out and hidden ones are left out. */
  async list(share: string, path: string): Promise<ShareEntry[]> {
    const folder = await this.resolve(share, path);
    const names = (
      await readdir(folder).catch(() => {
        throw refused(share, path, 'That is not a folder.');
      })
    ).filter((name) => !name.startsWith('.'));
    const entries = await Promise.all(
      names
        .sort()
        .slice(0, maxEntries)
        .map((name) => this.#entry(share, path, name))
    );
    return entries.filter((entry) => entry !== undefined);
  }

  async #entry(share: string, path: string, name: string): Promise<ShareEntry | undefined> {
    try {
      const stats = await stat(await this.resolve(share, path === '' ? name : `${path}/${name}`));
      if (stats.isDirectory()) return { name, kind: 'folder', size: 0 };
      return stats.isFile() ? { name, kind: 'file', size: stats.size } : undefined;
    } catch {
      return undefined;
    }
  }
}

async function real(path: string, share: string, asked: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new TaggedError(
      'file-missing',
      `There is no "${asked}" in the shared folder "${share}".`,
      { share, path: asked },
      { cause }
    );
  }
}

function refused(share: string, path: string, message: string): TaggedError {
  return new TaggedError('path-refused', message, { share, path });
}
