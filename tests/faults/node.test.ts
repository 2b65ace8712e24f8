/** The real node process: pairing, jobs, and what is left after a kill. */
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, expect, test } from 'vitest';
import { MemoryPartialFile } from '#lib/compute/partial-file.ts';
import { type TransferId } from '#lib/compute/protocol.ts';
import { seal, type SealingKey } from '#lib/identity/device-keys.ts';
import { toBase64Url, toHex } from '#lib/identity/encoding.ts';
import { randomBytes } from '#lib/identity/hash.ts';
import { type FileId, type ProjectId } from '#lib/model/ids.ts';
import { unstoredPersistence } from '#lib/project/persistence.ts';
import { ProjectDocument } from '#lib/project/project-document.ts';
import { isTerminal } from '#lib/project/project-state.ts';
import { type PairingGrant } from '#lib/sync/pairing-protocol.ts';
import { closeWebRtc } from '../../compute-node/platform/webrtc.ts';
import { startNode, type NodeOptions, type NodeProcess } from '../e2e/node-process.ts';
import { join, makeOwner, pair, secretOf, until, type Member } from './node-client.ts';

const nodes: NodeProcess[] = [];
const members: Member[] = [];
afterEach(async () => {
  for (const member of members.splice(0)) await member.close();
  for (const node of nodes.splice(0)) {
    await node.kill();
    await node.remove();
  }
});
afterAll(() => closeWebRtc());

async function start(options?: NodeOptions): Promise<NodeProcess> {
  const node = await startNode(options);
  nodes.push(node);
  return node;
}

async function pairAndJoin(node: NodeProcess) {
  const owner = await makeOwner();
  const grant = await pair(owner, node.pairingLink);
  const device = grant.node.devices[0]?.device;
  if (!device) throw new Error('the node has no device');
  const member = await join({
    owner,
    project: grant.project,
    secret: await secretOf(owner, grant),
    node: device,
    origin: node.url,
    httpBaseUrl: node.url
  });
  members.push(member);
  return { owner, grant, member };
}

test('a link pairs once: the browser becomes admin, the node steps down to compute', async () => {
  const node = await start();
  const { member, grant } = await pairAndJoin(node);
  const roles = await until(member.document, () => {
    const found = Object.fromEntries(member.document.state.members.map(({ name, role }) => [name, role]));
    return found[grant.node.name] === 'compute' && found;
  });
  expect(roles).toMatchObject({ Ada: 'admin' });
  const info = await member.client.nodeInfo();
  expect(info.processors.map(({ app, name }) => `${app}/${name}`)).toContain('dendro/sort');
  await expect(pair(await makeOwner(), node.pairingLink)).rejects.toMatchObject({ tag: 'pairing-used' });
}, 30_000);

test('a link with a wrong secret pairs nobody', async () => {
  const node = await start();
  const [address = '', fragment = ''] = node.pairingLink.split('#');
  const link = JSON.parse(Buffer.from(fragment, 'base64url').toString());
  link.secret = 'A'.repeat(22);
  const wrong = `${address}#${Buffer.from(JSON.stringify(link)).toString('base64url')}`;
  await expect(pair(await makeOwner(), wrong, 2000)).rejects.toMatchObject({
    tag: expect.stringMatching(/no-answer|refused|unreachable|candidate/)
  });
}, 30_000);

test('a second start on the same data folder prints the running node’s link and ends', async () => {
  const node = await start();
  const again = dendro('serve', '--port', String(node.port), '--data', node.data);
  expect(again.status).toBe(0);
  expect(again.stdout).toContain(`the app is at ${node.url}`);
  const link = /\S+\/pair#\S+/.exec(again.stdout)?.[0] ?? '';
  expect(link).not.toBe(node.pairingLink);
  expect(dendro('node', 'pair', '--data', node.data).stdout).toMatch(/^http:\/\/localhost:\d+\/pair#\S+\n$/);
  await expect(pair(await makeOwner(), link)).resolves.toMatchObject({ projectName: 'First project' });
}, 60_000);

test('a port that another program holds, and a folder without a node, end with the remedy', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const data = mkdtempSync(joinPath(tmpdir(), 'dendro-node-'));
  const taken = dendro('serve', '--port', String((other.address() as AddressInfo).port), '--data', data);
  other.close();
  expect([taken.status, taken.stderr]).toEqual([4, expect.stringMatching(/--port/)]);
  const nobody = dendro('node', 'pair', '--data', data);
  expect([nobody.status, nobody.stderr]).toEqual([4, expect.stringMatching(/npm start/)]);
  rmSync(data, { recursive: true });
}, 60_000);

test('a project of an owner is taken with its jobs; another’s is refused', async () => {
  const { owner, member, grant } = await pairAndJoin(await start());
  const document = await ProjectDocument.found({
    keys: owner.keys,
    persistence: unstoredPersistence,
    person: owner.person,
    name: 'Mine'
  });
  await document.membership.admit(grant.node, 'compute');
  const file = await document.addFile({ name: 'a.dat', size: 8 });
  const outputs = [{ name: 'sorting', file: toHex(randomBytes(16)) as FileId, fileName: 'a.nwb' }];
  const job = await document.submitJob(
    {
      ...{ app: 'dendro', processor: 'make-tea', version: '1', parameters: {}, seed: 0, outputs },
      inputs: [{ name: 'recording', file }],
      resources: { numCpus: 1, numGpus: 0, memoryGb: 1, timeSec: 10 }
    },
    { device: member.node }
  );
  const secret = randomBytes(32);
  const sealedSecret = toBase64Url(await seal(nodeSealingKey(grant), secret));
  const offer = { project: document.id, epoch: 0, sealedSecret };
  // As a page does that hears of changes while its first offer is still being taken.
  await Promise.all(Array.from({ length: 4 }, () => member.client.offerProject(offer)));
  const origin = originOf(grant);
  const signalling = [`${origin.replace(/^http/, 'ws')}/signal`];
  const whole = { owner, project: document.id, secret, node: member.node, origin, document, signalling };
  const joined = await join(whole);
  members.push(joined);
  const event = await until(document, () => document.job(job)?.lastEvent);
  expect(event.state).not.toBe('completed');
  await until(document, () => document.job(job)?.lastEvent?.reason?.tag === 'processor-unknown');
  expect(joined.met()).toBe(1);

  // The same, brought by a member who is no owner of the node.
  const guest = await makeOwner();
  await member.document.membership.admit(guest.person, 'editor');
  const shared = { project: grant.project, secret: await secretOf(owner, grant), node: member.node, origin };
  const other = await join({ ...shared, owner: guest });
  members.push(other);
  const refused = other.client.offerProject({ ...offer, project: 'ab'.repeat(32) as ProjectId });
  await expect(refused).rejects.toMatchObject({ tag: 'project-refused' });
}, 60_000);

function nodeSealingKey(grant: PairingGrant): SealingKey {
  const [device] = grant.node.devices;
  if (!device) throw new Error('the node has no device');
  return device.sealingKey;
}

function originOf({ signalling }: PairingGrant): string {
  return new URL((signalling[0] ?? '').replace(/^ws/, 'http')).origin;
}

function dendro(...args: string[]) {
  return spawnSync(process.execPath, ['bin/dendro.js', ...args], { encoding: 'utf8', timeout: 30_000 });
}

test('killed in mid-job, the node ends the job once, with one output and nothing left over', async () => {
  const first = await start({ demo: true });
  await first.printed(/sorting, 25 %/);
  const strayPids = jobProcesses(first.data);
  expect(strayPids.length).toBeGreaterThan(0);
  await first.kill();
  const second = await start({ demo: true, port: first.port, data: first.data });
  await second.printed(/true units/);
  const { member } = await pairAndJoin(second);
  const job = await until(member.document, () =>
    member.document.state.jobs.find(({ state }) => isTerminal(state))
  );
  expect(job.current?.events.map(({ state }) => state)).toEqual([
    'accepted',
    'queued',
    'started',
    'completed'
  ]);
  expect(job.lastEvent?.outputs).toHaveLength(1);
  const output = job.lastEvent?.outputs?.[0];
  expect(member.document.state.files.filter(({ generatedBy }) => generatedBy?.job === job.job)).toHaveLength(
    1
  );
  for (const pid of strayPids) expect(isAlive(pid)).toBe(false);
  for (const folder of ['jobs', 'temporary', 'arriving'])
    expect(readdirSync(joinPath(second.data, folder))).toEqual([]);
  // The recording, the result and the log.
  expect(readdirSync(joinPath(second.data, 'files'))).toHaveLength(3);

  const places: MemoryPartialFile[] = [];
  const root = await member.client.fetchFile({
    project: member.document.id,
    file: output?.file,
    root: output?.root,
    transfer: '0'.repeat(32) as TransferId,
    create: async (identity) => {
      const place = new MemoryPartialFile(identity);
      places.push(place);
      return place;
    }
  });
  expect(root).toBe(output?.root);
  expect(places[0]?.committed?.bytes.byteLength).toBe(output?.size);
}, 180_000);

/** Process ids of running jobs, as the node's queue has them. */
function jobProcesses(data: string): number[] {
  const database = new DatabaseSync(joinPath(data, 'queue.sqlite'), { readOnly: true });
  const rows = database.prepare('SELECT pid FROM attempts WHERE pid IS NOT NULL').all();
  database.close();
  return rows.map(({ pid }) => Number(pid));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
