// HAST from remark-rehype → the JSON that a page is made of: no positions, no comments, no elements or links that do harm.
import type { Element, Root } from 'hast';
import type { HastElement, HastNode, HastRoot } from './schema.ts';

export const plain = (root: Root): HastRoot => ({ type: 'root', children: root.children.flatMap(node) });

function node(from: Root['children'][number] | Element['children'][number]): HastNode[] {
  if (from.type === 'text') return [{ type: 'text', value: from.value }];
  if (from.type !== 'element') return [];
  const run = runnable(from);
  if (run) return [run];
  const element: HastElement = { type: 'element', tagName: from.tagName, properties: properties(from), children: from.children.flatMap(node) };
  return [element];
}

function properties(from: Element): HastElement['properties'] {
  const kept: HastElement['properties'] = {};
  for (const [name, value] of Object.entries(from.properties)) {
    if (value === null || value === undefined || value === false) continue;
    if ((name === 'href' || name === 'src') && !isSafe(String(value))) continue;
    kept[name] = value;
  }
  return kept;
}

/** `pre > code[run]`, marked by render.ts, becomes x-run with the plain block within. */
function runnable(from: Element): HastElement | undefined {
  const code = from.children[0];
  if (from.tagName !== 'pre' || code?.type !== 'element' || typeof code.properties.run !== 'string') return undefined;
  const { run, ...rest } = code.properties;
  const block: Element = { ...from, children: [{ ...code, properties: rest }] };
  return { type: 'element', tagName: 'x-run', properties: JSON.parse(run as string) as HastElement['properties'], children: node(block) };
}

/** Relative links, fragments, and the web; no javascript:, no data:. */
const isSafe = (link: string) => /^(https?:|mailto:)/i.test(link) || !/^[^/?#]*:/.test(link);
