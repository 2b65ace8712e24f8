import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { linkTarget, type MarkdownNode, readMarkdown } from '#lib/components/markdown.ts';

describe('Markdown', () => {
  test('is read as a tree of what is shown', () => {
    expect(readMarkdown('# CA1\n\nTwo **shanks**, `32` channels.\n\n2. first')).toEqual([
      { type: 'heading', depth: 1, children: [{ type: 'text', text: 'CA1' }] },
      {
        type: 'paragraph',
        children: [
          { type: 'text', text: 'Two ' },
          { type: 'strong', children: [{ type: 'text', text: 'shanks' }] },
          { type: 'text', text: ', ' },
          { type: 'code', text: '32' },
          { type: 'text', text: ' channels.' }
        ]
      },
      {
        type: 'list',
        ordered: true,
        start: 2,
        children: [
          { type: 'item', children: [{ type: 'paragraph', children: [{ type: 'text', text: 'first' }] }] }
        ]
      }
    ]);
  });

  test('HTML in it is shown as text', () => {
    expect(readMarkdown('<script>alert(1)</script>')).toEqual([
      { type: 'text', text: '<script>alert(1)</script>' }
    ]);
  });

  test('a picture is a link: nothing is loaded by looking', () => {
    expect(readMarkdown('![probe](https://example.org/probe.png)')).toEqual([
      {
        type: 'paragraph',
        children: [
          {
            type: 'link',
            href: 'https://example.org/probe.png',
            children: [{ type: 'text', text: 'probe' }]
          }
        ]
      }
    ]);
  });

  test.each([
    'javascript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//example.org',
    '/\\example.org',
    'x'
  ])('%s is no link', (url) => {
    expect(linkTarget(url)).toBeUndefined();
    expect(readMarkdown(`[here](<${url}>)`)).toEqual([
      { type: 'paragraph', children: [{ type: 'text', text: 'here' }] }
    ]);
  });

  test.each(['https://example.org/', 'mailto:anna@example.org', '/p/1', '#part'])('%s is a link', (url) => {
    expect(linkTarget(url)).toBe(url);
  });

  test('a reference leads where its first definition says', () => {
    expect(readMarkdown('[a][b]\n\n[b]: https://one.org/\n[B]: https://two.org/')).toMatchObject([
      { children: [{ type: 'link', href: 'https://one.org/' }] }
    ]);
  });

  test('what is nested without end does not take the page down', () => {
    expect(() => readMarkdown('> '.repeat(2000) + 'x')).not.toThrow();
  });

  test('whatever is written, no link leads elsewhere', () => {
    const pieces = fc.constantFrom('[', ']', '(', ')', '<', '>', '!', 'javascript:x', 'a', '\n', '`', '*');
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), (parts) => {
        for (const node of readMarkdown(parts.join(''))) expectSafe(node);
      })
    );
  });
});

function expectSafe(node: MarkdownNode): void {
  if (node.type === 'link') expect(node.href).not.toMatch(/^javascript:/i);
  if ('children' in node) for (const child of node.children) expectSafe(child);
}
