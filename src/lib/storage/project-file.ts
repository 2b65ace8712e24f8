/**
 * A project as one file (docs/project-file.md): a ZIP, nothing in it compressed, with a manifest, the signed entries as
 * one Yjs update, and files by content root. Nothing secret is in it: the entries are what every member holds.
 */
import { makeZip } from 'client-zip';
import * as v from 'valibot';
import { type ByteSource } from '../bytes/byte-source.ts';
import { readStoredZip, type StoredFile } from '../bytes/stored-zip.ts';
import { fromUtf8, utf8 } from '../identity/encoding.ts';
import { TaggedError } from '../model/errors.ts';
import { ContentRoot, ProjectId } from '../model/ids.ts';

export const projectFileSuffix = '.dendro';
const format = 'dendro-project';
const version = 1;
const manifestName = 'manifest.json';
const entriesName = 'entries.yjs';
const largestManifest = 8 << 20;
const largestEntries = 64 << 20;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const FormatHead = v.object({ format: v.literal(format), version: v.pipe(v.number(), v.integer()) });
const Manifest = v.object({
  format: v.literal(format),
  version: v.literal(version),
  project: ProjectId,
  name: v.pipe(v.string(), v.maxLength(256)),
  /** ms since 1970, by the exporter's clock. */
  exportedAt: count,
  files: v.pipe(
    v.array(
      v.object({
        path: v.pipe(v.string(), v.maxLength(512)),
        name: v.pipe(v.string(), v.maxLength(256)),
        root: ContentRoot,
        size: count
      })
    ),
    v.maxLength(10_000)
  )
});
export type Manifest = v.InferOutput<typeof Manifest>;

/** A file that goes in: its bytes are read when it is its turn. */
export interface ExportedFile {
  name: string;
  root: ContentRoot;
  bytes: Blob;
}

/** Streams the project file; its reader decides how fast. */
export function writeProjectFile(project: {
  id: ProjectId;
  name: string;
  exportedAt: number;
  entries: Uint8Array;
  files: readonly ExportedFile[];
}): ReadableStream<Uint8Array> {
  const { id, name, exportedAt, entries } = project;
  const files = project.files.map((file) => ({ ...file, path: pathOf(file) }));
  const manifest: Manifest = {
    ...{ format, version, project: id, exportedAt },
    name: name.slice(0, 256),
    files: files.map(({ path, root, bytes, ...file }) => ({
      ...{ path, root, size: bytes.size },
      name: file.name.slice(0, 256)
    }))
  };
  const lastModified = new Date(exportedAt);
  return makeZip([
    { name: manifestName, input: utf8(JSON.stringify(manifest, null, 2)), lastModified },
    { name: entriesName, input: entries, lastModified },
    ...files.map(({ path, bytes }) => ({
      ...{ name: path, lastModified, size: BigInt(bytes.size) },
      input: bytes.stream()
    }))
  ]);
}

/** Names come from members: whoever unpacks the file with another tool must not be led out of the folder. */
function pathOf({ root, name }: { root: ContentRoot; name: string }): string {
  return `files/${root}/${plainFileName(name) || 'file'}`;
}

/** A name that any file system takes, and that hides nothing; empty when nothing is left. */
export function plainFileName(name: string): string {
  return name
    .replace(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 80);
}

export interface ProjectFile {
  manifest: Manifest;
  entries: Uint8Array;
  /** What is said to have these roots; whether it has is to be checked. */
  files: { name: string; root: ContentRoot; position: number; size: number }[];
}

/**
 * Reads what a project file holds, but for its files' bytes.
 * @throws TaggedError `project-file-invalid`, `project-file-newer`, `zip-damaged`, `zip-compressed`
 */
export async function readProjectFile(source: ByteSource): Promise<ProjectFile> {
  const found = new Map((await readStoredZip(source)).map((file) => [file.name, file]));
  const manifest = parseManifest(await readPart(source, found.get(manifestName), largestManifest));
  const entries = await readPart(source, found.get(entriesName), largestEntries);
  const files = manifest.files.map(({ path, name, root, size }) => {
    const file = found.get(path);
    if (file?.size !== size) throw invalid(`${name} is not in it as its manifest says`);
    return { name, root, position: file.position, size };
  });
  const known = new Set([manifestName, entriesName, ...manifest.files.map(({ path }) => path)]);
  if (known.size !== found.size || known.size !== manifest.files.length + 2)
    throw invalid('it holds what its manifest does not name once');
  if (new Set(files.map(({ root }) => root)).size !== files.length) throw invalid('it names a file twice');
  return { manifest, entries, files };
}

function parseManifest(bytes: Uint8Array): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(bytes));
  } catch (cause) {
    throw invalid('its manifest cannot be read', cause);
  }
  const head = v.safeParse(FormatHead, json);
  if (head.success && head.output.version > version)
    throw new TaggedError('project-file-newer', 'the file was written by a newer version of Dendro');
  const manifest = v.safeParse(Manifest, json);
  if (!manifest.success) throw invalid('its manifest cannot be read');
  return manifest.output;
}

async function readPart(source: ByteSource, part: StoredFile | undefined, most: number): Promise<Uint8Array> {
  if (!part || part.size > most) throw invalid('it has no manifest or no entries');
  return source.read(part.position, part.size);
}

function invalid(how: string, cause?: unknown): TaggedError {
  return new TaggedError('project-file-invalid', `the project file is not valid: ${how}`, {}, { cause });
}
