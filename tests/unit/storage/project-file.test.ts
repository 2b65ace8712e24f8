/** A project as one file: out and in again, and what hostile or broken files say. */
import { describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { contentRoot } from '#lib/bytes/content-root.ts';
import { utf8 } from '#lib/identity/encoding.ts';
import { type ProjectId } from '#lib/model/ids.ts';
import { copyOfEntries, namedContent, readCopy, takeEntries } from '#lib/project/copies.ts';
import { readProjectFile, writeProjectFile } from '#lib/storage/project-file.ts';
import { makeZip } from 'client-zip';
import { folded, foundProject, openProject, participant } from '../project/replicas.ts';

const result = utf8('spikes');

async function exported() {
  const anna = await participant('Anna');
  const project = await foundProject(anna);
  const root = await contentRoot(memorySource(result));
  await project.addFile({ name: '../../day3.nwb', size: result.length, root });
  const entries = await copyOfEntries(project);
  const stream = writeProjectFile({
    ...{ id: project.id, name: project.name, exportedAt: 1.7e12, entries },
    files: [{ name: '../../day3.nwb', root, bytes: new Blob([result]) }]
  });
  return { anna, project, root, entries, bytes: await bytesOf(stream) };
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

function zipOf(parts: Record<string, string | Uint8Array>): Promise<Uint8Array> {
  return bytesOf(makeZip(Object.entries(parts).map(([name, input]) => ({ name, input }))));
}

const read = (bytes: Uint8Array) => readProjectFile(memorySource(bytes));
const manifestOf = (project: ProjectId, changes = {}) =>
  JSON.stringify({
    ...{ format: 'dendro-project', version: 1, project, name: 'CA1', exportedAt: 0, files: [] },
    ...changes
  });

describe('a project file', () => {
  test('holds the record and files by their roots, under names that lead nowhere', async () => {
    const { project, root, entries, bytes } = await exported();
    const file = await read(bytes);
    expect(file.manifest).toMatchObject({ project: project.id, name: 'CA1', exportedAt: 1.7e12 });
    expect(file.entries).toEqual(entries);
    expect(file.files).toMatchObject([{ root, size: result.length }]);
    const { position = 0, size = 0 } = file.files[0] ?? {};
    expect(bytes.subarray(position, position + size)).toEqual(result);
    for (const { path } of file.manifest.files) expect(path).toMatch(/^files\/[0-9a-f]{64}\/[^/]+$/);
  });

  test('gives who is no member the whole record and no rights', async () => {
    const { project, bytes } = await exported();
    const { entries } = await read(bytes);
    const stranger = await participant('Stranger');
    const copy = await openProject(project.id, stranger);
    await takeEntries(copy, entries);
    expect(folded(copy)).toEqual(folded(project));
    expect(copy.role).toBeUndefined();
    expect(copy.can('edit')).toBe(false);
    await expect(copy.addFile({ name: 'x', size: 1 })).rejects.toMatchObject({ tag: 'not-allowed' });
  });

  test('merges with what came to the project meanwhile', async () => {
    const { anna, project, bytes } = await exported();
    await project.addFile({ name: 'later.nwb', size: 1 });
    await takeEntries(project, (await read(bytes)).entries);
    expect(project.state.files).toHaveLength(2);
    const again = await openProject(project.id, anna);
    await takeEntries(again, (await read(bytes)).entries);
    expect(again.role).toBe('admin');
  });

  test('names the content that its record knows', async () => {
    const { project, root, anna, entries } = await exported();
    const { state } = await readCopy(project.id, entries, anna.keys);
    expect([...namedContent(state)]).toEqual([[root, result.length]]);
  });

  test('of another project, or of none, is refused', async () => {
    const { anna, project, entries } = await exported();
    const other = await foundProject(anna);
    await expect(readCopy(other.id, entries, anna.keys)).rejects.toMatchObject({
      tag: 'project-file-foreign'
    });
    await expect(readCopy(project.id, utf8('garbage'), anna.keys)).rejects.toMatchObject({
      tag: 'project-file-foreign'
    });
    await expect(readCopy(project.id, new Uint8Array([0, 0]), anna.keys)).rejects.toMatchObject({
      tag: 'project-file-foreign'
    });
  });

  test('holds no private key and no secret of an invitation', async () => {
    const anna = await participant('Anna');
    const project = await foundProject(anna);
    const { seed } = await project.membership.invite({ role: 'editor', expires: Date.now() + 1e6, uses: 1 });
    const entries = await copyOfEntries(project);
    const bytes = await bytesOf(
      writeProjectFile({ id: project.id, name: 'CA1', exportedAt: 0, entries, files: [] })
    );
    for (const secret of secretForms(seed))
      expect(Buffer.from(bytes).includes(secret), 'the seed of an invitation').toBe(false);
  });
});

/** As bytes, hexadecimal and base64url. */
function secretForms(secret: Uint8Array): Buffer[] {
  const bytes = Buffer.from(secret);
  return [bytes, Buffer.from(bytes.toString('hex')), Buffer.from(bytes.toString('base64url'))];
}

describe('a broken or hostile file', () => {
  test.each([0, 1, 21, 22, 100, 0.5, 0.99])('cut off at %s is told as damaged', async (at) => {
    const { bytes } = await exported();
    const end = Number.isInteger(at) ? at : Math.floor(at * bytes.length);
    await expect(read(bytes.slice(0, end))).rejects.toMatchObject({ tag: 'zip-damaged' });
  });

  test('that was compressed is told so', async () => {
    const { bytes } = await exported();
    const view = new DataView(bytes.buffer);
    view.setUint16(view.getUint32(bytes.length - 6, true) + 10, 8, true);
    await expect(read(bytes)).rejects.toMatchObject({ tag: 'zip-compressed' });
  });

  test('with a size that lies is refused before anything of that size is read', async () => {
    const { bytes } = await exported();
    const view = new DataView(bytes.buffer);
    const first = view.getUint32(bytes.length - 6, true);
    for (const field of [20, 24]) view.setUint32(first + field, 0x7fffffff, true);
    await expect(read(bytes)).rejects.toMatchObject({ tag: 'zip-damaged' });
  });

  test('whose files lie over each other is refused', async () => {
    const { bytes } = await exported();
    const view = new DataView(bytes.buffer);
    const first = view.getUint32(bytes.length - 6, true);
    for (const field of [20, 24]) view.setUint32(first + field, view.getUint32(first + 24, true) + 60, true);
    await expect(read(bytes)).rejects.toMatchObject({ tag: 'zip-damaged' });
  });

  test('with two parts of one name is refused', async () => {
    const { project } = await exported();
    const manifest = manifestOf(project.id);
    const twice = makeZip(
      ['manifest.json', 'manifest.json', 'entries.yjs'].map((name) => ({ name, input: manifest }))
    );
    await expect(read(await bytesOf(twice))).rejects.toMatchObject({ tag: 'zip-damaged' });
  });

  test.each([
    ['a newer version', { version: 2 }, 'project-file-newer'],
    ['another format', { format: 'else' }, 'project-file-invalid'],
    ['no project', { project: '../x' }, 'project-file-invalid'],
    [
      'a file that is not there',
      { files: [{ path: 'x', name: 'x', root: '0'.repeat(64), size: 1 }] },
      'project-file-invalid'
    ]
  ])('whose manifest names %s is refused', async (_, changes, tag) => {
    const { project } = await exported();
    const bytes = await zipOf({ 'manifest.json': manifestOf(project.id, changes), 'entries.yjs': 'x' });
    await expect(read(bytes)).rejects.toMatchObject({ tag });
  });

  test('with a part that the manifest does not name is refused', async () => {
    const { project } = await exported();
    const parts = { 'manifest.json': manifestOf(project.id), 'entries.yjs': 'x', 'more/../x': 'y' };
    await expect(read(await zipOf(parts))).rejects.toMatchObject({ tag: 'project-file-invalid' });
  });

  test('without a manifest or entries is refused', async () => {
    await expect(read(await zipOf({ 'a.txt': 'x' }))).rejects.toMatchObject({ tag: 'project-file-invalid' });
    await expect(read(await zipOf({ 'manifest.json': '{', 'entries.yjs': '' }))).rejects.toMatchObject({
      tag: 'project-file-invalid'
    });
  });
});
