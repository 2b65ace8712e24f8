import fc from 'fast-check';
import * as encoding from 'lib0/encoding';
import { afterEach, describe, expect, test, vi } from 'vitest';
import * as Y from 'yjs';
import { fromHex } from '#lib/identity/encoding.ts';
import { logLength } from '#lib/project/carrier.ts';
import { encodeSignedHeader, decodeEntry } from '#lib/project/entry.ts';
import { type ProjectDocument } from '#lib/project/project-document.ts';
import { HeadsExchange } from '#lib/sync/heads-exchange.ts';
import { Attacker, file, scene } from '../project/attacker.ts';
import { deliver, deliverUpdate, folded, openProject, participant, syncAll } from '../project/replicas.ts';

const exchanges: HeadsExchange[] = [];
afterEach(() => {
  vi.useRealTimers();
  for (const exchange of exchanges.splice(0)) exchange.stop();
});

const names = ({ state }: ProjectDocument) => state.files.map(({ name }) => name);

/** An exchange of one replica, and what it has sent. */
function exchangeOf(document: ProjectDocument) {
  const sent: Uint8Array[] = [];
  const { histories, carrier } = document;
  const exchange = new HeadsExchange({ histories, carrier, send: (bytes) => sent.push(bytes) });
  exchanges.push(exchange);
  return { exchange, sent, take: () => sent.splice(0) };
}

/** Two replicas tell each other everything until neither has anything to say. */
async function compare(a: ProjectDocument, b: ProjectDocument): Promise<void> {
  const [atA, atB] = [exchangeOf(a), exchangeOf(b)];
  for (let said = -1; said !== 0;) {
    const [fromA, fromB] = [atA.take(), atB.take()];
    said = fromA.length + fromB.length;
    for (const bytes of fromA) expect(await atB.exchange.receive(bytes)).toBe(true);
    for (const bytes of fromB) expect(await atA.exchange.receive(bytes)).toBe(true);
  }
  await Promise.all([a.flush(), b.flush()]);
}

/** Anna and Jo in step, and a session of Mallory's with two ways to go on. */
async function twoReplicas() {
  const { project: anna, attacker, mallory } = await scene();
  const other = await participant('Jo');
  await anna.membership.admit(other.person, 'editor');
  const jo = await openProject(anna.id, other);
  await attacker.write(file('both'));
  await deliverUpdate(attacker.update(), anna, anna);
  await syncAll(anna, jo);
  return { anna, jo, attacker, second: attacker.clone(), mallory };
}

describe('two replicas that compare their heads', () => {
  test('find out a writer that told each of them another history, as long as the other', async () => {
    const { anna, jo, attacker, second } = await twoReplicas();
    await attacker.write(file('for Anna'));
    await second.write(file('for Jo'));
    await deliverUpdate(attacker.update(), jo, anna);
    await deliverUpdate(second.update(), anna, jo);
    // No sync shows it: both hold as many entries.
    await syncAll(anna, jo);
    expect([names(anna), names(jo)]).toEqual([
      ['honest', 'both', 'for Anna'],
      ['honest', 'both', 'for Jo']
    ]);
    await compare(anna, jo);
    await syncAll(anna, jo);
    expect(names(anna)).toEqual(['honest']);
    expect(folded(jo)).toEqual(folded(anna));
  });

  test('whatever histories they hold, end alike, and nobody honest is taken for forked', async () => {
    const lengths = fc.record({
      common: fc.nat({ max: 3 }),
      here: fc.nat({ max: 3 }),
      there: fc.nat({ max: 3 }),
      joHasOwn: fc.boolean()
    });
    await fc.assert(
      fc.asyncProperty(lengths, async ({ common, here, there, joHasOwn }) => {
        const { anna, jo, attacker } = await twoReplicas();
        for (let i = 0; i < common; i++) await attacker.write(file(`common ${i}`));
        const second = attacker.clone();
        for (let i = 0; i < here; i++) await attacker.write(file(`here ${i}`));
        for (let i = 0; i < there; i++) await second.write(file(`there ${i}`));
        await deliverUpdate(attacker.update(), jo, anna);
        await deliverUpdate(second.update(), anna, jo);
        if (joHasOwn) await jo.addFile({ name: 'by Jo', size: 1 });
        await compare(anna, jo);
        await syncAll(anna, jo);
        await compare(anna, jo);
        await syncAll(anna, jo);
        expect(folded(jo)).toEqual(folded(anna));
        const forked = here > 0 && there > 0;
        expect(names(anna).includes('both')).toBe(!forked);
        expect(names(anna).includes('by Jo')).toBe(joHasOwn);
      }),
      { numRuns: 25 }
    );
  });

  test('say nothing but their heads when they agree', async () => {
    const { anna, jo } = await twoReplicas();
    const [atAnna, atJo] = [exchangeOf(anna), exchangeOf(jo)];
    for (const bytes of atAnna.take()) expect(await atJo.exchange.receive(bytes)).toBe(true);
    expect(atJo.sent).toHaveLength(1);
  });

  test('tell later what has changed, and ask for what did not arrive', async () => {
    const { anna, jo } = await twoReplicas();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const [atAnna, atJo] = [exchangeOf(anna), exchangeOf(jo)];
    for (const bytes of atAnna.take()) await atJo.exchange.receive(bytes);
    atJo.take();
    await anna.addFile({ name: 'lost on the way', size: 1 });
    await anna.addFile({ name: 'lost too', size: 1 });
    await vi.advanceTimersByTimeAsync(10_000);
    const [changed, ...more] = atAnna.take();
    expect(more).toEqual([]);
    // Kind, number of heads, and one head.
    expect([...(changed ?? [])].slice(0, 2)).toEqual([5, 1]);
    await atJo.exchange.receive(changed ?? new Uint8Array());
    const [question] = atJo.take();
    expect([...(question ?? [])].slice(0, 2)).toEqual([0, 0]);
  });
});

describe('a peer', () => {
  const heads = (...list: { writer: number; seq: number; hash: string }[]) => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 5);
    encoding.writeVarUint(encoder, list.length);
    for (const { writer, seq, hash } of list) {
      encoding.writeVarUint(encoder, writer);
      encoding.writeVarUint(encoder, seq);
      encoding.writeUint8Array(encoder, fromHex(hash));
    }
    return encoding.toUint8Array(encoder);
  };
  const contradiction = (header: Uint8Array) => {
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, 6);
    encoding.writeVarUint8Array(encoder, header);
    return encoding.toUint8Array(encoder);
  };

  test('that lies about heads learns what stands there, and makes nothing void', async () => {
    const { anna, jo } = await twoReplicas();
    const { exchange, take } = exchangeOf(anna);
    take();
    const hash = 'ab'.repeat(32);
    const lies = anna.histories.heads().map((head) => ({ ...head, hash }));
    expect(await exchange.receive(heads(...lies, { writer: 5, seq: 2 ** 40, hash }))).toBe(true);
    expect(take()).toHaveLength(lies.length);
    await anna.flush();
    expect(names(anna)).toEqual(['honest', 'both']);
    expect(folded(jo)).toEqual(folded(anna));
  });

  test('that shows an entry which proves nothing is refused, or heard without effect', async () => {
    const { anna, jo, attacker, mallory } = await twoReplicas();
    const { exchange } = exchangeOf(anna);
    const [bytes] = anna.carrier.getArray<Uint8Array>(`log:${jo.writer}`).toArray();
    expect(bytes).toBeUndefined();
    const known = await decodeEntry(
      anna.carrier.getArray<Uint8Array>(`log:${await attacker.writer()}`).get(0)
    );
    const elsewhere = new Attacker(mallory.keys, 'cd'.repeat(32) as never);
    const foreign = await decodeEntry(await elsewhere.entry(file('x')));
    const unsigned = { ...known, lamport: known.lamport + 1 };
    for (const header of [foreign, unsigned])
      expect(await exchange.receive(contradiction(encodeSignedHeader(header)))).toBe(false);
    expect(await exchange.receive(contradiction(new Uint8Array(100)))).toBe(false);
    expect(await exchange.receive(contradiction(new Uint8Array(9000)))).toBe(false);
    expect(await exchange.receive(contradiction(encodeSignedHeader(known)))).toBe(true);
    await anna.flush();
    expect(names(anna)).toEqual(['honest', 'both']);
  });

  test('that tells too much is refused, and one that tells too often is not answered', async () => {
    const { anna } = await twoReplicas();
    const { exchange, take } = exchangeOf(anna);
    take();
    const hash = 'ab'.repeat(32);
    const many = Array.from({ length: 10_001 }, (_, i) => ({ writer: i + 1, seq: 0, hash }));
    expect(await exchange.receive(heads(...many))).toBe(false);
    const lie = heads({ writer: anna.writer, seq: 0, hash });
    for (let i = 0; i < 20; i++) expect(await exchange.receive(lie)).toBe(true);
    expect(take().length).toBeLessThan(8);
  });

  test('that sends any bytes harms nobody', async () => {
    const { anna } = await twoReplicas();
    const { exchange } = exchangeOf(anna);
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(5, 6), fc.uint8Array({ maxLength: 80 }), async (kind, bytes) => {
        // The gate counts what cannot be decoded.
        await exchange.receive(Uint8Array.from([kind, ...bytes])).catch(() => false);
      })
    );
    await anna.flush();
    expect(names(anna)).toEqual(['honest', 'both']);
  });
});

describe('a viewer', () => {
  test('who finds out a fork tells the others, who take from a viewer nothing else', async () => {
    const { project: anna, attacker } = await scene();
    const vic = await participant('Vic');
    await anna.membership.admit(vic.person, 'viewer');
    const onVic = await openProject(anna.id, vic);
    await attacker.write(file('both'));
    await deliverUpdate(attacker.update(), anna, anna);
    await syncAll(anna, onVic);
    const second = attacker.clone();
    await attacker.write(file('for Anna'));
    await second.write(file('for Vic'));
    await deliverUpdate(attacker.update(), anna, anna);
    await deliverUpdate(second.update(), anna, onVic);
    // Vic sees both: their report is an entry of a viewer's own, by their own connection.
    await deliverUpdate(attacker.update(), anna, onVic);
    await deliver(onVic, anna);
    expect(names(anna)).toEqual(['honest']);
    const writing = new Attacker(vic.keys, anna.id);
    await writing.write(file('evil'));
    const passed = await anna.admit(writing.update(), onVic);
    Y.applyUpdate(anna.carrier, passed as Uint8Array);
    expect(logLength(anna.carrier, await writing.writer())).toBe(0);
  });
});
