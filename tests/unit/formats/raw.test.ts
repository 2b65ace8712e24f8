import { describe, expect, test } from 'vitest';
import { memorySource } from '#lib/bytes/byte-source.ts';
import { openRaw, type RawSelection } from '#lib/formats/raw/raw-recording.ts';
import { gridProbe, linearProbe, tetrodeProbe } from '#lib/formats/probe/layouts.ts';
import { parseProbeinterface } from '#lib/formats/probe/probeinterface.ts';

const selection: RawSelection = {
  format: 'raw',
  samplingRateHz: 15000,
  channelCount: 2,
  dtype: 'int16',
  offsetBytes: 3,
  gainUv: 0.5,
  offsetUv: -10
};
const file = (values: Int16Array | Float32Array, header = 3) => {
  const bytes = new Uint8Array(header + values.byteLength);
  bytes.set(new Uint8Array(values.buffer), header);
  return memorySource(bytes);
};

describe('raw recordings', () => {
  test('are µV, one channel after the other', async () => {
    const source = openRaw(file(Int16Array.of(1, -2, 3, -4, 5, -6)), selection);
    expect(source.info).toMatchObject({
      sampleCount: 3,
      channelCount: 2,
      samplingRateHz: 15000,
      dtype: 'int16'
    });
    expect(source.info.probe).toMatchObject({ origin: 'assumed', contacts: [{ y: 0 }, { y: 20 }] });
    expect([...(await source.read(1, 3))]).toEqual([-8.5, -7.5, -12, -13]);
    expect(await source.read(2, 2)).toHaveLength(0);
  });

  test('may be float32', async () => {
    const source = openRaw(file(Float32Array.of(1.5, 2.5), 0), {
      ...selection,
      dtype: 'float32',
      offsetBytes: 0
    });
    expect([...(await source.read(0, 1))]).toEqual([-9.25, -8.75]);
  });

  test('whose size does not fit their channels are refused with the figures', () => {
    expect(() => openRaw(file(Int16Array.of(1, 2, 3)), selection)).toThrow(
      expect.objectContaining({ tag: 'raw-size-mismatch', details: expect.objectContaining({ rest: 2 }) })
    );
    expect(() => openRaw(file(new Int16Array()), selection)).toThrow(
      expect.objectContaining({ tag: 'recording-empty' })
    );
  });

  test('need a probe of as many contacts', () => {
    const source = file(Int16Array.of(1, 2));
    expect(() => openRaw(source, selection, linearProbe(3))).toThrow(
      expect.objectContaining({ tag: 'probe-mismatch' })
    );
  });

  test('are not read beyond their ends', async () => {
    const source = openRaw(file(Int16Array.of(1, 2)), selection);
    await expect(source.read(0, 2)).rejects.toThrow(RangeError);
    await expect(source.read(1, 0)).rejects.toThrow(RangeError);
  });
});

describe('layouts', () => {
  test('place tetrodes and grids', () => {
    expect(
      tetrodeProbe(8)
        .contacts.map(({ x, y, shank }) => [x, y, shank])
        .slice(3, 6)
    ).toEqual([
      [20, 20, 0],
      [200, 0, 1],
      [220, 0, 1]
    ]);
    expect(gridProbe({ channelCount: 3, columns: 2, pitchXUm: 32, pitchYUm: 20 }).contacts[2]).toMatchObject({
      x: 0,
      y: 20
    });
  });
});

describe('probeinterface files', () => {
  const probe = (changes: object = {}) =>
    JSON.stringify({
      specification: 'probeinterface',
      version: '0.2.24',
      probes: [
        {
          ndim: 2,
          si_units: 'um',
          annotations: { model_name: 'P32' },
          contact_positions: [
            [0, 0],
            [0, 20],
            [0, 40]
          ],
          contact_ids: ['a', 'b', 'c'],
          shank_ids: ['', '', ''],
          device_channel_indices: [2, 0, 1],
          ...changes
        }
      ]
    });

  test('put contacts in the order of their channels', () => {
    const parsed = parseProbeinterface(probe());
    expect(parsed).toMatchObject({ name: 'P32', origin: 'probe-file' });
    expect(parsed.contacts.map(({ id, y }) => [id, y])).toEqual([
      ['b', 20],
      ['c', 40],
      ['a', 0]
    ]);
  });

  test('leave out contacts that are not connected, and scale mm', () => {
    const parsed = parseProbeinterface(probe({ device_channel_indices: [-1, 0, 1], si_units: 'mm' }));
    expect(parsed.contacts.map(({ y }) => y)).toEqual([20_000, 40_000]);
  });

  test('number shanks as they come', () => {
    const parsed = parseProbeinterface(probe({ shank_ids: ['1', '1', '0'], device_channel_indices: null }));
    expect(parsed.contacts.map(({ shank }) => shank)).toEqual([0, 0, 1]);
  });

  test.each([
    ['no JSON', '{'],
    ['another file', '{"a": 1}'],
    ['a wiring with a hole', probe({ device_channel_indices: [0, 1, 5] })],
    ['a wiring with a double', probe({ device_channel_indices: [0, 1, 1] })],
    ['lists of unequal length', probe({ contact_ids: ['a'] })],
    ['nothing connected', probe({ device_channel_indices: [-1, -1, -1] })],
    ['a position that is no number', probe({ contact_positions: [[0, null]] })]
  ])('%s is refused', (_name, text) => {
    expect(() => parseProbeinterface(text)).toThrow(expect.objectContaining({ tag: 'probe-file-invalid' }));
  });
});
