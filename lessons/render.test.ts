// From Markdown to the JSON that a page is made of.
import { expect, test } from 'vitest';
import { renderLesson } from './render.ts';
import type { HastElement, HastNode, Task } from './schema.ts';

const task = { id: 'a', title: 'Do it', solution: ['docker ps', { terminal: 'docker run -it x', type: ['^P^Q'] }] } as unknown as Task;
const render = (markdown: string) => renderLesson(markdown, { tasks: [task], quizzes: [] }, 'lesson.md');
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

test('nginx:latest in running text stays text', () => {
  expect(textOf({ type: 'element', tagName: 'div', properties: {}, children: render('Use nginx:latest now.').body.children })).toBe('Use nginx:latest now.');
});

test('the result is plain JSON, and headings can be linked to', () => {
  const { body } = render('## What has just happened?\n\n| a | b |\n| - | -: |\n| 1 | 2 |');
  expect(JSON.parse(JSON.stringify(body))).toEqual(body);
  expect(elements(body.children)[0]!.properties).toEqual({ id: 'what-has-just-happened' });
});

const quiz = { id: 'who', question: 'Who?', points: 1, many: false, options: [{ answer: 'a', right: true, because: 'b' }, { answer: 'c', right: false, because: 'd' }] };
const withQuiz = (markdown: string) => renderLesson(markdown, { tasks: [], quizzes: [quiz] }, 'lesson.md');

test('a quiz, a file to open and a port to open stand on one line each; what is right never reaches the page', () => {
  const { body, problems, quizIds } = withQuiz('::quiz{#who}\n\n::open[The page]{file=/root/site/index.html line=3}\n\n::port{port=8080}');
  expect(problems).toEqual([]);
  expect(quizIds).toEqual(['who']);
  expect(elements(body.children).map(({ tagName, properties }) => [tagName, properties])).toEqual([
    ['x-quiz', { id: 'who' }], ['x-open', { label: 'The page', file: '/root/site/index.html', line: 3 }], ['x-port', { label: 'Port 8080', port: 8080 }],
  ]);
  expect(JSON.stringify(body)).not.toMatch(/because|right/);
});

test('a diagram is drawn when it is loaded, without colours, links or scripts of its own', () => {
  const dot = 'digraph { a [label="<script>" URL="javascript:alert(1)" style=filled fillcolor=red class="accent evil"]; a -> b [label="asks"] }';
  const { body, problems } = withQuiz(`:::diagram[a asks b]\n\`\`\`dot\n${dot}\n\`\`\`\n:::`);
  expect(problems).toEqual([]);
  const all = elements(body.children);
  expect(all[0]).toMatchObject({ tagName: 'x-diagram', properties: { alt: 'a asks b' } });
  expect(new Set(all.map(element => element.tagName))).toEqual(new Set(['x-diagram', 'svg', 'g', 'polygon', 'path', 'text', ...(all.some(e => e.tagName === 'ellipse') ? ['ellipse'] : [])]));
  expect(JSON.stringify(body)).not.toMatch(/javascript|href|fill|stroke"|evil|red/);
  expect(all.some(element => String(element.properties.className).includes('accent'))).toBe(true);
  expect(textOf(all[1]!)).toContain('<script>');
});

test.each([
  ['::quizz{#who}', /no directive ::quizz/], [':::quiz{#who}\n:::', /stands on one line: ::quiz/], ['::quiz{#what}', /no quiz “what”/], ['::open{file=site.html}', /whole path/], ['::open{file=/root/../etc/shadow}', /whole path/],
  ['::port{port=http}', /number of a published port/], [':::diagram\n```dot\ngraph {}\n```\n:::', /no words/], [':::diagram[x]\ny\n:::', /no drawing/], [':::diagram[x]\n```dot\ndigraph { a -> }\n```\n:::', /cannot be drawn: syntax error/],
  ['```bash rnu\nls\n```', /“rnu” after/], ['```bash terminal=web\nls\n```', /a command that a click runs/], ['![A whale](whale.png)', /pictures are not shown/],
])('%j is told with its line', (markdown, says) => {
  const { problems } = withQuiz(`first\n\n${markdown}`);
  expect(problems.map(({ message }) => message).join('\n')).toMatch(says);
  expect(problems[0]!.line).toBeGreaterThanOrEqual(3);
});
