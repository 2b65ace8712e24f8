/** Whatever a peer sends, it is decoded as the protocol says or refused with a tag, and never more is kept than allowed. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BulkFrame, decodeBulkFrame, encodeBulkFrame } from '#lib/compute/bulk-frames.ts';
import { ChunkBitmap } from '#lib/compute/chunk-bitmap.ts';
import { ControlLink } from '#lib/compute/control-link.ts';
import { channelPair } from '#lib/compute/message-channel.ts';
import { ControlMessage, type TransferId } from '#lib/compute/protocol.ts';
import { utf8 } from '#lib/identity/encoding.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { frameKind, MessageAssembler, parseFrame, splitMessage } from '#lib/peer/frames.ts';
import { runHandshake } from '#lib/peer/handshake.ts';
import { SignallingEvent, SignallingRequest } from '#lib/peer/signalling-protocol.ts';
import * as v from 'valibot';
import { createIdentity } from '../peers/test-project.ts';
import { fuzzRuns, mutated } from './mutations.ts';

const project = 'ab'.repeat(32);
const job = 'cd'.repeat(16);
const transfer = 'ef'.repeat(16) as TransferId;
const json = (value: unknown) => utf8(JSON.stringify(value));

/** Only what is refused with one of these tags is refused as it should be. */
function expectTag(error: unknown, ...tags: string[]): undefined {
  if (!(error instanceof TaggedError) || !tags.includes(error.tag)) throw error;
  return undefined;
}

test('frames in any state give whole messages within the limit, or are refused', () => {
  const limit = 200_000;
  const frames = [
    ...splitMessage(new Uint8Array(150_000).fill(7)),
    ...splitMessage(utf8('short')),
    ...splitMessage(new Uint8Array(), frameKind.ping)
  ];
  const small = frames.filter(({ length }) => length < 100);
  const sequence = fc.array(fc.oneof(fc.constantFrom(...frames), mutated(...small)), { maxLength: 12 });
  const target = fc.property(sequence, (received) => {
    const assembler = new MessageAssembler(limit);
    for (const bytes of received)
      try {
        const message = assembler.push(parseFrame(bytes));
        if (message) expect(message.length).toBeLessThanOrEqual(limit);
      } catch (error) {
        expectTag(error, 'peer-frame-invalid', 'peer-message-too-large');
        return;
      }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('a changed bulk message is one of the protocol, byte for byte, or a bad frame', () => {
  const frames: BulkFrame[] = [
    { type: 'announce', transfer, index: 3, hash: new Uint8Array(32).fill(9), encoding: 0, length: 1 << 20 },
    { type: 'part', transfer, index: 3, offset: 262_144, bytes: new Uint8Array(50).fill(1) },
    { type: 'stored', transfer, index: 3 },
    { type: 'refused', transfer, index: 3 }
  ];
  const target = fc.property(mutated(...frames.map(encodeBulkFrame)), (bytes) => {
    try {
      expect(encodeBulkFrame(decodeBulkFrame(bytes))).toEqual(bytes);
    } catch (error) {
      expectTag(error, 'bad-frame');
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('a changed list of chunks fits the file or is refused', () => {
  const chunkCount = 21;
  const have = new ChunkBitmap(chunkCount);
  for (const index of [0, 7, 20]) have.add(index);
  const target = fc.property(mutated(utf8(have.toBase64())), (bytes) => {
    try {
      const bitmap = ChunkBitmap.fromBase64(new TextDecoder().decode(bytes), chunkCount);
      expect(bitmap.setCount + [...bitmap.missing()].length).toBe(chunkCount);
    } catch (error) {
      expectTag(error, 'bad-bitmap');
    }
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('control messages are answered or dropped, and the connection stays', async () => {
  const messages = [
    { kind: 'request', id: 1, type: 'watch-job', body: { project, job } },
    { kind: 'request', id: 2, type: 'pull-file', body: { transfer, project, file: job, http: false } },
    { kind: 'request', id: 3, type: 'list-share', body: { share: 'lab', path: '../..' } },
    { kind: 'reply', id: 0, body: {} },
    { kind: 'error', id: 0, error: { tag: 'gone', message: 'it is gone' } },
    { kind: 'notice', type: 'job-console', body: { project, job, firstLine: 0, lines: ['a'] } },
    { kind: 'notice', type: '__proto__', body: {} },
    { kind: 'request', id: 4, type: 'constructor', body: {} }
  ];
  const target = fc.asyncProperty(
    fc.array(mutated(...messages.map(json)), { minLength: 1, maxLength: 5 }),
    async (received) => {
      const [theirs, ours] = channelPair();
      let listed: string[] = [];
      const answer = () => ({});
      const link = new ControlLink(ours, {
        handlers: {
          'watch-job': answer,
          'list-share': ({ path }) => ((listed = [...listed, path]), { entries: [] })
        },
        notices: { 'job-console': ({ lines }) => expect(Array.isArray(lines)).toBe(true) }
      });
      const asked = link.request('node-info', {}).catch((error: unknown) => error);
      const last = new Promise<void>((resolve) =>
        theirs.onMessage((bytes) => {
          const message = v.parse(ControlMessage, JSON.parse(new TextDecoder().decode(bytes)));
          if (message.kind === 'reply' && message.id === 99) resolve();
        })
      );
      for (const bytes of received) await theirs.send(bytes);
      await theirs.send(json({ kind: 'request', id: 99, type: 'watch-job', body: { project, job } }));
      await last;
      for (const path of listed) expect(path.length).toBeLessThanOrEqual(4096);
      theirs.close();
      expect(await asked).toBeInstanceOf(Error);
    }
  );
  await fc.assert(target, { numRuns: Math.ceil(fuzzRuns / 4) });
});

test('signalling messages parse or do not, and never throw otherwise', () => {
  const messages = [
    { type: 'subscribe', topics: ['a', 'b'] },
    { type: 'publish', topic: 'a', data: 'AAAA' },
    { type: 'ping' }
  ];
  const target = fc.property(mutated(...messages.map(json)), (bytes) => {
    let value: unknown;
    try {
      value = JSON.parse(new TextDecoder().decode(bytes));
    } catch {
      return;
    }
    const request = v.safeParse(SignallingRequest, value);
    if (request.success && request.output.type === 'subscribe')
      expect(request.output.topics.every((topic) => topic.length <= 128)).toBe(true);
    v.safeParse(SignallingEvent, value);
  });
  fc.assert(target, { numRuns: fuzzRuns });
});

test('a handshake of which one message was changed proves nobody', async () => {
  const [a, b] = [await createIdentity(), await createIdentity()];
  const change = fc.record({
    nth: fc.nat(1),
    place: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    bit: fc.nat(7)
  });
  const target = fc.asyncProperty(change, async ({ nth, place, bit }) => {
    let sent = 0;
    const toAnswerer = mailbox((message) => {
      if (sent++ !== nth) return message;
      const changed = message.slice();
      const at = Math.floor(place * changed.length);
      changed[at] = (changed[at] ?? 0) ^ (1 << bit);
      return changed;
    });
    const toOfferer = mailbox((message) => message);
    const common = { room: 'room', credential: { kind: 'member' as const, admits: () => true } };
    const fingerprints = { local: '', remote: '' };
    const outcomes = await Promise.allSettled([
      runHandshake({
        ...common,
        fingerprints,
        side: 'offerer',
        identity: a,
        port: { send: toAnswerer.put, receive: toOfferer.take }
      }),
      runHandshake({
        ...common,
        fingerprints,
        side: 'answerer',
        identity: b,
        port: { send: toOfferer.put, receive: toAnswerer.take }
      })
    ]);
    for (const outcome of outcomes) {
      expect(outcome.status).toBe('rejected');
      if (outcome.status === 'rejected')
        expectTag(outcome.reason, 'handshake-refused', 'handshake-refused-by-peer');
    }
  });
  await fc.assert(target, { numRuns: Math.ceil(fuzzRuns / 10) });
});

/** One direction of a wire. */
function mailbox(onTheWay: (message: Uint8Array) => Uint8Array) {
  const waiting: Uint8Array[] = [];
  let taker: ((message: Uint8Array) => void) | undefined;
  return {
    put(message: Uint8Array) {
      const arrived = onTheWay(message);
      if (taker) taker(arrived);
      else waiting.push(arrived);
      taker = undefined;
    },
    take(): Promise<Uint8Array> {
      const next = waiting.shift();
      return next ? Promise.resolve(next) : new Promise((resolve) => (taker = resolve));
    }
  };
}
