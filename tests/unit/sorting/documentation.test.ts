/** docs/sorting.md against the engine: what users read there is what the app and the command line show. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { engineProcessor } from '#lib/sorting/parameters.ts';

const page = readFileSync('docs/sorting.md', 'utf8');
const { parameters } = engineProcessor;

/** Rows of the page's tables that begin with a parameter's name: its cells. */
const rows = page
  .split('\n')
  .map((line) => /^\| `(\w+)` \| (.*?) \| (.*) \|$/.exec(line))
  .filter((match) => match !== null)
  .map(([, name, value, text]) => ({ name, value, text }));

describe('the page about sorting', () => {
  it('lists every parameter once, in the order of the app, with its default and its help text', () => {
    const expected = parameters.map(({ name, default: value, unit, description }) => ({
      name,
      value: unit === undefined ? String(value) : `${String(value)} ${unit}`,
      text: description
    }));
    expect(rows).toEqual(expected);
  });

  it('lists them under the groups of the app', () => {
    const at = (text: string) => page.indexOf(text);
    for (const { name, group } of parameters) {
      const heading = page.lastIndexOf('\n### ', at(`\n| \`${name}\``));
      expect(page.slice(heading).split('\n')[1]).toBe(`### ${group}`);
    }
  });

  it.each(parameters.map(({ name }) => name))('explains %s, with a figure that is there', (name) => {
    const start = page.indexOf(`\n#### ${name}\n`);
    expect(start).toBeGreaterThan(0);
    const section = page.slice(start + 1).split(/\n#{2,4} /)[0] ?? '';
    const figure = `images/parameter-${name}.svg`;
    expect(section).toContain(`](${figure})`);
    expect(existsSync(`docs/${figure}`)).toBe(true);
  });
});

describe('help texts', () => {
  it.each(parameters.map(({ name, description }) => [name, description]))(
    'that of %s fits one line of the form and says more than what it is',
    (_, description) => {
      expect(description).toMatch(/^[A-Z].*\.$/);
      expect(description.length).toBeLessThanOrEqual(180);
      expect(description).toMatch(/\b(raise|lower|choose)\b/i);
    }
  );
});
