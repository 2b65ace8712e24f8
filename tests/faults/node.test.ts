/** The real node process: pairing, jobs, and what is left after a kill. */
import { readdirSync, readFileSync } from 'node:fs';
import { join as joinPath } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, expect, test } from 'vitest';
import { MemoryPartialFile } from '#lib/compute/partial-file.ts';
import { type TransferId } from '#lib/compute/protocol.ts';
import { isTerminal } from '#lib/project/project-state.ts';
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
  expect(readdirSync(joinPath(second.data, 'files'))).toHaveLength(2);

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
