import { mkdtempSync, rmSync, statSync, chmodSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { rowPersistence, type UpdateRows } from '#lib/project/persistence.ts';
import { loadDeviceKeys } from '../../compute-node/platform/key-file.ts';
import { openProjectRows } from '../../compute-node/platform/project-store.ts';
import { createDeviceKeys } from '#lib/identity/device-keys.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { participant } from '../unit/project/replicas.ts';
import { persistenceContract } from './persistence.ts';

const folder = mkdtempSync(join(tmpdir(), 'dendro-store-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('node:sqlite', () => {
  let rows: (UpdateRows & { close(): void }) | undefined;
  const reopen = async () => {
    rows?.close();
    rows = openProjectRows(join(folder, 'projects.sqlite'));
    return rowPersistence(rows);
  };
  persistenceContract(reopen);

  test('many rows are compacted into one when a project is opened', async () => {
    const persistence = await reopen();
    const { keys, person } = await participant('Anna');
    const project = await ProjectDocument.found({ keys, person, name: 'many', persistence });
    for (let i = 0; i < 510; i++) await project.addFile({ name: `${i}`, size: 0 });
    await project.close();
    expect((await rows?.load(project.id))?.length).toBeGreaterThan(500);
    const again = await ProjectDocument.open({ id: project.id, keys, persistence });
    expect(again.state.files).toHaveLength(510);
    expect(await rows?.load(project.id)).toHaveLength(1);
    await again.close();
  });
});

describe('the node’s key file', () => {
  test('is made once, for its user only, and gives the same device again', async () => {
    const path = join(folder, 'keys.json');
    const made = await loadDeviceKeys(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const again = await loadDeviceKeys(path);
    expect(again.device).toBe(made.device);
    expect(again.sealingKey).toBe(made.sealingKey);
    await expect(crypto.subtle.exportKey('pkcs8', again.pairs.signing.privateKey)).rejects.toThrow();
  });

  test('is refused when others can read it, or when it is damaged', async () => {
    const path = join(folder, 'open.json');
    await loadDeviceKeys(path);
    chmodSync(path, 0o644);
    await expect(loadDeviceKeys(path)).rejects.toMatchObject({ tag: 'key-file-unsafe' });
    const damaged = join(folder, 'damaged.json');
    writeFileSync(damaged, '{', { mode: 0o600 });
    await expect(loadDeviceKeys(damaged)).rejects.toMatchObject({ tag: 'key-file-invalid' });
    expect((await createDeviceKeys()).device).toHaveLength(64);
  });
});
