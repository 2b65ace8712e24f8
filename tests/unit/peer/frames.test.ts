import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TaggedError } from '../../../src/lib/model/errors.ts';
import { frameLimit, MessageAssembler, parseFrame, splitMessage } from '../../../src/lib/peer/frames.ts';

const assemble = (frames: Iterable<Uint8Array>, limit = 1 << 20) => {
  const assembler = new MessageAssembler(limit);
  let message: Uint8Array | undefined;
  for (const frame of frames) message = assembler.push(parseFrame(frame));
  return message;
};

const bytes = (length: number) => Uint8Array.from({ length }, (_, i) => i % 251);

describe('frames', () => {
  test.each([0, 1, frameLimit - 9, frameLimit - 8, frameLimit - 7, 200_001])(
    'a message of %i bytes comes out as it went in, in frames of at most 64 KiB',
    (length) => {
      const frames = [...splitMessage(bytes(length))];
      expect(Math.max(...frames.map((frame) => frame.length))).toBeLessThanOrEqual(frameLimit);
      expect(assemble(frames)).toEqual(bytes(length));
    }
  );

  test('messages follow each other on one channel', () => {
    const assembler = new MessageAssembler(1 << 20);
    const messages = [bytes(100_000), bytes(0), bytes(5)];
    const out = messages
      .flatMap((message) => [...splitMessage(message)])
      .map((frame) => assembler.push(parseFrame(frame)))
      .filter((message) => message !== undefined);
    expect(out).toEqual(messages);
  });

  test('a message above the limit is refused at its first frame', () => {
    const [first] = [...splitMessage(bytes(100_000))];
    expect(() => assemble(first ? [first] : [], 99_999)).toThrowError(
      expect.objectContaining({ tag: 'peer-message-too-large' })
    );
  });

  test('a frame that is missing or repeated is refused', () => {
    const [first, , third] = [...splitMessage(bytes(200_000))];
    if (!first || !third) throw new Error('three frames');
    expect(() => assemble([first, third])).toThrowError(
      expect.objectContaining({ tag: 'peer-frame-invalid' })
    );
    expect(() => assemble([first, first])).toThrowError(
      expect.objectContaining({ tag: 'peer-frame-invalid' })
    );
  });

  test('any bytes give a frame or a named refusal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
        try {
          parseFrame(garbage);
        } catch (error) {
          expect(error).toBeInstanceOf(TaggedError);
        }
      })
    );
  });
});
