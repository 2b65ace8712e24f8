import { encode } from 'uqr';
import { expect, test } from 'vitest';
import { drawQr } from '#lib/components/qr-modules.ts';

/** The modules that a path paints. */
function painted({ path, size }: { path: string; size: number }): boolean[][] {
  const rows = Array.from({ length: size }, () => Array.from({ length: size }, () => false));
  for (const [, x, y, length] of path.matchAll(/M(\d+) (\d+)h(\d+)v1H\d+z/g))
    for (let i = 0; i < Number(length); i++) {
      const row = rows[Number(y)];
      if (row) row[Number(x) + i] = true;
    }
  return rows;
}

test('a link as long as an invitation is drawn module by module, four white ones around it', () => {
  const text = `https://sorting.example.org/join#${'eyJ2IjoxLCJwcm9qZWN0Ijoi'.repeat(30)}`;
  const drawing = drawQr(text);
  const { data, size } = encode(text, { ecc: 'L', border: 0 });
  expect(drawing.size).toBe(size + 8);
  const rows = painted(drawing);
  expect(rows.slice(4, -4).map((row) => row.slice(4, -4))).toEqual(data);
  expect(rows.flat().filter(Boolean)).toHaveLength(data.flat().filter(Boolean).length);
});

test('what no QR code can hold is refused', () => {
  expect(() => drawQr('x'.repeat(3000))).toThrow();
});
