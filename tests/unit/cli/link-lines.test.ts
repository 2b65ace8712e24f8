import { expect, test } from 'vitest';
import { linkLines } from '../../../compute-node/cli/link-lines.ts';

const link = `https://sorting.example.org/pair#${'a'.repeat(500)}`;

test('a QR code follows a link by HTTPS in a terminal that is wide enough', () => {
  const [first, ...code] = linkLines(link, 120).split('\n');
  expect(first).toBe(link);
  expect(code.length).toBeGreaterThan(20);
  // eslint-disable-next-line no-control-regex -- the colours that the terminal is told
  const shown = code.map((line) => line.replaceAll(/\x1b\[[0-9;]*m/g, ''));
  expect(shown.every((line) => line.length <= 120)).toBe(true);
  // The border is light: a block, not the black ground.
  expect(shown[0]).toMatch(/^█+$/);
});

test('elsewhere there is the link alone', () => {
  expect(linkLines(link, 40)).toBe(link);
  expect(linkLines(link, undefined)).toBe(link);
  const local = link.replace('https://sorting.example.org', 'http://localhost:4317');
  expect(linkLines(local, 200)).toBe(local);
});
