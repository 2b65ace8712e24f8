import { describe, expect, test } from 'vitest';
import { TaggedError } from '#lib/model/errors.ts';
import { errorLines, exitCodeOf, InputRefused, UsageError } from '../../../compute-node/cli/exit.ts';
import { progressReporter } from '../../../compute-node/cli/progress.ts';
import { stageClock } from '../../../compute-node/cli/stage-clock.ts';

describe('exit codes', () => {
  test.each([
    [new UsageError('x'), 2],
    [new TaggedError('parameter-invalid', 'x'), 2],
    [new InputRefused(new TaggedError('not-hdf5', 'x')), 3],
    [new TaggedError('disk-full', 'x'), 4],
    [new Error('x'), 4],
    [new DOMException('x', 'AbortError'), 130]
  ])('%s', (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('error lines', () => {
  test('are few and without a stack, unless verbose', () => {
    const error = new Error('boom');
    expect(errorLines(error, { command: 'sort', verbose: false }).join('\n')).not.toContain(' at ');
    expect(errorLines(error, { command: 'sort', verbose: true }).join('\n')).toContain(' at ');
  });

  test('name the help page after wrong usage', () => {
    expect(errorLines(new UsageError('No.'), { command: 'sort', verbose: false })).toEqual([
      'dendro: No.',
      'See: npx dendro help sort'
    ]);
  });
});

describe('progress', () => {
  const run = (isTTY: boolean) => {
    let text = '';
    const reporter = progressReporter({ isTTY, write: (part) => (text += part) });
    for (let i = 0; i <= 100; i++)
      reporter.update({ stage: i < 50 ? 'detect' : 'match', fraction: 0, overall: i / 100 });
    reporter.finish();
    return text;
  };

  test('is a line a tenth where there is no terminal', () => {
    const lines = run(false).trim().split('\n');
    expect(lines).toHaveLength(11);
    expect(lines[0]).toBe('0 % detect');
    expect(lines.at(-1)).toBe('100 % match');
  });

  test('is one bar on a terminal, gone at the end', () => {
    const text = run(true);
    expect(text).not.toContain('\n');
    expect(text.endsWith('\r\u001b[2K')).toBe(true);
  });
});

test('stages are timed in the order they appear, also when one comes back', () => {
  let now = 0;
  const clock = stageClock(() => now);
  clock.enter('a');
  now = 1000;
  clock.enter('b');
  now = 1500;
  clock.enter('a');
  now = 2500;
  expect(clock.finish()).toEqual({ a: 2, b: 0.5 });
});
