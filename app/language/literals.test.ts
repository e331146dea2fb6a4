// No text of the interface stands in a component: it would be in one language only. Words are texts in the catalogue (../../texts); what is the same in
// every language (names of keys, docker's own words, signs) is let through.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAst } from 'vitest/node';

const app = join(import.meta.dirname, '..');
/** Attributes that a reader meets. */
const READ = new Set(['title', 'alt', 'placeholder', 'label', 'description', 'aria-label', 'aria-description', 'aria-valuetext', 'aria-roledescription']);
/** The same everywhere. */
const NAMES = new Set(['Slipway', 'docker run', 'F6']);

interface Node { type: string; start: number; [key: string]: unknown }

test('every word that a page shows comes from the catalogue', () => {
  const found = readdirSync(app, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.tsx') && !name.endsWith('.test.tsx')).flatMap(name => {
    const text = readFileSync(join(app, name), 'utf8');
    return literals(parseAst(text, { lang: 'tsx' }, name) as unknown as Node).map(({ start, words }) => `app/${name}:${text.slice(0, start).split('\n').length}: ${words}`);
  });
  expect(found).toEqual([]);
});

function literals(node: Node): { start: number; words: string }[] {
  const own = node.type === 'JSXText' ? [node.value] : node.type === 'JSXAttribute' && READ.has((node.name as { name: string }).name) ? spoken(node.value as Node | null) : node.type === 'JSXExpressionContainer' ? spoken(node.expression as Node) : [];
  const words = own.map(value => String(value).replaceAll(/\s+/g, ' ').trim()).filter(value => /\p{L}{2}/u.test(value) && !NAMES.has(value));
  const below = Object.values(node).flatMap(value => (Array.isArray(value) ? value : [value])).filter((value): value is Node => typeof value === 'object' && value !== null && 'type' in value);
  // What an attribute holds that is not read aloud is code.
  const children = node.type === 'JSXAttribute' ? below.filter(child => child.type === 'JSXExpressionContainer').map(child => child.expression as Node).filter(expression => !/Literal|Template|Conditional|Logical/.test(expression.type)) : below;
  return [...words.map(one => ({ start: node.start, words: one })), ...children.flatMap(literals)];
}

/** The strings that an expression may come to, as far as they stand in it. */
function spoken(node: Node | null): unknown[] {
  if (!node) return [];
  if (node.type === 'Literal') return typeof node.value === 'string' ? [node.value] : [];
  if (node.type === 'JSXExpressionContainer') return spoken(node.expression as Node);
  if (node.type === 'ConditionalExpression') return [...spoken(node.consequent as Node), ...spoken(node.alternate as Node)];
  if (node.type === 'LogicalExpression') return [...spoken(node.left as Node), ...spoken(node.right as Node)];
  if (node.type === 'TemplateLiteral') return (node.quasis as { value: { cooked: string } }[]).map(quasi => quasi.value.cooked);
  return [];
}
