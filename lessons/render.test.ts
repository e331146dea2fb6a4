// From Markdown to the JSON that a page is made of.
import { expect, test } from 'vitest';
import { renderLesson } from './render.ts';
import type { HastElement, HastNode, Task } from './schema.ts';

const task = { id: 'a', title: 'Do it', solution: ['docker ps', { terminal: 'docker run -it x', type: ['^P^Q'] }] } as unknown as Task;
const render = (markdown: string) => renderLesson(markdown, [task], 'lesson.md');
const elements = (nodes: HastNode[]): HastElement[] => nodes.flatMap(node => (node.type === 'element' ? [node, ...elements(node.children)] : []));
const find = (markdown: string, tagName: string) => elements(render(markdown).body.children).filter(element => element.tagName === tagName);
const textOf = (node: HastNode): string => (node.type === 'text' ? node.value : node.children.map(textOf).join(''));

test('a fenced block with `run` becomes x-run with its code; one without stays a block', () => {
  expect(find('```bash run\ndocker ps\ndocker images\n```\n\n```bash\ndocker rm x\n```', 'x-run').map(e => e.properties)).toEqual([{ code: 'docker ps\ndocker images', language: 'bash' }]);
});

test('a block may name its terminal, and leave Enter to the learner', () => {
  expect(find('```bash run paste terminal=two\nls\n```', 'x-run')[0]!.properties).toEqual({ code: 'ls', language: 'bash', paste: true, terminal: 'two' });
});

test('a task knows its id, title and number, and ends with its own solution', () => {
  const [element] = find('::::task{#a}\nText\n\n:::hint[Look]\nhere\n:::\n::::', 'x-task');
  expect(element!.properties).toEqual({ id: 'a', title: 'Do it', number: 1 });
  expect(elements(element!.children).filter(e => e.tagName === 'x-hint')[0]!.properties).toEqual({ title: 'Look' });
  expect(textOf(elements(element!.children).find(e => e.tagName === 'x-solution')!)).toContain('docker ps\ndocker run -it x\n# press Ctrl-P, then Ctrl-Q');
});

test('a solution of the author\'s own is not doubled', () => {
  expect(find('::::task{#a}\n:::solution\nmine\n:::\n::::', 'x-solution')).toHaveLength(1);
});

test('callouts have a kind and a title', () => {
  expect(find(':::warning\nx\n:::\n\n:::hood[See it]\ny\n:::', 'x-callout').map(e => e.properties)).toEqual([{ kind: 'warning', title: 'Careful' }, { kind: 'hood', title: 'See it' }]);
});

test('raw HTML, scripts and links that run something are dropped', () => {
  const { body, problems } = render('<script>alert(1)</script>\n\na <img src=x onerror=alert(1)> b\n\n[x](javascript:alert(1)) [y](data:text/html,z) [z](https://example.org) [w](#part)');
  const json = JSON.stringify(body);
  expect(json).not.toMatch(/script|alert|onerror|data:/);
  expect(elements(body.children).filter(e => e.tagName === 'a').map(e => e.properties.href)).toEqual([undefined, undefined, 'https://example.org', '#part']);
  expect(problems.every(problem => problem.harmless)).toBe(true);
});

test('links that lead nowhere are told with their line; those to headings, tasks, lessons and the web are right', () => {
  const { problems, lessonLinks } = render('# Top\n\n[a](#top) [b](#task-a) [c](/lessons/x) [d](https://example.org/)\n\n[e](#nowhere)\n\n[f](other.md)\n\n:::task{#a}\n:::');
  expect(problems.map(({ line, message }) => [line, message])).toEqual([[7, '“other.md” leads nowhere'], [5, 'nothing in this lesson is called #nowhere']]);
  expect(lessonLinks).toEqual([{ slug: 'x', line: 3 }]);
});

test('nginx:latest in running text, and ::anything, stay text', () => {
  expect(textOf({ type: 'element', tagName: 'div', properties: {}, children: render('Use nginx:latest now.\n\n::leaf').body.children })).toBe('Use nginx:latest now.\n::leaf');
});

test('the result is plain JSON, and headings can be linked to', () => {
  const { body } = render('## What has just happened?\n\n| a | b |\n| - | -: |\n| 1 | 2 |');
  expect(JSON.parse(JSON.stringify(body))).toEqual(body);
  expect(elements(body.children)[0]!.properties).toEqual({ id: 'what-has-just-happened' });
});
