/** Writes an HDF5 file from a plan: groups, datasets, attributes, references and links, in one pass. */
import { freeNow } from '../../sorting/kernels/free-memory.ts';
import { buildHdf5, type Dataset, type File, type Group } from './library.ts';

/** A chunk of a compressed dataset takes about so many bytes. */
const chunkBytes = 1 << 20;

/** A reference to an object of the same file, by path. */
export class PathReference {
  readonly path: string;
  constructor(path: string) {
    this.path = path;
  }
}

export type AttributeValue = string | number | string[] | PathReference;

export type DatasetValue =
  | string
  | string[]
  | number
  | Float64Array
  | Float32Array
  | Int16Array
  | BigInt64Array
  | Uint32Array
  | PathReference[];

interface Attributed {
  /** Absolute. */
  path: string;
  attributes?: Record<string, AttributeValue>;
}

export type TreeNode =
  | ({ kind: 'group' } & Attributed)
  | ({
      kind: 'dataset';
      /** Large ones are made when they are written, so that there is one at a time. */
      value: DatasetValue | (() => DatasetValue);
      /** A scalar without it when the value is one, else one-dimensional. */
      shape?: number[];
      /** gzip, in chunks of whole rows of about a megabyte; for numbers only. */
      compressed?: boolean;
    } & Attributed)
  | { kind: 'soft-link'; path: string; target: string }
  | { kind: 'external-link'; path: string; file: string; target: string };

/** Parents stand before their children. @returns the file's bytes */
export function writeTree(nodes: readonly TreeNode[]): Promise<Uint8Array> {
  return buildHdf5((file) => {
    const later: (() => void)[] = [];
    for (const node of nodes) writeNode(file, node, later);
    // What refers to objects is written once they are all there.
    for (const write of later) write();
  });
}

function writeNode(file: File, node: TreeNode, later: (() => void)[]): void {
  const { parent, name } = place(file, node.path);
  if (node.kind === 'soft-link') {
    parent.create_soft_link(node.target, name);
    return;
  }
  if (node.kind === 'external-link') {
    parent.create_external_link(node.file, node.target, name);
    return;
  }
  if (node.kind === 'group') {
    const group = node.path === '/' ? file : parent.create_group(name);
    writeAttributes(file, group, node.attributes, later);
    return;
  }
  const { attributes } = node;
  const value = typeof node.value === 'function' ? node.value() : node.value;
  if (Array.isArray(value) && value[0] instanceof PathReference) {
    later.push(() => {
      const data = (value as PathReference[]).map(({ path }) => reference(file, path));
      const dataset = parent.create_dataset({ name, data, shape: node.shape ?? [data.length] });
      writeAttributes(file, dataset, attributes, undefined);
    });
    return;
  }
  const dataset = parent.create_dataset({
    name,
    ...storage(value as Exclude<DatasetValue, PathReference[]>, node)
  });
  if (typeof node.value === 'function' && ArrayBuffer.isView(value))
    freeNow(value as ArrayBufferView<ArrayBuffer>);
  writeAttributes(file, dataset, attributes, later);
}

function storage(
  value: Exclude<DatasetValue, PathReference[]>,
  { shape, compressed }: { shape?: number[]; compressed?: boolean }
) {
  if (typeof value === 'string') return { data: value, shape: [], dtype: 'S' };
  // A plain whole number would be stored as int32.
  if (typeof value === 'number') return { data: Float64Array.of(value), shape: [], dtype: '<d' };
  if (Array.isArray(value)) return { data: value as string[], shape: shape ?? [value.length], dtype: 'S' };
  const extents = shape ?? [value.length];
  const dtypes = [
    [Float64Array, '<d'],
    [Float32Array, '<f'],
    [Int16Array, '<h'],
    [BigInt64Array, '<q'],
    [Uint32Array, '<I']
  ] as const;
  const dtype = dtypes.find(([Type]) => value instanceof Type)?.[1] ?? '<d';
  const plain = { data: value as Float64Array, shape: extents, dtype };
  if (!compressed || value.length === 0) return plain;
  const rowBytes = (value.byteLength / (extents[0] ?? 1)) | 0;
  const rows = Math.max(1, Math.min(extents[0] ?? 1, Math.floor(chunkBytes / Math.max(1, rowBytes))));
  const chunks = [rows, ...extents.slice(1)];
  return { ...plain, chunks, compression: 'gzip' as const, compression_opts: 4 };
}

function writeAttributes(
  file: File,
  owner: Group | Dataset,
  attributes: Record<string, AttributeValue> | undefined,
  later: (() => void)[] | undefined
): void {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value instanceof PathReference) {
      const write = () => owner.create_attribute(name, reference(file, value.path), []);
      if (later) later.push(write);
      else write();
    } else if (typeof value === 'number') owner.create_attribute(name, value, [], '<d');
    else if (typeof value === 'string') owner.create_attribute(name, value, [], 'S');
    else owner.create_attribute(name, value, [value.length], 'S');
  }
}

function reference(file: File, path: string) {
  const target = path === '/' ? file : file.get(path);
  if (!target || !('create_reference' in target)) throw new Error(`nothing to refer to at ${path}`);
  return target.create_reference();
}

function place(file: File, path: string): { parent: Group; name: string } {
  const at = path.lastIndexOf('/');
  const parent = at <= 0 ? file : file.get(path.slice(0, at));
  if (!parent || !('create_group' in parent)) throw new Error(`no group for ${path}`);
  return { parent, name: path.slice(at + 1) };
}
