import { expect, test } from 'vitest';
import { checkRawFields, guessRawFields } from '#lib/app/raw-form.ts';

test('a name that says its layout is believed', () => {
  expect(guessRawFields('locust_4ch_15kHz_int16.dat', 1200)).toMatchObject({
    channelCount: '4',
    samplingRateHz: '15000',
    dtype: 'int16'
  });
  expect(guessRawFields('traces_float32.bin', 64 * 4 * 10)).toMatchObject({
    dtype: 'float32',
    channelCount: '64'
  });
});

test('the duration follows from the size', () => {
  const fields = { ...guessRawFields('a.dat', 4 * 2 * 15_000), channelCount: '4', samplingRateHz: '15000' };
  const check = checkRawFields(fields, 4 * 2 * 15_000);
  expect(check.durationSeconds).toBe(1);
  expect(check.selection).toMatchObject({ format: 'raw', channelCount: 4, gainUv: 1 });
});

test('a size that does not fit the channels is said, with what is left over', () => {
  const check = checkRawFields({ ...guessRawFields('a.dat', 1001), channelCount: '4' }, 1001);
  expect(check.selection).toBeUndefined();
  expect(check.problems.channelCount).toContain('1 bytes are left over');
});

test('fields that hold no number are named', () => {
  const check = checkRawFields(
    { channelCount: '0', samplingRateHz: '', dtype: 'int16', offsetBytes: '-1', gainUv: '0', offsetUv: 'x' },
    100
  );
  expect(Object.keys(check.problems).sort()).toEqual([
    'channelCount',
    'gainUv',
    'offsetBytes',
    'offsetUv',
    'samplingRateHz'
  ]);
});
