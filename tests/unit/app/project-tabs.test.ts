import { afterEach, expect, it } from 'vitest';
import { ProjectTabs, type TabLead } from '#lib/app/project-tabs.svelte.ts';
import { type ConnectionState, type Errand } from '#lib/app/tab-messages.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type DeviceId, type FileId, type JobId, type ProjectId } from '#lib/model/ids.ts';

const device = 'ab'.repeat(32) as DeviceId;
const file = 'cd'.repeat(16) as FileId;
const job = 'ef'.repeat(16) as JobId;
const state: ConnectionState = {
  status: { state: 'connected', devices: 1 },
  presence: [],
  devices: [device],
  nodes: [{ device, carrier: 'loopback', info: undefined }]
};
let projects = 0;
const opened: ProjectTabs[] = [];
afterEach(() => {
  for (const tabs of opened.splice(0)) tabs.close();
});

/** A project's id that no other test uses. */
function freshProject(): ProjectId {
  return (++projects).toString(16).padStart(64, '0') as ProjectId;
}

function leadWith(run: TabLead['run']): TabLead {
  return {
    connection: {
      state,
      showPlace: () => undefined,
      isConnected: (known) => known === device,
      linkTo: () => undefined,
      recordChanged: () => undefined
    },
    run
  };
}
const leadIdle = leadWith(async () => undefined);

/** A tab, and the next thing that it sees of another's connections. */
function openTab(project: ProjectId) {
  let next = Promise.withResolvers<ConnectionState | undefined>();
  const tabs = new ProjectTabs(project, (seen) => {
    next.resolve(seen);
    next = Promise.withResolvers();
  });
  opened.push(tabs);
  return { tabs, seen: () => next.promise };
}

it('a tab that is opened later sees what the leading one is connected to, and its progress', async () => {
  const project = freshProject();
  const first = openTab(project);
  first.tabs.lead(leadIdle);
  first.tabs.live.takeProgress({ project, job, stage: 'detect', overall: 0.5 });
  first.tabs.live.takeConsole({ job, firstLine: 0, lines: ['begun'] });
  const second = openTab(project);
  expect(await second.seen()).toEqual(state);
  expect(second.tabs.isConnected(device)).toBe(true);
  expect(second.tabs.seesNode(device)).toBe(true);
  await expect.poll(() => second.tabs.live.progressOf(job)?.overall).toBe(0.5);
  await expect.poll(() => second.tabs.live.consoleOf(job)?.lines).toEqual(['begun']);
});

it('what streams to the leading tab reaches the others', async () => {
  const project = freshProject();
  const [first, second] = [openTab(project), openTab(project)];
  const seen = second.seen();
  first.tabs.lead(leadIdle);
  await seen;
  first.tabs.live.countTransfer('sending', file, { bytesDone: 3, bytesTotal: 10 });
  await expect.poll(() => second.tabs.live.sendingOf(file)?.doneBytes).toBe(3);
  first.tabs.live.endTransfer('sending', file);
  await expect.poll(() => second.tabs.live.sendingOf(file)).toBeUndefined();
});

it('the leading tab runs errands of the others, and says why one failed', async () => {
  const project = freshProject();
  const ran: Errand[] = [];
  const [first, second] = [openTab(project), openTab(project)];
  const seen = second.seen();
  first.tabs.lead(
    leadWith(async (errand) => {
      ran.push(errand);
      if (errand.kind === 'fetch-result') throw new TaggedError('storage-full', 'no room', { bytes: 5 });
      return [{ share: 'data', path: 'a.nwb' }];
    })
  );
  await seen;
  expect(await second.tabs.ask({ kind: 'find-shared', file, device })).toEqual([
    { share: 'data', path: 'a.nwb' }
  ]);
  await expect(second.tabs.ask({ kind: 'fetch-result', file })).rejects.toMatchObject({
    tag: 'storage-full',
    details: { bytes: 5 }
  });
  expect(ran.map(({ kind }) => kind)).toEqual(['find-shared', 'fetch-result']);
});

it('an errand fails when the leading tab goes, and nothing is seen any more', async () => {
  const project = freshProject();
  const [first, second] = [openTab(project), openTab(project)];
  const seen = second.seen();
  const begun = Promise.withResolvers<undefined>();
  first.tabs.lead(
    leadWith(() => {
      begun.resolve(undefined);
      return new Promise(() => undefined);
    })
  );
  await seen;
  const asked = second.tabs.ask({ kind: 'fetch-result', file });
  const failed = expect(asked).rejects.toMatchObject({ tag: 'connection-lost' });
  await begun.promise;
  first.tabs.close();
  await failed;
  expect(second.tabs.isConnected(device)).toBe(false);
});

it('an errand fails when the leading tab was killed and the one that asked takes over', async () => {
  const project = freshProject();
  const [first, second] = [openTab(project), openTab(project)];
  const seen = second.seen();
  first.tabs.lead(leadWith(() => new Promise(() => undefined)));
  await seen;
  const failed = expect(second.tabs.ask({ kind: 'fetch-result', file })).rejects.toMatchObject({
    tag: 'connection-lost'
  });
  second.tabs.lead(leadIdle);
  await failed;
  expect(second.tabs.seesNode(device)).toBe(false);
  expect(second.tabs.isConnected(device)).toBe(true);
});

it('messages that are none are passed over', async () => {
  const project = freshProject();
  const { tabs, seen } = openTab(project);
  const stranger = new BroadcastChannel(`dendro:project:${project}`);
  for (const message of [
    null,
    'state',
    { kind: 'state', leader: 'me', state },
    { kind: 'state', leader: crypto.randomUUID(), state: { ...state, devices: ['zz'] } },
    { kind: 'live', leader: crypto.randomUUID(), news: { kind: 'progress', progress: { job } } }
  ])
    stranger.postMessage(message);
  stranger.postMessage({ kind: 'state', leader: crypto.randomUUID(), state });
  expect(await seen()).toEqual(state);
  expect(tabs.live.progressOf(job)).toBeUndefined();
  stranger.close();
});
