import { deflateRawSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';
import { answerCarried, CarriedOffer } from '#lib/peer/carried-offer.ts';
import { type Carried, decodeCarried, encodeCarried } from '#lib/peer/carried-text.ts';
import { toBase64Url, utf8 } from '#lib/identity/encoding.ts';

afterAll(closeWebRtc);

const offer: Carried = {
  v: 1,
  kind: 'offer',
  id: 'ab'.repeat(16),
  room: 'room',
  sessions: [
    { sdp: 'v=0\r\n', candidates: [{ candidate: 'candidate:1 1 UDP 1 10.0.0.1 1 typ host', mid: '0' }] }
  ]
};
const pack = (value: unknown) => `DENDRO1.${toBase64Url(deflateRawSync(utf8(JSON.stringify(value))))}`;

describe('a text that people carry', () => {
  test('comes back as it was, also wrapped by a mail program', async () => {
    const text = await encodeCarried(offer);
    expect(await decodeCarried(text.replaceAll(/.{40}/g, '$&\r\n'), 'offer')).toEqual(offer);
  });

  test.each([
    ['nothing', ''],
    ['another text', 'Dear Anna'],
    ['without its end', pack(offer).slice(0, -9)],
    ['of another version', pack({ ...offer, v: 2 })],
    ['with too many sessions', pack({ ...offer, sessions: Array(3).fill(offer.sessions[0]) })],
    ['that inflates to 50 MB', pack({ ...offer, room: 'x'.repeat(50_000_000) })],
    ['that is too long', `DENDRO1.${'A'.repeat(40_000)}`]
  ])('%s is refused in words', async (_what, text) => {
    await expect(decodeCarried(text, 'offer')).rejects.toMatchObject({ tag: 'carried-invalid' });
  });

  test('an offer where an answer belongs is told apart', async () => {
    await expect(decodeCarried(pack(offer), 'answer')).rejects.toMatchObject({
      tag: 'carried-mixed-up',
      details: { expected: 'answer' }
    });
  });
});

describe('an offer', () => {
  test('is answered for its own room only, and takes its own answer once', async () => {
    const rtc = nodeRtc();
    const [mine, other] = [
      await CarriedOffer.make({ rtc, room: 'a', count: 1 }),
      await CarriedOffer.make({ rtc, room: 'a', count: 1 })
    ];
    await expect(answerCarried({ rtc, text: mine.text, room: 'b' })).rejects.toMatchObject({
      tag: 'carried-other'
    });
    const answer = await answerCarried({ rtc, text: mine.text, room: 'a' });
    await expect(other.accept(answer.text)).rejects.toMatchObject({ tag: 'carried-other' });
    const transports = await mine.accept(answer.text);
    await Promise.all([...transports, ...answer.sessions].map(({ opened }) => opened));
    await expect(mine.accept(answer.text)).rejects.toMatchObject({ tag: 'carried-other' });
    mine.close();
    other.close();
    for (const session of answer.sessions) session.close();
  });

  test('whose description is nonsense cannot be answered, and says so', async () => {
    await expect(answerCarried({ rtc: nodeRtc(), text: pack(offer), room: 'room' })).rejects.toMatchObject({
      tag: 'carried-invalid'
    });
  });
});
