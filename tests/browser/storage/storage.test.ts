import { afterAll, describe, expect, test } from 'vitest';
import { contentRoot } from '#lib/bytes/content-root.ts';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { createDeviceKeys } from '#lib/identity/device-keys.ts';
import { BlobStore } from '#lib/storage/blob-store.ts';
import { type DendroDatabase, openDatabase } from '#lib/storage/database.ts';
import { loadIdentity, renameIdentity } from '#lib/storage/identity-store.ts';
import { seekLeadership } from '#lib/storage/leadership.ts';
import { dexiePersistence, putProject } from '#lib/storage/project-persistence.ts';
import { isSameRecording, recentRecordings, reconnect, rememberRecording } from '#lib/storage/recordings.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { persistenceContract } from '../../contract/persistence.ts';

const name = `test-${crypto.randomUUID()}`;
let database: DendroDatabase = openDatabase(name);
afterAll(() => database.delete());

async function reopenDatabase(): Promise<DendroDatabase> {
  database.close();
  database = openDatabase(name);
  return database;
}

describe('y-dexie', () => {
  persistenceContract(async () => dexiePersistence(await reopenDatabase()));

  test('what one tab flushed, another opens', async () => {
    const here = await loadIdentity(database);
    const persistence = dexiePersistence(database);
    const project = await ProjectDocument.found({ ...here, name: 'shared', persistence });
    await putProject(database, {
      id: project.id,
      name: 'shared',
      openedAt: 1,
      secret: new Uint8Array(32),
      signalling: []
    });
    const other = openDatabase(name);
    const there = await ProjectDocument.open({
      id: project.id,
      keys: here.keys,
      persistence: dexiePersistence(other)
    });
    expect(there.name).toBe('shared');
    const arrived = new Promise<void>((resolve) =>
      there.onChange(() => there.state.files.length > 0 && resolve())
    );
    await project.addFile({ name: 'a', size: 1 });
    await arrived;
    expect(there.state.files).toMatchObject([{ name: 'a' }]);
    await there.close();
    await project.close();
    other.close();
  });
});

describe('a browser without space', () => {
  test('says that a project’s change is not saved, keeps it, and saves it once there is space', async () => {
    const { keys, person } = await loadIdentity(database);
    const persistence = dexiePersistence(database);
    const project = await ProjectDocument.found({ keys, person, name: 'full', persistence });
    const allowWrites = refuseWrites(project);
    const text = 'not saved yet';
    project.view.notesOf('project').replace(0, 0, text);
    await expect(project.flush()).rejects.toMatchObject({ tag: 'storage-failed' });
    allowWrites();
    await project.addFile({ name: 'later', size: 1 });
    await project.close();
    const again = await ProjectDocument.open({
      id: project.id,
      keys,
      persistence: dexiePersistence(await reopenDatabase())
    });
    expect(again.view.notesOf('project').toString()).toBe(text);
    expect(again.state.files).toMatchObject([{ name: 'later' }]);
    await again.close();
  });
});

/** Chromium judges small IndexedDB writes by an old estimate of the quota, so the refusal is put where it would come. */
function refuseWrites({ carrier }: ProjectDocument): () => void {
  const { updatesTable } = carrier.meta as { updatesTable: string };
  const refuse = () => {
    throw new DOMException('no space', 'QuotaExceededError');
  };
  const { creating } = database.table(updatesTable).hook;
  creating.subscribe(refuse);
  return () => creating.unsubscribe(refuse);
}

describe('identity', () => {
  test('is made once, keeps its keys over a reopening, and its keys cannot be exported', async () => {
    const [a, b] = await Promise.all([loadIdentity(database), loadIdentity(database)]);
    expect(a.keys.device).toBe(b.keys.device);
    await renameIdentity(database, { name: 'Anna' });
    const again = await loadIdentity(await reopenDatabase());
    expect(again.keys.device).toBe(a.keys.device);
    expect(again.person.name).toBe('Anna');
    await expect(crypto.subtle.exportKey('pkcs8', again.keys.pairs.signing.privateKey)).rejects.toThrow();
    expect(await again.keys.sign(new Uint8Array(1))).toHaveLength(64);
    expect((await createDeviceKeys()).device).not.toBe(again.keys.device);
  });
});

describe('blobs', () => {
  const bytes = crypto.getRandomValues(new Uint8Array(50_000));

  test('are found by root once they are verified', async () => {
    const store = new BlobStore(database);
    const root = await contentRoot(memorySource(bytes));
    await store.put({ root, bytes, name: 'result.nwb', kind: 'result' });
    const file = await store.get(root);
    expect(new Uint8Array((await file?.arrayBuffer()) ?? new ArrayBuffer())).toEqual(bytes);
    expect(await store.list()).toMatchObject([{ root, size: bytes.length, name: 'result.nwb' }]);
    await store.remove(root);
    expect(await store.get(root)).toBeUndefined();
    expect(await store.list()).toEqual([]);
  });

  test('with other bytes than named are refused, and nothing of them stays', async () => {
    const store = new BlobStore(database);
    const root = await contentRoot(memorySource(bytes));
    const writer = await store.create({ root, size: bytes.length, name: 'x', kind: 'cache' });
    await writer.write(crypto.getRandomValues(new Uint8Array(bytes.length)), 0);
    await expect(writer.commit()).rejects.toMatchObject({ tag: 'root-mismatch' });
    expect(await store.get(root)).toBeUndefined();
  });

  test('half-written ones are swept away', async () => {
    const store = new BlobStore(database);
    const root = await contentRoot(memorySource(bytes));
    const writer = await store.create({ root, size: bytes.length, name: 'x', kind: 'cache' });
    await writer.write(bytes.subarray(0, 10), 0);
    await writer.abort();
    await store.sweep();
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('blobs');
    const names: string[] = [];
    for await (const entry of folder.keys()) names.push(entry);
    expect(names).toEqual([]);
  });

  test('larger than the room left are refused before anything is written', async () => {
    const { quota = 0 } = await navigator.storage.estimate();
    const root = await contentRoot(memorySource(bytes));
    const create = new BlobStore(database).create({ root, size: quota, name: 'x', kind: 'result' });
    await expect(create).rejects.toMatchObject({ tag: 'storage-full' });
  });
});

describe('recordings', () => {
  test('are listed latest first and recognised when picked again', async () => {
    const file = new File([new Uint8Array([1, 2, 3])], 'a.raw');
    const { spotHash } = await import('#lib/bytes/content-root.ts');
    const { blobSource } = await import('#lib/bytes/byte-source.ts');
    const hash = await spotHash(blobSource(file));
    const row = { name: 'a.raw', size: 3, lastModified: 0, spotHash: hash };
    await rememberRecording(database, { ...row, id: 'aa'.repeat(16) as never, openedAt: 1 });
    await rememberRecording(database, { ...row, id: 'bb'.repeat(16) as never, openedAt: 2 });
    expect((await recentRecordings(database)).map(({ openedAt }) => openedAt)).toEqual([2, 1]);
    expect(await isSameRecording(row, file)).toBe(true);
    expect(await isSameRecording(row, new File([new Uint8Array([1, 2, 4])], 'a.raw'))).toBe(false);
    expect(await reconnect(database, 'aa'.repeat(16) as never)).toEqual({ state: 'pick-again' });
  });
});

describe('leadership', () => {
  test('is one tab’s at a time and passes on', async () => {
    const order: string[] = [];
    const first = seekLeadership('p', () => order.push('first'));
    await new Promise<void>((resolve) => {
      const poll = navigator.locks.query().then(function check(state): unknown {
        if (state.held?.some((lock) => lock.name === 'dendro p')) return resolve();
        return navigator.locks.query().then(check);
      });
      void poll;
    });
    const second = new Promise<void>((resolve) => {
      const later = seekLeadership('p', () => {
        order.push('second');
        later.release();
        resolve();
      });
    });
    expect(order).toEqual(['first']);
    first.release();
    await second;
    expect(order).toEqual(['first', 'second']);
  });
});
