// A diagram in Graphviz's DOT, drawn when its lesson is loaded. Called by render.ts. Of the drawing only shapes and words are kept: colours come from
// the page (styles/lesson.css), so that light and dark both fit; links, styles and everything else that SVG can do are dropped.
import { Graphviz } from '@hpcc-js/wasm-graphviz';
import type { Element, ElementContent, Properties } from 'hast';
import { fromHtml } from 'hast-util-from-html';

const graphviz = await Graphviz.load();
/** Below this share of its size a drawing is scrolled rather than made smaller: its words must be read. */
const LEAST = 0.8;
/** Layout takes longer than in proportion to the graph, and everybody waits for it. */
const MAX_SOURCE = 4000;
const KEPT: Record<string, readonly string[]> = {
  g: ['transform'], path: ['d', 'strokeDashArray', 'strokeWidth'], polygon: ['points', 'strokeDashArray', 'strokeWidth'], polyline: ['points', 'strokeDashArray', 'strokeWidth'],
  ellipse: ['cx', 'cy', 'rx', 'ry', 'strokeDashArray', 'strokeWidth'], text: ['x', 'y', 'textAnchor', 'fontSize'],
};
const CLASSES = /^(node|edge|cluster|graph|accent|calm|good|faint)$/;
const LOOKS = 'graph [fontname=Helvetica fontsize=13 bgcolor=transparent pad=0.1] node [fontname=Helvetica fontsize=13 shape=box margin="0.16,0.09"] edge [fontname=Helvetica fontsize=12 arrowsize=0.8]';

/** Throws, in Graphviz's words, when the source is no graph. */
export function drawDiagram(source: string): Element {
  if (source.length > MAX_SOURCE) throw new Error(`a diagram of more than ${MAX_SOURCE} characters`);
  const drawn = fromHtml(graphviz.layout(source.replace('{', `{ ${LOOKS} `), 'svg', 'dot'), { fragment: true, space: 'html' });
  const svg = drawn.children.find((child): child is Element => child.type === 'element' && child.tagName === 'svg');
  if (!svg) throw new Error('Graphviz has drawn nothing');
  const [, , width] = String(svg.properties.viewBox).split(' ');
  const natural = Math.round(Number(width));
  return { type: 'element', tagName: 'svg', properties: { viewBox: String(svg.properties.viewBox), width: natural, style: `min-width: ${Math.round(natural * LEAST)}px` }, children: svg.children.flatMap(kept) };
}

function kept(node: ElementContent): ElementContent[] {
  if (node.type === 'text') return node.value.trim() ? [{ type: 'text', value: node.value }] : [];
  if (node.type !== 'element') return [];
  if (node.tagName === 'a') return node.children.flatMap(kept); // a link's drawing without the link
  const allowed = KEPT[node.tagName];
  if (!allowed) return [];
  const properties: Properties = {};
  for (const name of allowed) if (node.properties[name] !== undefined && node.properties[name] !== null) properties[name] = node.properties[name];
  const classes = [node.properties.className ?? []].flat().map(String).filter(name => CLASSES.test(name));
  if (classes.length > 0) properties.className = classes;
  return [{ type: 'element', tagName: node.tagName, properties, children: node.children.flatMap(kept) }];
}
