/**
 * Forced reconnects among two nodes and a page while 1 % of packets are lost and somebody writes garbage into the room:
 * every peer must be connected to every other again, and its entries must arrive, within 5 s.
 */
import { chromium, type Page } from 'playwright';
import { parseArgs } from 'node:util';
import { closeWebRtc, nodeRtc } from '../../compute-node/platform/webrtc.ts';
import { toHex } from '../../src/lib/identity/encoding.ts';
import { randomBytes } from '../../src/lib/identity/hash.ts';
import { projectRoom } from '../../src/lib/identity/rooms.ts';
import { type Signal, SignalCipher } from '../../src/lib/peer/signal-cipher.ts';
import { SignallingClient } from '../../src/lib/peer/signalling-client.ts';
import { chromiumLaunch } from '../chromium.ts';
import { peerPage } from '../peers/serve-page.ts';
import { openDoors, type TestDoors } from '../peers/signalling-for-tests.ts';
import { append, entriesArrive, type Session, startSession } from '../peers/test-project.ts';
import { losePackets, lostPackets } from './packet-loss.ts';

const stuckAfterMs = 5000;
const giveUpAfterMs = 30_000;

const { values } = parseArgs({ options: { rounds: { type: 'string', default: '20' } } });
const rounds = Number(values.rounds);

const door = await openDoors({ page: await peerPage() });
const secret = randomBytes(32);
const shared = { secret, signalling: [door.signalling], rtc: nodeRtc() };
losePackets(10);
const browser = await chromium.launch(chromiumLaunch);
const page = await browser.newPage();
await page.goto(`http://localhost:${door.port}/`);
await page.waitForFunction(() => 'peerPage' in globalThis);
const options = { secret: [...secret], signalling: [door.signalling] };
const { writer: pageWriter } = await page.evaluate((given) => globalThis.peerPage.start(given), options);
const nodes = [await startCounted(), await startCounted()];
const garbage = await startGarbage(door, secret);

interface Counted {
  session: Session;
  /** Connections ever made by this node. */
  made: number;
}

async function startCounted(): Promise<Counted> {
  const counted: Counted = { session: await startSession(shared), made: 0 };
  count(counted);
  return counted;
}

function count(counted: Counted): void {
  counted.session.sync.onConnection(() => (counted.made += 1));
}

async function restart(counted: Counted): Promise<void> {
  const { sync, carrier, identity } = counted.session;
  await sync.stop();
  counted.session = await startSession({ ...shared, carrier, identity });
  count(counted);
}

/** The ways in which a peer drops its connections; each makes two new ones for it and one for each other. */
const drops: { name: string; dropper: number; drop: (page: Page) => Promise<void> }[] = [
  { name: 'node closes', dropper: 0, drop: () => closeAll(nodes[0]) },
  { name: 'page closes', dropper: 2, drop: (it) => it.evaluate(() => globalThis.peerPage.closeAll()) },
  { name: 'node restarts', dropper: 1, drop: () => (nodes[1] ? restart(nodes[1]) : Promise.resolve()) },
  {
    name: 'page restarts',
    dropper: 2,
    drop: (it) =>
      it.evaluate(async (given) => {
        await globalThis.peerPage.stop();
        await globalThis.peerPage.start(given);
      }, options)
  }
];

function closeAll(counted: Counted | undefined): Promise<void> {
  for (const connection of counted?.session.sync.connections ?? []) connection.close();
  return Promise.resolve();
}

async function madeByAll(): Promise<number[]> {
  return [...nodes.map(({ made }) => made), await page.evaluate(() => globalThis.peerPage.made())];
}

/** Resolves when every peer has made the connections that it should, and has two. */
async function meshed(expected: number[]): Promise<void> {
  const pageMeshed = page.evaluate((made) => globalThis.peerPage.reach(made, 2), expected[2] ?? 0);
  await Promise.all([
    pageMeshed,
    ...nodes.map(
      (counted, i) =>
        new Promise<void>((resolve) => {
          // A connection that takes an older one's place does not change the status.
          const { sync } = counted.session;
          const check = () => {
            if (counted.made >= (expected[i] ?? 0) && sync.connections.length === 2) resolve();
          };
          sync.onStatus(check);
          sync.onConnection(() => queueMicrotask(check));
        })
    )
  ]);
}

let written = 0;
/** Each peer writes an entry; resolves when all have all. */
async function exchange(): Promise<void> {
  written += 1;
  for (const { session } of nodes) append(session, randomBytes(200));
  await page.evaluate(() => globalThis.peerPage.append(1, 200));
  const arrivals = nodes.flatMap(({ session }) => [
    page.evaluate((it) => globalThis.peerPage.arrive(it.writer, it.count), {
      writer: session.identity.writer,
      count: written
    }),
    entriesArrive(session.carrier, pageWriter, written),
    ...nodes.map((other) => entriesArrive(session.carrier, other.session.identity.writer, written))
  ]);
  await Promise.all(arrivals);
}

async function within(promise: Promise<void>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), giveUpAfterMs)));
  const inTime = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return inTime;
}

await meshed([2, 2, 2]);
await exchange();
const times: number[] = [];
const lost: string[] = [];
for (let round = 0; round < rounds; round++) {
  const kind = drops[round % drops.length];
  if (!kind) continue;
  const before = await madeByAll();
  const started = performance.now();
  await kind.drop(page);
  garbage.write();
  const expected = before.map((made, i) => made + (i === kind.dropper ? 2 : 1));
  const done = await within(meshed(expected).then(exchange));
  const took = performance.now() - started;
  times.push(took);
  if (!done || took > stuckAfterMs) {
    lost.push(
      `${kind.name} (round ${round}): ${Math.round(took)} ms, made ${String(await madeByAll())} of ${String(expected)}`
    );
    if (!done) break;
  }
}

times.sort((a, b) => a - b);
const quantile = (q: number) =>
  Math.round(times[Math.min(times.length - 1, Math.floor(q * times.length))] ?? 0);
process.stdout.write(
  `${times.length} forced reconnects of 3 peers, ${lostPackets()} packets lost (1 %): ` +
    `median ${quantile(0.5)} ms, 95 % ${quantile(0.95)} ms, longest ${quantile(1)} ms, ` +
    `stuck over ${stuckAfterMs / 1000} s: ${lost.length}\n`
);
for (const line of lost) process.stdout.write(`  ${line}\n`);

garbage.stop();
losePackets(0);
await browser.close();
await Promise.all(nodes.map(({ session }) => session.sync.stop()));
await door.close();
closeWebRtc();
process.exit(lost.length === 0 ? 0 : 1);

/** A member of the room who writes nonsense, sealed and not. */
async function startGarbage(doors: TestDoors, projectSecret: Uint8Array) {
  const room = await projectRoom(projectSecret, 0);
  const cipher = await SignalCipher.of(room.password);
  const ignore = () => undefined;
  const client = new SignallingClient({
    url: doors.signalling,
    topic: room.name,
    handlers: { onMessage: ignore, onReady: ignore, onState: ignore }
  });
  const id = () => toHex(randomBytes(16));
  return {
    write() {
      for (const data of [null, 7, 'x', {}, [], 'AAAA', { type: 'announce', from: 1 }]) client.publish(data);
      const from = id();
      const nonsense: Signal[] = [
        { type: 'announce', from },
        { type: 'offer', from, to: id(), attempt: id(), sdp: 'nonsense' },
        { type: 'answer', from, to: id(), attempt: id(), sdp: 'nonsense' },
        { type: 'bye', from }
      ];
      for (const signal of nonsense) void cipher.seal(signal).then((sealed) => client.publish(sealed));
    },
    stop: () => client.stop()
  };
}
