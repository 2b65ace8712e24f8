/** Plans of NWB files: typed objects with ids that depend on what made the file, so equal runs give equal files. */
import { type AttributeValue, type DatasetValue, PathReference, type TreeNode } from '../hdf5/write-tree.ts';
import specifications from './specifications/nwb-2.11.0.json' with { type: 'json' };

export const nwbVersion = '2.11.0';

/** What decides the ids of a file's objects, such as a definition hash. */
export type Seed = string;

export class NwbTree {
  readonly #nodes: TreeNode[] = [];
  readonly #typed: { node: { path: string; attributes?: Record<string, AttributeValue> } }[] = [];

  group(path: string): void {
    this.#nodes.push({ kind: 'group', path });
  }

  /** An object of a neurodata type; core types unless said otherwise. */
  typedGroup(
    path: string,
    type: string,
    attributes: Record<string, AttributeValue> = {},
    namespace = 'core'
  ): void {
    const node = {
      kind: 'group' as const,
      path,
      attributes: { ...attributes, namespace, neurodata_type: type }
    };
    this.#nodes.push(node);
    this.#typed.push({ node });
  }

  dataset(
    path: string,
    value: DatasetValue,
    options: { shape?: number[]; attributes?: Record<string, AttributeValue> } = {}
  ): void {
    this.#nodes.push({ kind: 'dataset', path, value, ...options });
  }

  /** A column of a table, or another dataset of a type; of hdmf-common unless said otherwise. */
  typedDataset(
    path: string,
    column: {
      type: string;
      namespace?: string;
      value: DatasetValue | (() => DatasetValue);
      shape?: number[];
      attributes?: Record<string, AttributeValue>;
      compressed?: boolean;
    }
  ): void {
    const { type, namespace = 'hdmf-common', attributes = {}, ...rest } = column;
    const node = {
      kind: 'dataset' as const,
      path,
      ...rest,
      attributes: { ...attributes, namespace, neurodata_type: type }
    };
    this.#nodes.push(node);
    this.#typed.push({ node });
  }

  softLink(path: string, target: string): void {
    this.#nodes.push({ kind: 'soft-link', path, target });
  }

  externalLink(path: string, file: string, target: string): void {
    this.#nodes.push({ kind: 'external-link', path, file, target });
  }

  /** The finished plan, with object ids and the cached schema. */
  async finish(seed: Seed): Promise<TreeNode[]> {
    for (const { node } of this.#typed)
      node.attributes = { ...node.attributes, object_id: await uuid5(`${seed} ${node.path}`) };
    return [...this.#nodes, ...cachedSchema()];
  }
}

function cachedSchema(): TreeNode[] {
  const nodes: TreeNode[] = [{ kind: 'group', path: '/specifications' }];
  for (const [namespace, versions] of Object.entries<Record<string, Record<string, string>>>(
    specifications
  )) {
    nodes.push({ kind: 'group', path: `/specifications/${namespace}` });
    for (const [version, sources] of Object.entries(versions)) {
      nodes.push({ kind: 'group', path: `/specifications/${namespace}/${version}` });
      for (const [name, value] of Object.entries(sources))
        nodes.push({ kind: 'dataset', path: `/specifications/${namespace}/${version}/${name}`, value });
    }
  }
  return nodes;
}

export const schemaReference = new PathReference('/specifications');

/** Namespace of Dendro's object ids, made once at random. */
const namespace = [
  0x6f, 0x1d, 0x4b, 0x0a, 0x93, 0x5c, 0x4e, 0x27, 0xa8, 0x11, 0x5e, 0x70, 0xc2, 0x3d, 0x9f, 0x44
];

/** RFC 9562, version 5: SHA-1 over a namespace and a name. */
export async function uuid5(name: string): Promise<string> {
  const text = new TextEncoder().encode(name);
  const bytes = new Uint8Array(namespace.length + text.length);
  bytes.set(namespace);
  bytes.set(text, namespace.length);
  const id = new Uint8Array(await crypto.subtle.digest('SHA-1', bytes)).slice(0, 16);
  id[6] = ((id[6] ?? 0) & 0x0f) | 0x50;
  id[8] = ((id[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(id, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
