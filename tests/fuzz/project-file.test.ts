/** Whatever bytes a project file holds, its reader takes it or refuses it with a tag, and reads nothing beyond it. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { utf8 } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type ContentRoot, type ProjectId } from '#lib/model/ids.ts';
import { readProjectFile, writeProjectFile } from '#lib/storage/project-file.ts';
import { fuzzRuns, mutated } from './mutations.ts';

const refusals = ['project-file-invalid', 'project-file-newer', 'zip-compressed', 'zip-damaged'];

test('a project file', async () => {
  const stream = writeProjectFile({
    id: 'ab'.repeat(32) as ProjectId,
    name: 'CA1',
    exportedAt: 0,
    entries: utf8('entries'),
    files: ['01', '02'].map((byte) => ({
      name: 'sorting.nwb',
      root: byte.repeat(32) as ContentRoot,
      bytes: new Blob([new Uint8Array(50)])
    }))
  });
  const valid = new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer()
  );
  await expect(readProjectFile(memorySource(valid))).resolves.toBeDefined();
  await fc.assert(
    fc.asyncProperty(mutated(valid), async (bytes) => {
      try {
        const { files, entries } = await readProjectFile(memorySource(bytes));
        expect(entries.length).toBeLessThanOrEqual(bytes.length);
        for (const { position, size } of files) expect(position + size).toBeLessThanOrEqual(bytes.length);
      } catch (error) {
        if (!(error instanceof TaggedError)) throw error;
        expect(refusals).toContain(error.tag);
      }
    }),
    { numRuns: fuzzRuns }
  );
});
