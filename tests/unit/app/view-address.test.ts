import { expect, test } from 'vitest';
import { readViewAddress, writeViewAddress } from '#lib/app/view-address.ts';

const view = { startSeconds: 12.34567, spanSeconds: 0.25, firstRow: 3, rowCount: 16, uvPerRow: 150 };

test('a view survives the address', () => {
  const written = writeViewAddress(new URLSearchParams('demo='), {
    view,
    channels: [4, 7],
    units: [2],
    panel: 'units'
  });
  expect(written.has('demo')).toBe(true);
  expect(readViewAddress(written)).toEqual({
    view: { startSeconds: 12.3457, spanSeconds: 0.25, firstRow: 3, uvPerRow: 150 },
    channels: [4, 7],
    units: [2],
    panel: 'units'
  });
});

test('an address that holds nonsense is no view', () => {
  expect(readViewAddress(new URLSearchParams('t=abc&w=-1&ch=1,x,2.5,&units='))).toEqual({
    view: {},
    channels: [1],
    units: [],
    panel: undefined
  });
});
