/** The ways in which another machine comes in, in a browser without any flag: HTTPS of the node, of a proxy, of a file server. */
import { type Browser, expect, type Page, test } from '@playwright/test';
import { makeCertificate, type TestCertificate } from '../certificates.ts';
import { expectAccessible } from './accessibility.ts';
import { invite, joinByLink, pair } from './app-steps.ts';
import { type NodeProcess, startNode } from './node-process.ts';
import { startProxy } from './reverse-proxy.ts';
import { bootSecondMachine, type SecondMachine } from './second-machine.ts';
import { serveBuild } from './static-host.ts';

let machine: SecondMachine;
let certificate: TestCertificate;
let browser: Browser;
const nodes: NodeProcess[] = [];

test.beforeAll(async () => {
  machine = await bootSecondMachine();
  certificate = makeCertificate([`IP:${machine.here}`]);
  browser = await machine.launch({ trusts: [certificate.spki] });
});
test.afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
  for (const node of nodes.splice(0)) {
    await node.stop();
    await node.remove();
  }
});
test.afterAll(async () => {
  await browser.close();
  await machine.close();
  certificate.remove();
});

async function node(...args: string[]): Promise<NodeProcess> {
  const started = await startNode({ args });
  nodes.push(started);
  return started;
}

async function newPerson(): Promise<Page> {
  // What fades between themes would be judged half-way.
  return (await browser.newContext({ reducedMotion: 'reduce' })).newPage();
}

/** Somebody in a browser of the other machine pairs by the link, under the app's address `origin`. */
async function pairAt(link: string, origin: string): Promise<Page> {
  const anna = await newPerson();
  await pair(anna, `${origin}/pair${new URL(link).hash}`);
  // A file server sends no headers for it: the service worker does, from the second load on.
  await anna.waitForFunction(() => isSecureContext && crossOriginIsolated);
  await expect(anna.getByText('connected').first()).toBeVisible();
  return anna;
}

async function expectQrCode(page: Page): Promise<void> {
  await expect(page.getByRole('img', { name: /invitation link as a QR code/ })).toBeVisible();
  await expectAccessible(page);
}

test('a node with a certificate is opened by HTTPS from another machine: pairing and joining work', async () => {
  const { port, pairingLink } = await node(
    ...['--tls-cert', certificate.certFile],
    ...['--tls-key', certificate.keyFile]
  );
  const origin = `https://${machine.here}:${port}`;
  expect(new URL(pairingLink).origin).toBe(origin);
  const anna = await pairAt(pairingLink, origin);
  const invitation = await invite(anna, 'Editor', { seen: expectQrCode });
  expect(new URL(invitation).origin).toBe(origin);
  const bob = await newPerson();
  await joinByLink(bob, invitation, 'Bob');
  await bob.waitForURL(/\/p\/[0-9a-f]{64}$/);
  await bob.getByRole('textbox', { name: 'Notes' }).fill('from Bob');
  await anna.getByRole('link', { name: 'Project', exact: true }).click();
  await expect(anna.getByRole('textbox', { name: 'Notes' })).toHaveValue('from Bob');
});

test('an app on a file server pairs with a node elsewhere that allows its address, and invites from there', async () => {
  const app = await serveBuild({ isolated: false, tls: { address: machine.here, ...certificate } });
  try {
    const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
    const { port, pairingLink } = await node(...tls, '--allow-origin', app.origin);
    const anna = await pairAt(pairingLink, app.origin);
    const invitation = await invite(anna, 'Viewer');
    expect(new URL(invitation).origin).toBe(app.origin);
    // One fragment works under any address of the app.
    const bob = await newPerson();
    await joinByLink(bob, `https://${machine.here}:${port}/join${new URL(invitation).hash}`, 'Bob');
    await bob.waitForURL(/\/p\/[0-9a-f]{64}$/);
    await expect(anna.getByRole('listitem').filter({ hasText: 'Bob' }).first()).toBeVisible();
  } finally {
    await app.close();
  }
});

test('a node behind a proxy that rewrites Host is opened under its public address', async () => {
  let nodePort = 0;
  const front = await startProxy({ ...certificate, target: () => nodePort });
  try {
    const origin = `https://${machine.here}:${front.port}`;
    const { port, pairingLink } = await node('--public-url', origin);
    nodePort = port;
    expect(new URL(pairingLink).origin).toBe(origin);
    await pairAt(pairingLink, origin);
  } finally {
    await front.close();
  }
});

test('a page over plain HTTP says why nothing works there, and keeps a link usable elsewhere', async () => {
  const { port, pairingLink } = await node('--host', '0.0.0.0');
  const page = await newPerson();
  const fragment = new URL(pairingLink).hash;
  await page.goto(`http://${machine.here}:${port}/pair${fragment}`);
  await expect(page.getByRole('heading', { name: 'Open Dendro by a secure address' })).toBeVisible();
  expect(await page.evaluate(() => isSecureContext)).toBe(false);
  await expect(page.getByText(`ssh -L ${port}:localhost:${port}`)).toBeVisible();
  await expect(page.getByRole('link', { name: 'open this link at localhost' })).toHaveAttribute(
    'href',
    `http://localhost:4317/pair${fragment}`
  );
  await expect(page.getByRole('navigation')).toHaveCount(0);
  await expectAccessible(page);
});
