import { describe, expect, test } from 'vitest';
import { ControlLink } from '#lib/compute/control-link.ts';
import { channelPair } from '#lib/compute/message-channel.ts';
import { TaggedError } from '#lib/model/errors.ts';
import { type JobId, type ProjectId } from '#lib/model/ids.ts';

const about = { project: 'ab'.repeat(32) as ProjectId, job: 'cd'.repeat(16) as JobId };

describe('control link', () => {
  test('an unknown request is answered with an error and the connection stays', async () => {
    const [a, b] = channelPair();
    const answers: unknown[] = [];
    new ControlLink(b, { handlers: { 'watch-job': () => ({}) } });
    const twoAnswers = new Promise<void>((resolve) =>
      a.onMessage((bytes) => {
        answers.push(JSON.parse(new TextDecoder().decode(bytes)));
        if (answers.length === 3) resolve();
      })
    );
    const send = (text: string) => a.send(new TextEncoder().encode(text));
    await send('{"kind":"request","id":1,"type":"make-tea","body":{}}');
    await send('not json at all');
    await send(JSON.stringify({ kind: 'request', id: 2, type: 'watch-job', body: about }));
    await twoAnswers;
    expect(answers).toMatchObject([
      { kind: 'error', id: 1, error: { tag: 'unknown-request' } },
      { kind: 'error', error: { tag: 'bad-message' } },
      { kind: 'reply', id: 2 }
    ]);
  });

  test('what a handler throws reaches the asker with its tag and details', async () => {
    const [a, b] = channelPair();
    new ControlLink(b, {
      handlers: {
        'list-share': () => {
          throw new TaggedError('path-refused', 'No such folder is shared.', { share: 'lab' });
        }
      }
    });
    const asked = new ControlLink(a).request('list-share', { share: 'lab', path: '' });
    await expect(asked).rejects.toMatchObject({ tag: 'path-refused', details: { share: 'lab' } });
  });

  test('a request with a body that does not fit is refused before the handler sees it', async () => {
    const [a, b] = channelPair();
    let seen = false;
    new ControlLink(b, {
      handlers: {
        'watch-job': () => {
          seen = true;
          return {};
        }
      }
    });
    const wrong = { project: '../../etc', job: about.job } as unknown as typeof about;
    await expect(new ControlLink(a).request('watch-job', wrong)).rejects.toMatchObject({
      tag: 'bad-request'
    });
    expect(seen).toBe(false);
  });

  test('open requests are rejected when the connection closes', async () => {
    const [a, b] = channelPair();
    new ControlLink(b, { handlers: { 'watch-job': () => new Promise(() => {}) } });
    const asked = new ControlLink(a).request('watch-job', about);
    b.close();
    await expect(asked).rejects.toMatchObject({ tag: 'connection-lost' });
  });

  test('notices reach only who listens, and one that does not fit is dropped', async () => {
    const [a, b] = channelPair();
    const heard: unknown[] = [];
    const first = Promise.withResolvers<undefined>();
    new ControlLink(a, {
      notices: {
        'job-progress': (progress) => {
          heard.push(progress);
          first.resolve(undefined);
        }
      }
    });
    const link = new ControlLink(b);
    link.notify('job-progress', { ...about, overall: 7 });
    link.notify('job-progress', { ...about, overall: 0.5, stage: 'detect' });
    await first.promise;
    expect(heard).toEqual([{ ...about, overall: 0.5, stage: 'detect' }]);
  });
});
