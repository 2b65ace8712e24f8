/** A network that lets nothing through but a relay: coturn between a browser on another machine and the node. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { makeCertificate, type TestCertificate } from '../certificates.ts';
import { type NodeProcess, startNode } from '../e2e/node-process.ts';
import { bootSecondMachine, type SecondMachine } from '../e2e/second-machine.ts';
import { blockUdpFrom } from './packet-loss.ts';

const relayPort = 3478;
/** Of relayed addresses: above those that the system gives to programs. */
const relayedPorts = { least: 61_000, most: 61_100 };
const user = { username: 'anna', credential: 'pass-word:1' };
let machine: SecondMachine;
let certificate: TestCertificate;
let browser: Browser;
let relay: ChildProcess;
let node: NodeProcess | undefined;
const folder = mkdtempSync(join(tmpdir(), 'dendro-turn-'));

beforeAll(async () => {
  machine = await bootSecondMachine();
  certificate = makeCertificate([`IP:${machine.here}`]);
  browser = await machine.launch({ trusts: [certificate.spki] });
  relay = await startRelay(machine.here);
});
afterEach(async () => {
  blockUdpFrom(undefined);
  for (const context of browser.contexts()) await context.close();
  await node?.stop();
  await node?.remove();
});
afterAll(async () => {
  relay.kill('SIGKILL');
  await browser.close();
  await machine.close();
  certificate.remove();
  rmSync(folder, { recursive: true });
});

async function startRelay(address: string): Promise<ChildProcess> {
  const child = spawn(
    'turnserver',
    [
      ...['-n', '--listening-ip', address, '--relay-ip', address, '--listening-port', String(relayPort)],
      ...['--min-port', String(relayedPorts.least), '--max-port', String(relayedPorts.most)],
      ...['--lt-cred-mech', '--user', `${user.username}:${user.credential}`, '--realm', 'lab.example'],
      ...['--no-tls', '--no-dtls', '--no-cli', '--log-file', 'stdout', '--simple-log', '--pidfile', '']
    ],
    { cwd: folder, stdio: 'ignore' }
  );
  await answersAt(address);
  return child;
}

/** Resolves when a STUN server answers a binding request (RFC 8489). */
async function answersAt(address: string): Promise<void> {
  const request = Buffer.concat([Buffer.from('000100002112a442', 'hex'), randomBytes(12)]);
  const socket = createSocket('udp4');
  const ask = setInterval(() => socket.send(request, relayPort, address), 50);
  await once(socket, 'message');
  clearInterval(ask);
  socket.close();
}

function serve(...args: string[]): Promise<NodeProcess> {
  const tls = ['--tls-cert', certificate.certFile, '--tls-key', certificate.keyFile];
  return startNode({ args: [...tls, ...args] });
}

/** A page whose connections can be asked which way they go. */
async function newPage(): Promise<Page> {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  await context.addInitScript(() => {
    const made: RTCPeerConnection[] = [];
    Object.assign(globalThis, { made });
    globalThis.RTCPeerConnection = class extends RTCPeerConnection {
      constructor(configuration?: RTCConfiguration) {
        super(configuration);
        made.push(this);
      }
    };
  });
  return context.newPage();
}

interface Way {
  own: string;
  port: number;
}

/** By what candidates the connections go, as this browser tells them: kinds of its own, ports of the node's. */
async function ways(page: Page): Promise<Way[]> {
  let found: Way[] = [];
  // The connection that paired is closed while the project's own is made.
  await expect.poll(async () => (found = await waysNow(page)).length, { timeout: 20_000 }).toBeGreaterThan(0);
  return found;
}

function waysNow(page: Page): Promise<Way[]> {
  return page.evaluate(async () => {
    const made = (globalThis as unknown as { made: RTCPeerConnection[] }).made;
    const found: Way[] = [];
    for (const pc of made.filter(({ connectionState }) => connectionState === 'connected')) {
      const stats = await pc.getStats();
      for (const report of stats.values())
        if (report.type === 'candidate-pair' && report.nominated && report.state === 'succeeded')
          found.push({
            own: String(stats.get(report.localCandidateId)?.candidateType),
            port: Number(stats.get(report.remoteCandidateId)?.port)
          });
    }
    return found;
  });
}

async function pair(page: Page, link: string): Promise<void> {
  await page.goto(link);
  await page.waitForURL(/\/p\/[0-9a-f]{64}$/, { timeout: 40_000 });
  await page.getByText('connected').first().waitFor();
}

async function freshLink({ data }: NodeProcess): Promise<string> {
  const args = ['bin/dendro.js', 'node', 'pair', '--data', data];
  return execFileSync(process.execPath, args, { encoding: 'utf8' }).trim();
}

/** As a person types it in; not saved yet. */
async function enterRelay(page: Page, { pairingLink }: NodeProcess): Promise<void> {
  await page.goto(`${new URL(pairingLink).origin}/me`);
  await page.getByRole('button', { name: 'Add a server' }).click();
  await page.getByLabel('Address').fill(`turn:${machine.here}:${relayPort}`);
  await page.getByLabel('User name').fill(user.username);
  await page.getByLabel('Password').fill(user.credential);
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Saved. Connections are made anew.').waitFor();
}

test('where only a relay gets through, its settings are tried, kept on this device, and connect', async () => {
  node = await serve();
  blockUdpFrom({ link: machine.link, except: String(relayPort) });
  const page = await newPage();
  await page.goto(node.pairingLink);
  // Without a relay the app says which step failed, and what to set.
  await page.getByText('no network path to it was found').first().waitFor({ timeout: 60_000 });
  await page.getByText('relay (TURN) server').waitFor();

  await enterRelay(page, node);
  await page.getByLabel('Password').fill('wrong');
  await page.getByRole('button', { name: 'Try server 1' }).click();
  await page.getByText('refuses the user name or password').waitFor();
  await page.getByLabel('Password').fill(user.credential);
  await page.getByRole('button', { name: 'Try server 1' }).click();
  await page.getByText('It answers and lets this device in.').waitFor();
  await page.getByLabel('Connect through a relay only').check();
  await save(page);

  await pair(page, await freshLink(node));
  const found = await ways(page);
  expect(found.every(({ own }) => own === 'relay')).toBe(true);
  // Kept for the next visit, and nowhere in the project.
  await page.goto(`${new URL(node.pairingLink).origin}/me`);
  expect(await page.getByLabel('Address').inputValue()).toBe(`turn:${machine.here}:${relayPort}`);
});

test('a node that nothing reaches directly is reached by the relay that it names', async () => {
  const file = join(folder, 'ice.json');
  const servers = [{ url: `turn:${machine.here}:${relayPort}?transport=udp`, ...user }];
  writeFileSync(file, JSON.stringify({ servers }));
  node = await serve('--ice-servers', file);
  const { least, most } = relayedPorts;
  blockUdpFrom({ link: machine.link, except: `{ ${relayPort}, ${least}-${most} }` });
  const page = await newPage();
  // The relay lets in whom the node knows the address of: the browser learns its own by STUN.
  await page.goto(`${new URL(node.pairingLink).origin}/me`);
  await page.getByRole('button', { name: 'Add a server' }).click();
  await page.getByLabel('Address').fill(`stun:${machine.here}:${relayPort}`);
  await save(page);
  await pair(page, node.pairingLink);
  const found = await ways(page);
  expect(found.every(({ port }) => port >= least && port <= most)).toBe(true);
});
