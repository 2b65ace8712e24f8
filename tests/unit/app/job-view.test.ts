import { describe, expect, it } from 'vitest';
import { viewJob, type JobLive } from '#lib/app/job-view.ts';
import { type JobEvent, type JobEventState } from '#lib/model/processor.ts';

const job = '00112233445566778899aabbccddeeff' as JobEvent['job'];
const events = (...states: JobEventState[]): JobEvent[] =>
  states.map((state, n) => ({
    job,
    attempt: 1,
    n,
    state,
    ...(state === 'completed' ? { summary: { units: 18, trueUnits: 18, trueUnitsFound: 17 } } : {}),
    ...(state === 'failed' ? { reason: { tag: 'input-changed', message: 'the file changed' } } : {})
  }));
const live = (changes: Partial<JobLive> = {}): JobLive => ({
  nodeName: 'lab-gpu',
  nodeReachable: true,
  resultHere: false,
  ...changes
});
const facts = (list: JobEvent[], changes = {}) => ({
  events: list,
  assigned: true,
  cancelRequested: false,
  ...changes
});
const figures = {
  doneBytes: 50,
  totalBytes: 100,
  rate: undefined,
  secondsLeft: undefined,
  silentSeconds: undefined
};

describe('what is read of a job', () => {
  it('waits for its node, and says so when that is not reachable', () => {
    const shown = viewJob(facts([]), live({ nodeReachable: false }));
    expect(shown).toMatchObject({
      phase: 'waiting',
      detail: 'starts when lab-gpu is reachable',
      ended: false
    });
  });

  it('asks for a node while none is assigned', () => {
    expect(viewJob(facts([], { assigned: false }), live()).detail).toBe(
      'starts when a compute node is paired'
    );
  });

  it('is sending before it is queued, with how far it is', () => {
    const shown = viewJob(facts(events('accepted')), live({ sending: figures }));
    expect(shown).toMatchObject({ phase: 'sending', fraction: 0.5 });
  });

  it('names the place in the queue and the stage', () => {
    expect(viewJob(facts(events('accepted', 'queued')), live({ placeInQueue: 2 })).detail).toBe(
      '2 before it'
    );
    const running = viewJob(
      facts(events('accepted', 'queued', 'started')),
      live({ stage: 'clustering', overall: 0.4 })
    );
    expect(running).toMatchObject({ phase: 'running', detail: 'clustering, 40 %', fraction: 0.4 });
  });

  it('is done only when its result is here', () => {
    const complete = events('accepted', 'queued', 'started', 'completed');
    expect(viewJob(facts(complete), live({ returning: figures })).phase).toBe('returning');
    expect(viewJob(facts(complete), live({ returnProblem: 'too little space' }))).toMatchObject({
      phase: 'returning',
      detail: 'too little space',
      ended: false
    });
    expect(viewJob(facts(complete), live({ resultHere: true }))).toMatchObject({
      phase: 'done',
      detail: '18 units found, 17 of 18 true ones',
      ended: true
    });
  });

  it('says why it failed, whatever was asked afterwards', () => {
    const shown = viewJob(
      facts(events('accepted', 'failed', 'completed'), { cancelRequested: true }),
      live()
    );
    expect(shown).toMatchObject({ phase: 'failed', detail: 'the file changed', ended: true });
  });

  it('is cancelling until the node answers', () => {
    const asked = facts(events('accepted', 'started'), { cancelRequested: true });
    expect(viewJob(asked, live()).phase).toBe('cancelling');
  });
});
