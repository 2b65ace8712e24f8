import { afterEach, expect, it, vi } from 'vitest';
import { paneLimits, PaneSizes } from '#lib/components/pane-sizes.svelte.ts';

const desktop = { width: 1440, height: 900 };
afterEach(() => vi.unstubAllGlobals());

/** A browser's storage that holds one text. */
function storageWith(text: string | null) {
  const storage = {
    text,
    getItem: () => storage.text,
    setItem: (_: string, value: string) => (storage.text = value)
  };
  vi.stubGlobal('localStorage', storage);
  return storage;
}

it('panes begin as large as the interface says, within their limits', () => {
  expect(paneLimits('table', desktop)).toEqual({ value: 372, min: 260, max: 480 });
  expect(paneLimits('probe', desktop).value).toBe(176);
  expect(paneLimits('traces', desktop)).toEqual({ value: 300, min: 160, max: 600 });
  expect(paneLimits('probe', { width: 1920, height: 1080 }).value).toBe(240);
});

it('a small window leaves room for what is beside and below', () => {
  for (const height of [300, 500, 768]) {
    const { value, min, max } = paneLimits('traces', { width: 1024, height });
    expect(value).toBeLessThanOrEqual(max);
    expect(min).toBeLessThanOrEqual(max);
  }
  const { table, probe } = {
    table: paneLimits('table', { width: 1024, height: 768 }),
    probe: paneLimits('probe', { width: 1024, height: 768 })
  };
  expect(1024 - 64 - table.max - probe.max).toBeGreaterThan(300);
});

it('a chosen size is kept, also where the window has no room for it now', () => {
  const storage = storageWith(null);
  const sizes = new PaneSizes();
  sizes.choose('probe', 380.4);
  expect(sizes.sizeOf('probe', { width: 1024, height: 768 }).value).toBe(225);
  expect(storage.text).toBe('{"probe":380}');
  expect(new PaneSizes().sizeOf('probe', { width: 1920, height: 1080 }).value).toBe(380);
  sizes.choose('probe', undefined);
  expect(sizes.sizeOf('probe', desktop).value).toBe(176);
});

it('what is stored and is no size counts as nothing', () => {
  for (const text of ['{', '[]', '{"table":"wide"}', '{"table":-1}', '{"table":1e9}']) {
    storageWith(text);
    expect(new PaneSizes().sizeOf('table', desktop).value).toBe(372);
  }
});
