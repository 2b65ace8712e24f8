/** A member's program that speaks in the name of others: in what it shows of them, and in the room where members meet. */
import { afterAll, describe, expect, test } from 'vitest';
import { endLabs, Lab } from './lab.ts';

afterAll(endLabs);

/** Anna looks at the files, the editor at the jobs, and each sees it of the other. */
async function scene() {
  const lab = await Lab.open();
  const [anna, editor] = [lab.member(0), lab.member(1)];
  anna.sync.setPresence({ place: 'files' });
  editor.sync.setPresence({ place: 'jobs' });
  await lab.presenceReaches(0, { [editor.keys.device]: 'jobs' });
  await lab.presenceReaches(1, { [anna.keys.device]: 'files' });
  return { lab, anna, editor };
}

describe('a hostile member', () => {
  test.concurrent('shows nobody’s presence but their own', async () => {
    const { lab, anna, editor } = await scene();
    const victim = await lab.attack();
    const forged = { clock: 1e6, state: { place: 'forged' } };
    for (const { document } of [anna, editor]) victim.sendPresence({ client: document.writer, ...forged });
    for (const { document } of [anna, editor])
      victim.sendPresence({ client: document.writer, clock: 1e7, state: null });
    victim.sendPresence({ client: 7, clock: 1, state: { place: 'sorting', name: 'Anna', person: 'x' } });
    await lab.presenceReaches(0, { [editor.keys.device]: 'jobs', [lab.device.id]: 'sorting' });
    await lab.presenceReaches(1, { [anna.keys.device]: 'files' });
    await lab.expectHonestWork();
    expect(Object.keys(anna.sync.presence[0]?.presence ?? {})).toEqual(['place']);
  });

  test.concurrent.each(['the member it connects to', 'somebody else'])(
    'that calls its session by the writer of %s shows its own presence alone',
    async (whose) => {
      const { lab, anna, editor } = await scene();
      const { writer } = (whose === 'somebody else' ? editor : anna).document;
      const peer = await lab.enter({ writer });
      const victims = [await peer.victim(anna.keys.device), await peer.victim(editor.keys.device)];
      for (const victim of victims) {
        victim.sendPresence({ client: writer, clock: 1e6, state: { place: 'forged' } });
        await victim.settled();
      }
      anna.sync.setPresence({ place: 'recording' });
      await lab.presenceReaches(0, { [editor.keys.device]: 'jobs', [lab.device.id]: 'forged' });
      await lab.presenceReaches(1, { [anna.keys.device]: 'recording', [lab.device.id]: 'forged' });
      peer.leave();
      await lab.presenceReaches(0, { [editor.keys.device]: 'jobs' });
      await lab.presenceReaches(1, { [anna.keys.device]: 'recording' });
      await lab.expectHonestWork();
    }
  );

  test.concurrent('that opens session after session holds a few connections', async () => {
    const { lab, anna } = await scene();
    for (let session = 1; session <= 12; session++) {
      const peer = await lab.enter({ writer: session });
      await peer.victim(anna.keys.device);
    }
    expect(anna.sync.connections.length).toBeLessThan(12);
    await lab.expectHonestWork();
  });
});
