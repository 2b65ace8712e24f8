/** Jobs of a paired member on the real node process: dropped transfers, cancelling, hostile inputs, a full disk. */
import { spawnSync } from 'node:child_process';
import { randomFillSync } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { contentRoot } from '#lib/bytes/content-root.ts';
import { type ServedFile } from '#lib/compute/file-exchange.ts';
import { toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, type FileId, type JobId, type PersonId, type ProjectId } from '#lib/model/ids.ts';
import { type JobDefinition, type JobEvent, type RecordingSelection } from '#lib/model/processor.ts';
import { type NewFile, type ProjectDocument } from '#lib/project/project-document.ts';
import { isTerminal } from '#lib/project/project-state.ts';
import { engineProcessor } from '#lib/sorting/parameters.ts';
import { closeWebRtc } from '../../compute-node/platform/webrtc.ts';
import { type NodeOptions, type NodeProcess, startNode } from '../e2e/node-process.ts';
import { join, type JoinOptions, makeOwner, type Member, pair, secretOf, until } from './node-client.ts';

const mebibyte = 1024 * 1024;
const channelCount = 32;
const selection: RecordingSelection = {
  format: 'raw',
  samplingRateHz: 30_000,
  channelCount,
  dtype: 'int16',
  offsetBytes: 0,
  gainUv: 0.2,
  offsetUv: 0
};

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
afterAll(() => closeWebRtc());

function temporaryFolder(): string {
  const folder = mkdtempSync(joinPath(tmpdir(), 'dendro-jobs-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function start(options?: NodeOptions): Promise<NodeProcess> {
  const node = await startNode(options);
  cleanups.push(async () => {
    await node.kill();
    await node.remove();
  });
  return node;
}

interface Paired {
  /** Opens another connection, over which inputs are served as given. */
  connect(more?: Partial<JoinOptions>): Promise<Member>;
  node: DeviceId;
}

async function pairWith(node: NodeProcess): Promise<Paired> {
  const owner = await makeOwner();
  const grant = await pair(owner, node.pairingLink);
  const device = grant.node.devices[0]?.device as DeviceId;
  const secret = await secretOf(owner, grant);
  let document: ProjectDocument | undefined;
  return {
    node: device,
    async connect(more) {
      const shared = { owner, project: grant.project, secret, node: device, origin: node.url };
      const member = await join({ ...shared, ...(document && { document }), ...more });
      document = member.document;
      await until(member.document, () => member.document.can('edit'));
      cleanups.push(() => member.close());
      return member;
    }
  };
}

function sortOf(file: FileId, changes: Partial<JobDefinition> = {}): JobDefinition {
  return {
    app: 'dendro',
    processor: 'sort',
    version: engineProcessor.version,
    inputs: [{ name: 'recording', file, selection }],
    outputs: [{ name: 'sorting', file: toHex(randomBytes(16)) as FileId, fileName: 'sorted.nwb' }],
    parameters: {},
    seed: 0,
    resources: engineProcessor.resources,
    ...changes
  };
}

async function submit(
  { document }: Member,
  file: NewFile,
  { node, changes }: { node: DeviceId; changes?: Partial<JobDefinition> }
): Promise<JobId> {
  return document.submitJob(sortOf(await document.addFile(file), changes), { device: node });
}

function eventOf({ document }: Member, job: JobId, wanted: (event: JobEvent) => boolean): Promise<JobEvent> {
  return until(document, () => document.job(job)?.current?.events.find(wanted));
}

const terminal = (event: JobEvent) => isTerminal(event.state);
const started = (event: JobEvent) => event.state === 'started';

function served(bytes: Uint8Array, lastModified = 1): ServedFile {
  return { source: memorySource(bytes), identity: { size: bytes.byteLength, lastModified } };
}

test.each(['http', 'channel'])(
  'a recording of 64 MiB whose connection drops after half arrives over %s with at most 8 MiB sent again',
  async (carrier) => {
    const node = await start();
    const paired = await pairWith(node);
    const bytes = randomFillSync(new Uint8Array(64 * mebibyte));
    const half = Promise.withResolvers<undefined>();
    const over = {
      openFile: async () => served(bytes),
      ...(carrier === 'http' && { httpBaseUrl: node.url })
    };
    const first = await paired.connect({
      ...over,
      onSending: (_file, { bytesDone, bytesTotal }) => {
        if (bytesDone >= bytesTotal / 2) half.resolve(undefined);
      }
    });
    const job = await submit(
      first,
      { name: 'noise.dat', size: bytes.byteLength, selection },
      { node: paired.node }
    );
    await half.promise;
    await first.close();

    const second = await paired.connect(over);
    const { inputs } = await eventOf(second, job, started);
    expect(inputs?.[0]?.root).toBe(await contentRoot(memorySource(bytes)));
    const sent = first.client.bytesSent + second.client.bytesSent;
    expect(second.client.bytesSent).toBeGreaterThan(0);
    expect(sent - bytes.byteLength).toBeLessThanOrEqual(8 * mebibyte);

    await second.document.cancelJob(job);
    expect(await eventOf(second, job, terminal)).toMatchObject({ state: 'cancelled' });
    const arriving = readdirSync(joinPath(node.data, 'arriving'));
    expect(arriving).toEqual([]);
  },
  60_000
);

test('a job whose recording changed between two connections fails and says so', async () => {
  const node = await start();
  const paired = await pairWith(node);
  const bytes = randomFillSync(new Uint8Array(16 * mebibyte));
  const begun = Promise.withResolvers<undefined>();
  const first = await paired.connect({
    openFile: async () => served(bytes, 1),
    onSending: () => begun.resolve(undefined)
  });
  const job = await submit(
    first,
    { name: 'noise.dat', size: bytes.byteLength, selection },
    { node: paired.node }
  );
  await begun.promise;
  await first.close();
  const second = await paired.connect({ openFile: async () => served(bytes, 2) });
  const event = await eventOf(second, job, terminal);
  expect(event).toMatchObject({ state: 'failed', reason: { tag: 'file-changed' } });
  expect(readdirSync(joinPath(node.data, 'arriving'))).toEqual([]);
}, 60_000);

test('a running job is cancelled: its process ends and the node goes on', async () => {
  const share = temporaryFolder();
  writeFileSync(joinPath(share, 'noise.dat'), randomFillSync(new Uint8Array(32 * mebibyte)));
  const node = await start({ args: ['--share', `lab=${share}`] });
  const paired = await pairWith(node);
  const member = await paired.connect();
  expect(await member.client.listShare('lab', '')).toEqual([
    { name: 'noise.dat', kind: 'file', size: 32 * mebibyte }
  ]);
  const job = await submit(member, inShare(paired.node, 'noise.dat'), { node: paired.node });
  const running = Promise.withResolvers<undefined>();
  await member.client.watchJob(member.document.id, job, {
    onProgress: ({ overall }) => overall !== undefined && running.resolve(undefined)
  });
  await running.promise;
  await member.document.cancelJob(job);
  expect(await eventOf(member, job, terminal)).toMatchObject({ state: 'cancelled' });
  expect(readdirSync(joinPath(node.data, 'jobs'))).toEqual([]);
  expect(await member.client.nodeInfo()).toMatchObject({ state: 'idle', running: 0 });
}, 60_000);

/** A member whose long job runs on the node. */
async function atWork() {
  const share = temporaryFolder();
  writeFileSync(joinPath(share, 'noise.dat'), randomFillSync(new Uint8Array(32 * mebibyte)));
  const process = await start({ args: ['--share', `lab=${share}`] });
  const { node, connect } = await pairWith(process);
  const { document, client } = await connect();
  const file = await document.addFile(inShare(node, 'noise.dat'));
  const job = await document.submitJob(sortOf(file), { device: node });
  await until(document, () => document.job(job)?.current?.events.find(started));
  return { document, client, file, job, node };
}

test('a job that is deleted while it runs ends, and a restored one says so', async () => {
  const { document, client, file, job } = await atWork();
  const deletion = await document.delete({ kind: 'file', id: file });
  await until(document, () => document.state.deleted.jobs[0]?.current?.events.find(terminal));
  expect(await client.nodeInfo()).toMatchObject({ state: 'idle', running: 0 });
  await document.restore([deletion]);
  expect(document.job(job)).toMatchObject({
    state: 'cancelled',
    lastEvent: { reason: { tag: 'cancelled', message: 'The job was deleted.' } }
  });
}, 60_000);

test('a project that is deleted for everybody ends its jobs, and runs them again once that is taken back', async () => {
  const { document, client, job, node } = await atWork();
  await document.whole.delete();
  const ended = await until(document, () => document.job(job)?.current?.events.find(terminal));
  expect(ended).toMatchObject({ state: 'cancelled', reason: { message: 'The project was deleted.' } });
  expect(await client.nodeInfo()).toMatchObject({ state: 'idle', running: 0 });
  await expect(document.addFile({ name: 'late.dat', size: 1 })).rejects.toMatchObject({
    tag: 'project-deleted'
  });
  await document.whole.restore();
  await document.assignJob(job, 2, node);
  await until(document, () => document.job(job)?.current?.events.find(started));
  await document.cancelJob(job);
  await until(document, () => document.job(job)?.current?.events.find(terminal));
}, 60_000);

test('what was deleted keeps its bytes on the node until an admin frees them', async () => {
  const node = await start();
  const paired = await pairWith(node);
  const bytes = new Uint8Array(randomFillSync(new Uint8Array(mebibyte)));
  const member = await paired.connect({ openFile: async () => served(bytes) });
  const { document, client } = member;
  const kept = await document.addFile({ name: 'kept.dat', size: mebibyte, selection });
  const jobs: JobId[] = [];
  for (const _ of [1, 2]) {
    const job = await document.submitJob(sortOf(kept), { device: paired.node });
    expect(await eventOf(member, job, terminal)).toMatchObject({ state: 'completed' });
    jobs.push(job);
  }
  const project = document.id;
  expect(await client.unneededFiles(project)).toEqual({ files: 0, bytes: 0 });
  const results = jobs.map(
    (id) => document.state.files.find(({ generatedBy }) => generatedBy?.job === id)?.root
  );
  const deletion = await document.delete({ kind: 'job', id: jobs[0] as JobId });
  const stored = () => readdirSync(joinPath(node.data, 'files'));
  const before = stored();
  await expect.poll(async () => (await client.unneededFiles(project)).files).toBeGreaterThan(0);
  expect(stored()).toEqual(before);
  expect(before).toEqual(expect.arrayContaining(results));
  const unneeded = await client.unneededFiles(project);
  expect(await client.freeSpace(project)).toEqual(unneeded);
  // Its result, and what it printed unless the other printed the same.
  expect([1, 2]).toContain(unneeded.files);
  expect(unneeded.bytes).toBeGreaterThan(1000);
  expect(stored()).toHaveLength(before.length - unneeded.files);
  expect(results.map((root) => stored().includes(String(root)))).toEqual([false, true]);
  await document.restore([deletion]);
  expect(document.job(jobs[0] as JobId)?.state).toBe('completed');

  await document.whole.delete();
  await expect.poll(async () => (await client.unneededFiles(project)).files).toBeGreaterThan(0);
  const { stdout, status } = freeAt(node);
  expect({ stdout, status }).toMatchObject({
    stdout: expect.stringMatching(/^Freed .+: 3 files of what was deleted/),
    status: 0
  });
  expect(stored()).toEqual([]);
  expect(freeAt(node).stdout).toMatch(/^Nothing to free/);
}, 60_000);

test('only an admin frees space on the node', async () => {
  const node = await start();
  const paired = await pairWith(node);
  const { document, client } = await paired.connect();
  const free = (project: ProjectId) => client.freeSpace(project).catch(({ tag }: TaggedError) => tag);
  expect(await free(document.id)).toEqual({ files: 0, bytes: 0 });
  expect(await free('0'.repeat(64) as ProjectId)).toBe('not-allowed');
  await document.membership.admit((await makeOwner()).person, 'admin');
  await document.membership.setRole(document.person as PersonId, 'editor');
  await expect.poll(() => free(document.id)).toBe('not-allowed');
  expect(await client.unneededFiles(document.id)).toEqual({ files: 0, bytes: 0 });
}, 60_000);

function freeAt({ data }: NodeProcess) {
  const args = ['bin/dendro.js', 'node', 'free', '--data', data];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

function inShare(device: DeviceId, path: string, size = 32 * mebibyte): NewFile {
  return { name: 'noise.dat', size, selection, share: { device, share: 'lab', path } };
}

test('a job cannot reach outside a shared folder: by ‘..’, an absolute path, or a link', async () => {
  const outside = temporaryFolder();
  writeFileSync(joinPath(outside, 'secret.dat'), randomFillSync(new Uint8Array(mebibyte)));
  const share = joinPath(outside, 'lab');
  mkdirSync(share);
  symlinkSync(joinPath(outside, 'secret.dat'), joinPath(share, 'link.dat'));
  symlinkSync(outside, joinPath(share, 'up'));
  const paired = await pairWith(await start({ args: ['--share', share] }));
  const member = await paired.connect();
  const secret = joinPath(outside, 'secret.dat');
  for (const path of ['../secret.dat', secret, 'link.dat', 'up/secret.dat']) {
    const job = await submit(member, inShare(paired.node, path, mebibyte), { node: paired.node });
    const event = await eventOf(member, job, terminal);
    expect(event, path).toMatchObject({ state: 'failed', reason: { tag: 'path-refused' } });
  }
  await expect(member.client.listShare('lab', '..')).rejects.toMatchObject({ tag: 'path-refused' });
  expect(await member.client.listShare('lab', '')).toEqual([]);
  const gone = await submit(member, inShare(paired.node, 'gone.dat'), { node: paired.node });
  expect(await eventOf(member, gone, terminal)).toMatchObject({ reason: { tag: 'file-missing' } });
}, 60_000);

test('what a node cannot run fails with the reason, and a raw file of a wrong size too', async () => {
  const share = temporaryFolder();
  writeFileSync(joinPath(share, 'odd.dat'), new Uint8Array(mebibyte + 1));
  const paired = await pairWith(await start({ args: ['--share', `lab=${share}`] }));
  const member = await paired.connect();
  const file = inShare(paired.node, 'odd.dat', mebibyte + 1);
  const reasonOf = async (changes?: Partial<JobDefinition>) => {
    const job = await submit(member, file, { node: paired.node, ...(changes && { changes }) });
    const event = await eventOf(member, job, terminal);
    expect(event.state).toBe('failed');
    return event.reason;
  };
  expect(await reasonOf({ processor: 'make-tea' })).toMatchObject({ tag: 'processor-unknown' });
  expect(await reasonOf({ version: '99.0.0' })).toMatchObject({ tag: 'processor-version' });
  expect(await reasonOf({ parameters: { bandLowHz: -1 } })).toMatchObject({ tag: 'parameter-invalid' });
  expect((await reasonOf())?.message).toMatch(/channels|size|whole/i);
}, 60_000);

test('an HDF5 file that points at a secret fails its job, and the secret shows nowhere', async () => {
  const share = temporaryFolder();
  const secret = 'the lab keeps this to itself';
  writeFileSync(joinPath(share, 'secret.txt'), secret.repeat(10_000));
  const names = ['external-storage.nwb', 'external-link-behind-soft-link.nwb', 'virtual.nwb'];
  for (const name of names) copyFileSync(`tests/fixtures/formats/${name}`, joinPath(share, name));
  const node = await start({ args: ['--share', `lab=${share}`] });
  const paired = await pairWith(node);
  const member = await paired.connect();
  for (const name of names) {
    const nwb: RecordingSelection = { format: 'nwb', seriesPath: '/acquisition/es' };
    const size = statSync(joinPath(share, name)).size;
    const file = { ...inShare(paired.node, name, size), name, selection: nwb };
    const id = await member.document.addFile(file);
    const inputs = [{ name: 'recording', file: id, selection: nwb }];
    const job = await member.document.submitJob(sortOf(id, { inputs }), { device: paired.node });
    const event = await eventOf(member, job, terminal);
    expect(event, name).toMatchObject({
      state: 'failed',
      reason: { tag: expect.stringMatching(/^hdf5-external|^nwb-/) }
    });
    expect(JSON.stringify(event)).not.toContain(secret);
  }
  expect(node.output()).not.toContain(secret);
  expect(readdirSync(joinPath(node.data, 'jobs'))).toEqual([]);
}, 120_000);

test('a full disk fails the job in words, leaves nothing behind, and the node goes on', async (context) => {
  const data = temporaryFolder();
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=60m,mode=700', 'tmpfs', data]);
  if (mounted.status !== 0) context.skip('this machine does not let the test mount a small disk');
  cleanups.push(() => void spawnSync('umount', [data]));
  const node = await startNode({ data });
  cleanups.push(() => node.kill());
  const paired = await pairWith(node);
  const bytes = new Uint8Array(64 * mebibyte);
  const member = await paired.connect({ openFile: async () => served(bytes) });
  const job = await submit(
    member,
    { name: 'noise.dat', size: bytes.byteLength, selection },
    { node: paired.node }
  );
  const event = await eventOf(member, job, terminal);
  expect(event).toMatchObject({ state: 'failed', reason: { tag: 'disk-full' } });
  expect(readdirSync(joinPath(data, 'arriving'))).toEqual([]);
  expect(await member.client.nodeInfo()).toMatchObject({ state: 'idle' });
}, 60_000);
