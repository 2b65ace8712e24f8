/** Three people on machines of their own and a node, on the network of a lab that comes apart in every way. */
import { type Browser, type Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from '../certificates.ts';
import { invite, joinByLink, pair, waitForOfflineCopy } from '../e2e/app-steps.ts';
import { type NodeProcess, startNode } from '../e2e/node-process.ts';
import { bootLan, type Lan, plug } from '../e2e/second-machine.ts';

let lan: Lan;
let certificate: TestCertificate;
let node: NodeProcess;
const browsers: Browser[] = [];

beforeAll(async () => {
  lan = await bootLan(3);
  certificate = makeCertificate([`IP:${lan.here}`]);
  node = await serve();
});
afterAll(async () => {
  for (const browser of browsers) await browser.close();
  await node.stop();
  await node.remove();
  await lan.close();
  certificate.remove();
});

function serve(same: { port?: number; data?: string } = {}): Promise<NodeProcess> {
  const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
  return startNode({ args: tls, ...same });
}

/** A browser on a machine of the network. */
async function personAt(machine: number): Promise<Page> {
  const browser = await lan.machines[machine]?.launch({ trusts: [certificate.spki] });
  if (!browser) throw new Error(`there is no machine ${machine}`);
  browsers.push(browser);
  return (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
}

const cable = (machine: number, plugged: boolean): void => {
  const found = lan.machines[machine];
  if (found) plug(found, plugged);
};
const notes = (page: Page) => page.getByRole('textbox', { name: 'Notes' });
const go = (page: Page, place: string) =>
  page.getByRole('link', { name: place, exact: true }).first().click();

async function add(page: Page, text: string): Promise<void> {
  await notes(page).press('Control+End');
  await notes(page).pressSequentially(text);
}

async function expectNotes(text: string, ...pages: Page[]): Promise<void> {
  for (const page of pages) await expect.poll(() => notes(page).inputValue(), { timeout: 40_000 }).toBe(text);
}

test(
  'edits live, over days offline, by the node alone and without it reach everybody, and roles hold',
  { timeout: 240_000 },
  async () => {
    const anna = await personAt(0);
    await pair(anna, node.pairingLink);
    const editors = await invite(anna, 'Editor');
    const viewers = await invite(anna, 'Viewer');
    const bob = await personAt(1);
    await joinByLink(bob, editors, 'Bob');
    const vic = await personAt(2);
    await joinByLink(vic, viewers, 'Vic');
    await anna.getByText('Connected to 3 devices.').waitFor();
    await go(anna, 'Project');

    // Live, and the viewer cannot write.
    await add(anna, 'Anna. ');
    await expectNotes('Anna. ', bob, vic);
    await add(bob, 'Bob. ');
    await expectNotes('Anna. Bob. ', anna, vic);
    expect(await notes(vic).isDisabled()).toBe(true);

    // Bob's machine is away; both go on, and the browser is closed and opened meanwhile.
    await waitForOfflineCopy(bob);
    cable(1, false);
    await add(bob, 'On the train. ');
    await bob.getByText('Saved here').first().waitFor();
    await bob.reload();
    await expectNotes('Anna. Bob. On the train. ', bob);
    await notes(anna).press('Control+Home');
    await notes(anna).pressSequentially('In the lab. ');
    cable(1, true);
    const merged = 'In the lab. Anna. Bob. On the train. ';
    await expectNotes(merged, anna, bob, vic);

    // Nobody reaches anybody but the node, which hands on what it gets.
    lan.join(false);
    for (const page of [anna, bob, vic]) await page.reload();
    await expectNotes(merged, anna, bob, vic);
    await add(bob, 'By the node. ');
    await expectNotes(`${merged}By the node. `, anna, vic);

    // The node with its signalling is killed: those connected go on without it, and it learns of all when it is back.
    lan.join(true);
    for (const page of [anna, bob, vic]) await page.reload();
    await go(anna, 'People');
    await anna.getByText('Connected to 3 devices.').waitFor();
    await node.kill();
    await go(anna, 'Project');
    await add(anna, 'Without it. ');
    const all = `${merged}By the node. Without it. `;
    await expectNotes(all, bob, vic);
    await go(anna, 'People');
    // Its connection was cut off in the middle, and is held to be one until it has been silent for a while.
    await anna.getByText('Connected to 2 devices.').waitFor();
    node = await serve(node);
    await anna.getByText('Connected to 3 devices.').waitFor();

    // Vic is removed while away, and hears of it from the node alone.
    cable(2, false);
    await anna.getByRole('button', { name: 'Remove Vic' }).click();
    await anna.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
    await anna.getByText('Connected to 2 devices.').waitFor();
    await go(bob, 'People');
    await expect.poll(() => bob.getByText('Vic', { exact: true }).count(), { timeout: 20_000 }).toBe(0);
    await anna.goto('about:blank');
    await bob.goto('about:blank');
    cable(2, true);
    await vic.getByText('you are no longer a member').waitFor({ timeout: 60_000 });
    await expectNotes(all, vic);
  }
);
