/**
 * The HDF5 library (h5wasm's ESM build, the same in the browser and in Node) and the one place where it meets bytes: a
 * file system of its own that holds only what is opened, so no HDF5 file can reach another file.
 */
import { Dataset, File, FS as fileSystem, Group, ready } from 'h5wasm';
import { type ByteSource } from '../../bytes/byte-source.ts';
import { TaggedError } from '../../model/errors.ts';

/** The parts of Emscripten's file system that are used; h5wasm's types leave nodes and streams out. */
interface FileNode {
  usedBytes: number;
  stream_ops: Record<string, unknown>;
}
interface EmscriptenFs {
  createFile(parent: string, name: string, properties: object, canRead: boolean, canWrite: boolean): FileNode;
  mkdir(path: string): void;
  readdir(path: string): string[];
  unlink(path: string): void;
  readFile(path: string): Uint8Array;
  getStream(descriptor: number): object;
  close(stream: object): void;
  open(path: string, flags: string): object;
  ErrnoError: new (errno: number) => Error;
}

interface Module {
  HEAPU8: Uint8Array;
  get_dataset_data(
    file: bigint,
    path: string,
    count: bigint[] | null,
    offset: bigint[] | null,
    strides: bigint[] | null,
    into: bigint
  ): number;
  get_dataset_metadata(file: bigint, path: string): { vlen: boolean; size: number; total_size: number };
  get_attribute_data(file: bigint, path: string, name: string, into: bigint): number;
  get_attribute_metadata(
    file: bigint,
    path: string,
    name: string
  ): { vlen: boolean; size: number; total_size: number };
}

const ioError = 29;
const folder = '/dendro';
let loading: Promise<EmscriptenFs> | undefined;

export { Dataset, File, Group };

/** Loads the library once. */
export function loadHdf5(): Promise<EmscriptenFs> {
  loading ??= load();
  return loading;
}

async function load(): Promise<EmscriptenFs> {
  const module = (await ready) as unknown as Module;
  const fs = fileSystem as unknown as EmscriptenFs;
  fs.mkdir(folder);
  silence(fs);
  // External storage could otherwise name them, and take what they give for data.
  for (const name of fs.readdir('/dev')) if (!['.', '..', 'shm'].includes(name)) fs.unlink(`/dev/${name}`);
  failOnBadStatus(module);
  return fs;
}

/** A path that no file can guess: external storage or a link in one file must not reach another that is open. */
function secretPath(): string {
  return `${folder}/${crypto.randomUUID()}.h5`;
}

/** The library prints each failure it meets, also those that are expected; what matters is thrown. */
function silence(fs: EmscriptenFs): void {
  const stderr = 2;
  fs.close(fs.getStream(stderr));
  // The lowest free descriptor is the one just closed.
  fs.open('/dev/null', 'w');
}

/**
 * h5wasm ignores the status of a read and hands out whatever the memory held: make a failed read throw. Variable-length
 * values are freed even after a failure, so their memory is cleared beforehand.
 */
function failOnBadStatus(module: Module): void {
  const readDataset = module.get_dataset_data;
  module.get_dataset_data = (file, path, count, offset, strides, into) => {
    const { vlen, size, total_size } = module.get_dataset_metadata(file, path);
    const elements = count ? Number(count.reduce((product, extent) => product * extent, 1n)) : total_size;
    if (vlen) module.HEAPU8.fill(0, Number(into), Number(into) + size * elements);
    return checkStatus(readDataset(file, path, count, offset, strides, into), path);
  };
  const readAttribute = module.get_attribute_data;
  module.get_attribute_data = (file, path, name, into) => {
    const { vlen, size, total_size } = module.get_attribute_metadata(file, path, name);
    if (vlen) module.HEAPU8.fill(0, Number(into), Number(into) + size * total_size);
    return checkStatus(readAttribute(file, path, name, into), `${path}@${name}`);
  };
}

function checkStatus(status: number, path: string): number {
  if (status < 0) throw new TaggedError('hdf5-unreadable', `${path} cannot be read`, { path });
  return status;
}

/** A source as a file of the library's own file system. */
export interface MountedFile {
  path: string;
  /** Where the library read last, in bytes: after a read of one element, that element's place. */
  lastPosition(): number;
  /** Whether the library asked for bytes beyond the end: the file is cut off. */
  readBeyondEnd(): boolean;
  /** What reading the source threw, if it did. */
  failure(): unknown;
  unmount(): void;
}

/** @throws TaggedError `source-not-synchronous`: the library cannot wait */
export async function mountSource(source: ByteSource): Promise<MountedFile> {
  const fs = await loadHdf5();
  const { readSync } = source;
  if (!readSync)
    throw new TaggedError(
      'source-not-synchronous',
      'HDF5 files are read in a worker, from files that need no waiting'
    );
  const path = secretPath();
  const node = fs.createFile(folder, path.slice(folder.length + 1), {}, true, false);
  let lastPosition = 0;
  let beyondEnd = false;
  let failure: unknown;
  node.usedBytes = source.size;
  node.stream_ops = {
    ...node.stream_ops,
    write: () => {
      throw new fs.ErrnoError(ioError);
    },
    read: (_stream: unknown, heap: Int8Array, offset: number, length: number, position: number) => {
      if (position + length > source.size) beyondEnd = true;
      const count = Math.max(0, Math.min(length, source.size - position));
      lastPosition = position;
      try {
        readSync.call(source, new Uint8Array(heap.buffer, heap.byteOffset + offset, count), position);
      } catch (error) {
        failure = error;
        throw new fs.ErrnoError(ioError);
      }
      return count;
    }
  };
  return {
    path,
    lastPosition: () => lastPosition,
    readBeyondEnd: () => beyondEnd,
    failure: () => failure,
    unmount: () => fs.unlink(path)
  };
}

/** Builds a file in memory and returns its bytes; it is closed and gone from the library afterwards. */
export async function buildHdf5(fill: (file: File) => void): Promise<Uint8Array> {
  const fs = await loadHdf5();
  const path = secretPath();
  const clock = Date.now;
  try {
    // HDF5 writes the time into each object's header: with a fixed one, equal content gives equal bytes.
    Date.now = () => 0;
    const file = new File(path, 'w', { track_order: false, libver: ['v110', 'v110'] });
    fill(file);
    // Without the flush a file whose writing met an error can stay unreadable.
    file.flush();
    file.close();
    return fs.readFile(path).slice();
  } finally {
    Date.now = clock;
    fs.unlink(path);
  }
}
