import { describe, expect, test } from 'vitest';
import { parseSortOptions } from '../../../compute-node/cli/sort-options.ts';

const minimal = ['rec.raw', '-o', 'out.nwb'];

describe('options of dendro sort', () => {
  test('are read with their units', () => {
    const options = parseSortOptions([
      ...minimal,
      ...['--sampling-rate', '15000', '--channels=4', '--dtype', 'int16', '--offset-bytes', '16'],
      ...[
        '--gain-uv',
        '0.195',
        '--offset-uv',
        '-401.7',
        '--seconds',
        '10:70.5',
        '--workers',
        '3',
        '--seed',
        '7'
      ],
      ...['--param', 'detectThreshold=6', '--param', 'reference=mean', '--json']
    ]);
    expect(options).toEqual({
      recording: 'rec.raw',
      output: 'out.nwb',
      raw: {
        samplingRateHz: 15000,
        channelCount: 4,
        dtype: 'int16',
        offsetBytes: 16,
        gainUv: 0.195,
        offsetUv: -401.7
      },
      window: { startSeconds: 10, endSeconds: 70.5 },
      workers: 3,
      seed: 7,
      parameters: { detectThreshold: 6, reference: 'mean' },
      json: true
    });
  });

  test('may leave either end of the window open', () => {
    expect(parseSortOptions([...minimal, '--seconds', ':5']).window).toEqual({
      startSeconds: 0,
      endSeconds: 5
    });
    expect(parseSortOptions([...minimal, '--seconds', '5:']).window).toEqual({ startSeconds: 5 });
  });

  test.each([
    [[], 'Name the recording'],
    [['rec.raw'], '-o OUT.nwb'],
    [['a', 'b', '-o', 'c'], 'One recording at a time'],
    [[...minimal, '--channels', '0'], '--channels'],
    [[...minimal, '--channels', '4.5'], '--channels'],
    [[...minimal, '--sampling-rate', '-1'], '--sampling-rate'],
    [[...minimal, '--dtype', 'int32'], '--dtype'],
    [[...minimal, '--gain-uv', '0'], '--gain-uv'],
    [[...minimal, '--gain-uv', 'x'], '--gain-uv'],
    [[...minimal, '--seconds', '5'], 'A:B'],
    [[...minimal, '--seconds', '5:2'], 'ends before'],
    [[...minimal, '--seconds', '-1:2'], 'starts at 0'],
    [[...minimal, '--param', 'detectThreshold'], 'NAME=VALUE'],
    [[...minimal, '--param', 'nonsense=1'], 'There is no parameter "nonsense"'],
    [[...minimal, '--param', 'detectThreshold=high'], 'is a number'],
    [[...minimal, '--frobnicate'], '--frobnicate']
  ])('%j is wrong usage', (args, message) => {
    expect(() => parseSortOptions(args)).toThrow(expect.objectContaining({ tag: 'usage' }));
    expect(() => parseSortOptions(args)).toThrow(message);
  });
});
