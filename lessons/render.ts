// Markdown → HAST as plain JSON. Called by load.ts with a lesson's text; the site maps the custom elements to its components and
// highlights code itself. Raw HTML is dropped, nothing is executed, links lead to the web or within the page only.
//
//   ```bash run      x-run {code, language, paste?, terminal?}   a command that a click runs
//   :::task{#id}     x-task {id, title, number}                  ends with an x-solution made from the task's own solution
//   :::hint          x-hint {title}      :::solution  x-solution {}      :::note :::warning :::hood  x-callout {kind, title}
//   :::diagram[…]    x-diagram {alt}     the drawing (diagram.ts) of the ```dot block within
//   ::quiz{#id}      x-quiz {id}         ::open[…]{file line}  x-open {label, file, line?}         ::port[…]{port}  x-port {label, port}
import type { ElementContent } from 'hast';
import type { Code, Heading, Link, Root, RootContent } from 'mdast';
import type { ContainerDirective, LeafDirective, TextDirective } from 'mdast-util-directive';
import remarkDirective from 'remark-directive';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';
import { drawDiagram } from './diagram.ts';
import { plain } from './plain.ts';
import { SOURCE, type Language } from '../texts/language.ts';
import type { LessonProblem } from './problem.ts';
import type { Quiz } from './quiz.ts';
import type { Command, HastRoot, Task } from './schema.ts';
import { callouts, hint, keys, port as portName } from './words.ts';

type Node = Root | RootContent;

export interface Rendered { body: HastRoot; problems: LessonProblem[]; /** Slugs of lessons that the text links to, with their lines. */ lessonLinks: { slug: string; line: number }[]; /** Ids of the tasks the text shows, in its order. */ taskIds: string[]; quizIds: string[]; }

export function renderLesson(markdown: string, { tasks, quizzes }: { tasks: readonly Task[]; quizzes: readonly Quiz[] }, file: string, firstLine = 1, language: Language = SOURCE): Rendered {
  const problems: LessonProblem[] = [];
  const taskIds: string[] = [];
  const quizIds: string[] = [];
  const lessonLinks: Rendered['lessonLinks'] = [];
  const headings = new Set<string>();
  const fragments: { node: Link; id: string }[] = [];
  const complain = (node: Node, message: string, fix: string, harmless = false) =>
    problems.push({ file, line: (node.position?.start.line ?? 1) + firstLine - 1, message, fix, ...(harmless ? { harmless } : {}) });

  const pipeline = unified().use(remarkParse).use(remarkGfm).use(remarkDirective).use(() => (tree: Root) => walk(tree)).use(remarkRehype);
  const body = plain(pipeline.runSync(pipeline.parse(markdown)));
  for (const { node, id } of fragments) {
    if (!headings.has(id) && !taskIds.includes(id.replace(/^task-/, ''))) complain(node, `nothing in this lesson is called #${id}`, `Link to a heading (${[...headings].slice(0, 8).map(name => `#${name}`).join(', ')}) or to a task (#task-ID).`, true);
  }
  return { body, problems, taskIds, quizIds, lessonLinks };

  function walk(node: Node, inTask = false) {
    if (node.type === 'html') complain(node, 'raw HTML is left out of the page', 'Write it as Markdown, or remove it.', true);
    if (node.type === 'code') code(node);
    if (node.type === 'image' || node.type === 'imageReference') complain(node, 'pictures are not shown', 'Draw it as a :::diagram, or describe it.');
    if (node.type === 'link') link(node);
    if (node.type === 'heading') headings.add(slugOf(node));
    if (node.type === 'heading') node.data = { ...node.data, hProperties: { id: slugOf(node) } };
    if (node.type === 'textDirective') asText(node, markdown);
    if (node.type === 'leafDirective') leaf(node);
    const task = node.type === 'containerDirective' && node.name === 'task';
    if (node.type === 'containerDirective') container(node, inTask);
    if ('children' in node) for (const child of node.children) walk(child as RootContent, inTask || task);
  }

  function link(node: Link) {
    const lesson = /^\/lessons\/([a-z0-9-]+)(?:#.*)?$/.exec(node.url)?.[1];
    if (lesson) lessonLinks.push({ slug: lesson, line: (node.position?.start.line ?? 1) + firstLine - 1 });
    else if (node.url.startsWith('#')) fragments.push({ node, id: node.url.slice(1) });
    else if (!/^(https?:\/\/[^\s/]+|mailto:.+@)/.test(node.url)) complain(node, `“${node.url}” leads nowhere`, 'Link to the web (https://…), to a lesson (/lessons/NAME), or to a heading of this one (#its-name).', true);
  }

  function container(node: ContainerDirective, inTask: boolean) {
    const title = takeLabel(node);
    const element = (hName: string, hProperties: Record<string, string | number>) => { node.data = { ...node.data, hName, hProperties }; };
    if (node.name === 'diagram') return diagram(node, title);
    if (node.name === 'hint') return element('x-hint', { title: title ?? hint[language] });
    if (node.name === 'solution') return element('x-solution', {});
    if (node.name in callouts) return element('x-callout', { kind: node.name, title: title ?? callouts[node.name]![language] });
    if (node.name !== 'task') {
      node.data = { ...node.data, hName: 'div' };
      if (leaves.includes(node.name)) return complain(node, `${node.name} stands on one line: ::${node.name}`, 'Write it with two colons, and no line ::: below it.');
      return complain(node, `there is no directive :::${node.name}`, `Use task, hint, solution, diagram, ${Object.keys(callouts).join(', ')}; or, with two colons, ${leaves.join(', ')}.`);
    }
    const id = node.attributes?.id ?? '';
    const task = tasks.find(t => t.id === id);
    if (inTask) complain(node, `task ${id} lies within another task`, 'Close the first task with ::: before opening the next; a task that holds a hint is written with four colons (::::task).');
    if (!task) return complain(node, `no task “${id}” in tasks.yaml`, 'Give the task its id, as in :::task{#hello}, and describe it in tasks.yaml.');
    if (taskIds.includes(id)) complain(node, `task ${id} is shown twice`, 'Remove one of the two.');
    taskIds.push(id);
    element('x-task', { id, title: task.title, number: tasks.indexOf(task) + 1 });
    if (!node.children.some(child => child.type === 'containerDirective' && child.name === 'solution')) node.children.push(solution(task, language));
  }

  function leaf(node: LeafDirective) {
    const { name } = node;
    const given: Record<string, string> = Object.fromEntries(Object.entries(node.attributes ?? {}).map(([key, value]) => [key, value ?? '']));
    const label = textOf(node).trim();
    const element = (hName: string, hProperties: Record<string, string | number>) => {
      node.children = [];
      node.data = { ...node.data, hName, hProperties };
    };
    if (name === 'quiz') {
      const id = given.id ?? '';
      if (!quizzes.some(quiz => quiz.id === id)) complain(node, `no quiz “${id}” in tasks.yaml`, 'Give the quiz its id, as in ::quiz{#who}, and describe it below quizzes in tasks.yaml.');
      if (quizIds.includes(id)) complain(node, `quiz ${id} is shown twice`, 'Remove one of the two.');
      quizIds.push(id);
      return element('x-quiz', { id });
    }
    if (name === 'open') {
      const path = given.file ?? '';
      const line = Number(given.line ?? '1');
      if (!/^\/[^\0]{1,300}$/.test(path) || path.split('/').includes('..')) complain(node, 'open needs the whole path of a file', 'Write ::open[What it is]{file=/root/site/index.html}, if you like with line=3.');
      if (!Number.isInteger(line) || line < 1) complain(node, `“${given.line}” is no line of a file`, 'Write its number, as in line=3.');
      return element('x-open', { label: label || path.split('/').at(-1)!, file: path, ...(given.line ? { line } : {}) });
    }
    if (name === 'port') {
      const port = Number(given.port);
      if (!Number.isInteger(port) || port < 1 || port > 65_535) complain(node, 'port needs the number of a published port', 'Write ::port[See the page]{port=8080}.');
      return element('x-port', { label: label || portName(port)[language], port });
    }
    node.data = { ...node.data, hName: 'p' };
    complain(node, `there is no directive ::${name}`, `Use ${leaves.join(', ')}; or, with three colons, task, hint, solution, diagram, ${Object.keys(callouts).join(', ')}.`);
  }

  function diagram(node: ContainerDirective, alt: string | undefined) {
    const dot = node.children.find((child): child is Code => child.type === 'code');
    if (!alt) complain(node, 'the diagram has no words', 'Say what it shows in brackets: :::diagram[The client asks the daemon, which makes the container.]');
    if (dot?.lang !== 'dot') return complain(node, 'the diagram has no drawing', 'Put a block ```dot … ``` within it, with a graph such as digraph { a -> b }.');
    node.children = [];
    try {
      node.data = { ...node.data, hName: 'x-diagram', hProperties: { alt: alt ?? '' }, hChildren: [drawDiagram(dot.value) as ElementContent] };
    } catch (error) {
      complain(dot, `the diagram cannot be drawn: ${(error as Error).message.trim().split('\n')[0]}`, 'Correct the graph; docs/writing-lessons.md shows one.');
    }
  }

  function code(node: Code) {
    const words = (node.meta ?? '').split(/\s+/).filter(Boolean);
    const terminal = words.find(w => w.startsWith('terminal='))?.slice('terminal='.length);
    if (node.lang === 'bash') {
      for (const word of words) if (!/^(run|paste|terminal=[a-z][a-z0-9-]{0,19})$/.test(word)) complain(node, `“${word}” after \`\`\`bash means nothing`, 'Write run, run paste, or run terminal=NAME (small letters, digits, dashes).');
      if (words.length > 0 && !words.includes('run')) complain(node, 'paste and terminal belong to a command that a click runs', 'Write run before them.');
    }
    if (words.includes('run')) runnable(node, words, terminal);
  }
}

/** Directives of one line. */
const leaves = ['quiz', 'open', 'port'];

function runnable(node: Code, words: string[], terminal: string | undefined) {
  const properties = { code: node.value, language: node.lang ?? 'bash', ...(words.includes('paste') ? { paste: true } : {}), ...(terminal ? { terminal } : {}) };
  node.data = { ...node.data, hProperties: { run: JSON.stringify(properties) } };
}

function solution(task: Task, language: Language): ContainerDirective {
  return { type: 'containerDirective', name: 'solution', attributes: {}, data: { hName: 'x-solution' }, children: [{ type: 'code', lang: 'bash', value: task.solution.flatMap(command => commandText(command, language)).join('\n') }] };
}

export const commandText = (command: Command, language: Language = SOURCE): string[] => (typeof command === 'string' ? [command] : [command.terminal, ...command.type.map(line => keyNames(line, language))]);
const keyNames = (line: string, language: Language) => Object.entries(keys).reduce((said, [key, name]) => said.replaceAll(key, name[language]), line);

/** A label such as :::hint[Where to look] is the directive's first paragraph. */
function takeLabel(node: ContainerDirective): string | undefined {
  const first = node.children[0];
  if (first?.type !== 'paragraph' || !first.data || !('directiveLabel' in first.data)) return undefined;
  node.children.shift();
  return textOf(first);
}

/** nginx:latest in running text parses as a directive; it is text. */
function asText(node: TextDirective, markdown: string) {
  const value = markdown.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? 0);
  Object.assign(node, { type: 'text', value });
  delete (node as { children?: unknown }).children;
}

const slugOf = (heading: Heading) => textOf(heading).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
const textOf = (node: Node): string => ('value' in node ? node.value : 'children' in node ? (node.children as RootContent[]).map(textOf).join('') : '');
