/** An opened HDF5 file, read only: what the format readers need of it, with every failure translated to a tag. */
import { type ByteSource } from '../../bytes/byte-source.ts';
import { TaggedError } from '../../model/errors.ts';
import { Dataset, File, Group, type MountedFile, mountSource } from './library.ts';

export type NumericArray =
  | Int8Array
  | Uint8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

export interface Hdf5Dataset {
  path: string;
  shape: number[];
  kind: 'integer' | 'float' | 'string' | 'reference' | 'other';
  /** Bytes an element. */
  size: number;
  signed: boolean;
  littleEndian: boolean;
  /** `undefined`: contiguous or compact. */
  chunks?: number[];
  /** Whether chunks pass filters such as gzip. */
  filtered: boolean;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const mostValues = 50_000_000;
/** Soft links that lead to soft links; a ring of them ends here. */
const mostLinks = 16;

/** Whether bytes begin as an HDF5 file does (a user block before it is not looked for). */
export async function looksLikeHdf5(source: ByteSource): Promise<boolean> {
  if (source.size < signature.length) return false;
  const head = await source.read(0, signature.length);
  return signature.every((byte, i) => head[i] === byte);
}

export class Hdf5File {
  readonly #file: File;
  readonly #mounted: MountedFile;
  #closed = false;

  private constructor(file: File, mounted: MountedFile) {
    this.#file = file;
    this.#mounted = mounted;
  }

  /** @throws TaggedError `not-hdf5`, `hdf5-truncated`, `hdf5-unreadable`, or what reading the source throws */
  static async open(source: ByteSource): Promise<Hdf5File> {
    if (!(await looksLikeHdf5(source)))
      throw new TaggedError('not-hdf5', 'this is not an HDF5 file, so it is no NWB file');
    const mounted = await mountSource(source);
    try {
      const file = new File(mounted.path, 'r');
      if (file.file_id < 0n) throw new TaggedError('hdf5-truncated', 'the HDF5 file is damaged or cut off');
      return new Hdf5File(file, mounted);
    } catch (error) {
      mounted.unmount();
      throw translate(error, mounted, 'hdf5-truncated');
    }
  }

  /** Names in a group, `[]` where there is no group. */
  keys(path: string): string[] {
    return this.#try(() => {
      const group = this.#get(path);
      return group instanceof Group ? group.keys() : [];
    });
  }

  kind(path: string): 'group' | 'dataset' | 'missing' {
    const entity = this.#try(() => this.#get(path));
    return entity instanceof Group ? 'group' : entity instanceof Dataset ? 'dataset' : 'missing';
  }

  /** An attribute's value; `undefined` where there is none. References become paths. */
  attribute(path: string, name: string): unknown {
    return this.#try(() => {
      const entity = this.#get(path);
      if (!(entity instanceof Group || entity instanceof Dataset)) return undefined;
      const attribute = entity.attrs[name];
      return attribute ? this.#plain(entity, attribute.value) : undefined;
    });
  }

  /** @throws TaggedError `hdf5-external-storage` where the data lie in another file */
  dataset(path: string): Hdf5Dataset | undefined {
    return this.#try(() => {
      const dataset = this.#get(path);
      if (!(dataset instanceof Dataset)) return undefined;
      const { metadata } = dataset;
      if (metadata.virtual_sources)
        throw new TaggedError('hdf5-external-storage', `${path} is made of other files’ data`, { path });
      const kinds = { 0: 'integer', 1: 'float', 3: 'string', 7: 'reference' } as const;
      return {
        path,
        shape: metadata.shape ?? [],
        kind: kinds[metadata.type as keyof typeof kinds] ?? 'other',
        size: metadata.size,
        signed: metadata.signed,
        littleEndian: metadata.littleEndian,
        ...(metadata.chunks ? { chunks: metadata.chunks } : {}),
        filtered: dataset.filters.length > 0
      };
    });
  }

  /**
   * A box of a numeric dataset, in C order. Values are in the type they are stored in.
   * @throws TaggedError `hdf5-external-storage`, `hdf5-filter-missing`, `hdf5-truncated`, `hdf5-unreadable`
   */
  readBox(path: string, start: number[], count: number[]): NumericArray {
    const description = this.dataset(path);
    return this.#try(() => {
      const dataset = this.#get(path);
      if (!(dataset instanceof Dataset) || !description || !['integer', 'float'].includes(description.kind))
        throw new TaggedError('hdf5-unreadable', `${path} holds no numbers`, { path });
      const ranges = start.map((from, i): [number, number] => [from, from + (count[i] ?? 0)]);
      const value = dataset.slice(ranges);
      if (!ArrayBuffer.isView(value))
        throw new TaggedError('hdf5-unreadable', `${path} holds no numbers`, { path });
      return value as NumericArray;
    }, this.#failureTag(path));
  }

  /** A whole numeric dataset as doubles; `undefined` where there is none. */
  readNumbers(path: string): Float64Array | undefined {
    const dataset = this.dataset(path);
    if (!dataset) return undefined;
    if (dataset.shape.reduce((product, extent) => product * extent, 1) > mostValues)
      throw new TaggedError('hdf5-unreadable', `${path} is too large to read at once`, { path });
    if (dataset.shape.includes(0)) return new Float64Array();
    if (dataset.shape.length === 0) return Float64Array.of(Number(this.readScalar(path)));
    const values = this.readBox(
      path,
      dataset.shape.map(() => 0),
      dataset.shape
    );
    return Float64Array.from(values as ArrayLike<number | bigint>, Number);
  }

  readScalar(path: string): unknown {
    return this.#try(() => {
      const dataset = this.#get(path);
      return dataset instanceof Dataset ? dataset.value : undefined;
    }, this.#failureTag(path));
  }

  /** A whole dataset of text, or of references as paths. */
  readTexts(path: string): string[] | undefined {
    const description = this.dataset(path);
    if (!description || description.shape.reduce((product, extent) => product * extent, 1) > 1_000_000)
      return undefined;
    return this.#try(() => {
      const dataset = this.#get(path);
      if (!(dataset instanceof Dataset)) return undefined;
      const value = this.#plain(dataset, dataset.value);
      return (Array.isArray(value) ? value.flat(Number.POSITIVE_INFINITY) : [value]).map((item) =>
        item instanceof Uint8Array ? new TextDecoder().decode(item) : String(item)
      );
    }, this.#failureTag(path));
  }

  /**
   * Where a contiguous, unfiltered, little-endian dataset's first element lies, in bytes from the start of the file, so
   * that its data can be read without the library. `undefined` where that is not so.
   */
  contiguousOffset(path: string): number | undefined {
    const dataset = this.dataset(path);
    if (!dataset || dataset.chunks || dataset.filtered || !dataset.littleEndian || dataset.shape.includes(0))
      return undefined;
    const elements = dataset.shape.reduce((product, extent) => product * extent, 1);
    // A single element has no distance to measure.
    if (elements < 2) return undefined;
    const one = dataset.shape.map(() => 1);
    // Far from each other, so that the library's read-ahead cannot serve both from one read.
    const last = dataset.shape.map((extent) => extent - 1);
    this.readBox(path, last, one);
    const end = this.#mounted.lastPosition();
    this.readBox(
      path,
      dataset.shape.map(() => 0),
      one
    );
    const begin = this.#mounted.lastPosition();
    return end - begin === (elements - 1) * dataset.size ? begin : undefined;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
    this.#mounted.unmount();
  }

  /** Each step is looked at and soft links are resolved here, so that an external link is never followed. */
  #get(path: string, linksLeft = mostLinks): unknown {
    if (this.#closed) throw new TaggedError('hdf5-unreadable', 'the file is closed');
    let entity: unknown = this.#file;
    let at = '';
    const names = path.split('/').filter((name) => name !== '' && name !== '.');
    for (const [i, name] of names.entries()) {
      if (!(entity instanceof Group) || !entity.keys().includes(name)) return undefined;
      const parent = at;
      at = `${parent}/${name}`;
      const target = entity.get_link(at) as string | null;
      if (target !== null) {
        const start = target.startsWith('/') ? target : `${parent}/${target}`;
        const resolved = [start, ...names.slice(i + 1)].join('/');
        return linksLeft > 0 ? this.#get(resolved, linksLeft - 1) : undefined;
      }
      if ('filename' in entity.get_external_link(at))
        throw new TaggedError('hdf5-external-link', `${path} is a link into another file`, { path });
      entity = entity.get(name);
    }
    return entity;
  }

  #plain(owner: Group | Dataset, value: unknown): unknown {
    if (Array.isArray(value)) return value.map((item) => this.#plain(owner, item));
    if (typeof value === 'object' && value !== null && 'ref_data' in value) {
      const target = owner.dereference(value as never);
      return target && 'path' in target ? target.path : undefined;
    }
    return value;
  }

  /** What a failed read of a dataset most likely means. */
  #failureTag(path: string): string {
    const dataset = this.#closed ? undefined : this.dataset(path);
    if (!dataset) return 'hdf5-unreadable';
    if (!dataset.chunks) return 'hdf5-external-storage';
    return dataset.filtered ? 'hdf5-filter-missing' : 'hdf5-unreadable';
  }

  #try<T>(read: () => T, tag = 'hdf5-unreadable'): T {
    try {
      return read();
    } catch (error) {
      throw translate(error, this.#mounted, tag);
    }
  }
}

/** The one boundary at which the library's cryptic errors become tags. */
function translate(error: unknown, mounted: MountedFile, tag: string): unknown {
  if (mounted.failure() instanceof TaggedError) return mounted.failure();
  if (error instanceof TaggedError && error.tag !== 'hdf5-unreadable') return error;
  if (mounted.readBeyondEnd())
    return new TaggedError('hdf5-truncated', 'the HDF5 file is damaged or cut off', {}, { cause: error });
  const message = error instanceof Error ? error.message : String(error);
  const path = error instanceof TaggedError ? error.details.path : undefined;
  return new TaggedError(tag, message, path === undefined ? {} : { path }, { cause: error });
}
