import { afterAll, describe, expect, test } from 'vitest';
import { type IceCandidate } from '#lib/peer/transport.ts';
import { closeWebRtc, nodeRtc } from '../../../compute-node/platform/webrtc.ts';

afterAll(() => closeWebRtc());

describe('an offering node', () => {
  test('tells no address before it has the answer, and all of them then', async () => {
    const [offering, answering] = [nodeRtc()(), nodeRtc()()];
    const told: IceCandidate[] = [];
    offering.onCandidate((candidate) => told.push(candidate));
    const answersCandidates: IceCandidate[] = [];
    answering.onCandidate((candidate) => answersCandidates.push(candidate));
    const answer = await answering.acceptOffer(await offering.createOffer());
    await Promise.all([offering.gathered, answering.gathered]);
    expect(told).toEqual([]);
    expect(answersCandidates.length).toBeGreaterThan(0);
    await offering.acceptAnswer(answer);
    expect(told.length).toBeGreaterThan(0);
    for (const candidate of told) answering.addCandidate(candidate);
    for (const candidate of answersCandidates) offering.addCandidate(candidate);
    await Promise.all([offering.opened, answering.opened]);
    offering.close();
    answering.close();
  });

  test('is reached by the other’s checks alone, where it cannot reach the other', async () => {
    const [offering, answering] = [nodeRtc()(), nodeRtc()()];
    const told: IceCandidate[] = [];
    offering.onCandidate((candidate) => told.push(candidate));
    const answer = await answering.acceptOffer(await offering.createOffer());
    await offering.gathered;
    await offering.acceptAnswer(answer.replaceAll(/^a=candidate:.*\r?\n/gm, ''));
    for (const candidate of told) answering.addCandidate(candidate);
    await Promise.all([offering.opened, answering.opened]);
    offering.close();
    answering.close();
  });
});
