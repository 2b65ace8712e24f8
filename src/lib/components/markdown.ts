/**
 * CommonMark as a tree of the few things that are shown. What others wrote is hostile input: raw HTML is shown as the
 * text that it is, pictures as links, and a link leads to the web, to a mailbox or into the app.
 */
import { type Nodes, type Root } from 'mdast';
import { fromMarkdown } from 'mdast-util-from-markdown';

export type MarkdownNode =
  | { type: 'text'; text: string }
  | { type: 'code'; text: string }
  | { type: 'block-code'; text: string }
  | { type: 'rule' }
  | { type: 'break' }
  | { type: 'heading'; depth: number; children: MarkdownNode[] }
  | { type: 'list'; ordered: boolean; start: number; children: MarkdownNode[] }
  | { type: 'link'; href: string; children: MarkdownNode[] }
  | { type: 'paragraph' | 'quote' | 'item' | 'emphasis' | 'strong'; children: MarkdownNode[] };

/** A longer text is shown as it is written. */
const longestRendered = 100_000;
/** Deeper nesting is left out: nobody writes it, and it would cost the page its stack. */
const deepest = 40;

export function readMarkdown(text: string): MarkdownNode[] {
  if (text.length > longestRendered) return [{ type: 'block-code', text }];
  const root = fromMarkdown(text);
  const definitions = new Map(
    definitionsOf(root)
      .map(({ identifier, url }) => [identifier.toUpperCase(), url] as const)
      .reverse()
  );
  return root.children.flatMap((node) => read(node, { definitions, depth: 0 }));
}

/** Where a link may lead: the web, a mailbox, or a page of the app; `undefined`: nowhere. */
export function linkTarget(url: string): string | undefined {
  if (/^\/(?![/\\])/.test(url) || /^#/.test(url)) return url;
  const parsed = URL.parse(url);
  return parsed && ['http:', 'https:', 'mailto:'].includes(parsed.protocol) ? parsed.href : undefined;
}

interface Reading {
  definitions: ReadonlyMap<string, string>;
  depth: number;
}

function read(node: Nodes, { definitions, depth }: Reading): MarkdownNode[] {
  const inside = (children: readonly Nodes[]) =>
    depth >= deepest ? [] : children.flatMap((child) => read(child, { definitions, depth: depth + 1 }));
  const link = (url: string | undefined, children: MarkdownNode[]): MarkdownNode[] => {
    const href = url === undefined ? undefined : linkTarget(url);
    return href === undefined ? children : [{ type: 'link', href, children }];
  };
  const named = (identifier: string) => definitions.get(identifier.toUpperCase());
  switch (node.type) {
    case 'text':
    case 'html':
      return [{ type: 'text', text: node.value }];
    case 'inlineCode':
      return [{ type: 'code', text: node.value }];
    case 'code':
      return [{ type: 'block-code', text: node.value }];
    case 'thematicBreak':
      return [{ type: 'rule' }];
    case 'break':
      return [{ type: 'break' }];
    case 'heading':
      return [{ type: 'heading', depth: node.depth, children: inside(node.children) }];
    case 'list':
      return [
        {
          type: 'list',
          ordered: node.ordered ?? false,
          start: node.start ?? 1,
          children: inside(node.children)
        }
      ];
    case 'listItem':
      return [{ type: 'item', children: inside(node.children) }];
    case 'blockquote':
      return [{ type: 'quote', children: inside(node.children) }];
    case 'paragraph':
    case 'emphasis':
    case 'strong':
      return [{ type: node.type, children: inside(node.children) }];
    case 'link':
      return link(node.url, inside(node.children));
    case 'linkReference':
      return link(named(node.identifier), inside(node.children));
    case 'image':
      return link(node.url, [{ type: 'text', text: node.alt || node.url }]);
    case 'imageReference':
      return link(named(node.identifier), [{ type: 'text', text: node.alt || node.identifier }]);
    default:
      return [];
  }
}

/** The first definition of a name counts. */
function definitionsOf(node: Nodes | Root): { identifier: string; url: string }[] {
  if (node.type === 'definition') return [node];
  return 'children' in node ? node.children.flatMap(definitionsOf) : [];
}
