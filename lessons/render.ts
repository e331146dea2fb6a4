// Markdown → HAST as plain JSON. Called by load.ts with a lesson's text; the site maps the custom elements to its components and
// highlights code itself. Raw HTML is dropped, nothing is executed, links lead to the web or within the page only.
//
//   ```bash run      x-run {code, language, paste?, terminal?}   a command that a click runs
//   :::task{#id}     x-task {id, title, number}                  ends with an x-solution made from the task's own solution
//   :::hint          x-hint {title}      :::solution  x-solution {}      :::note :::warning :::hood  x-callout {kind, title}
import type { Code, Heading, Link, Root, RootContent } from 'mdast';
import type { ContainerDirective, LeafDirective, TextDirective } from 'mdast-util-directive';
import remarkDirective from 'remark-directive';
import remarkGfm from 'remark-gfm';
import remarkParse from 'remark-parse';
import remarkRehype from 'remark-rehype';
import { unified } from 'unified';
import { plain } from './plain.ts';
import type { LessonProblem } from './problem.ts';
import type { Command, HastRoot, Task } from './schema.ts';

const callouts: Record<string, string> = { note: 'Note', warning: 'Careful', hood: 'Under the hood' };
type Node = Root | RootContent;

export interface Rendered { body: HastRoot; problems: LessonProblem[]; /** Slugs of lessons that the text links to, with their lines. */ lessonLinks: { slug: string; line: number }[]; /** Ids of the tasks the text shows, in its order. */ taskIds: string[]; }

export function renderLesson(markdown: string, tasks: readonly Task[], file: string, firstLine = 1): Rendered {
  const problems: LessonProblem[] = [];
  const taskIds: string[] = [];
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
  return { body, problems, taskIds, lessonLinks };

  function walk(node: Node, inTask = false) {
    if (node.type === 'html') complain(node, 'raw HTML is left out of the page', 'Write it as Markdown, or remove it.', true);
    if (node.type === 'code') code(node);
    if (node.type === 'link') link(node);
    if (node.type === 'heading') headings.add(slugOf(node));
    if (node.type === 'heading') node.data = { ...node.data, hProperties: { id: slugOf(node) } };
    if (node.type === 'textDirective' || node.type === 'leafDirective') asText(node, markdown);
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
    if (node.name === 'hint') return element('x-hint', { title: title ?? 'Hint' });
    if (node.name === 'solution') return element('x-solution', {});
    if (node.name in callouts) return element('x-callout', { kind: node.name, title: title ?? callouts[node.name]! });
    if (node.name !== 'task') {
      node.data = { ...node.data, hName: 'div' };
      return complain(node, `there is no directive :::${node.name}`, `Use task, hint, solution, ${Object.keys(callouts).join(', ')}.`);
    }
    const id = node.attributes?.id ?? '';
    const task = tasks.find(t => t.id === id);
    if (inTask) complain(node, `task ${id} lies within another task`, 'Close the first task with ::: before opening the next; a task that holds a hint is written with four colons (::::task).');
    if (!task) return complain(node, `no task “${id}” in tasks.yaml`, 'Give the task its id, as in :::task{#hello}, and describe it in tasks.yaml.');
    if (taskIds.includes(id)) complain(node, `task ${id} is shown twice`, 'Remove one of the two.');
    taskIds.push(id);
    element('x-task', { id, title: task.title, number: tasks.indexOf(task) + 1 });
    if (!node.children.some(child => child.type === 'containerDirective' && child.name === 'solution')) node.children.push(solution(task));
  }
}

function code(node: Code) {
  const words = (node.meta ?? '').split(/\s+/);
  if (!words.includes('run')) return;
  const terminal = words.find(w => w.startsWith('terminal='))?.slice('terminal='.length);
  const properties = { code: node.value, language: node.lang ?? 'bash', ...(words.includes('paste') ? { paste: true } : {}), ...(terminal ? { terminal } : {}) };
  node.data = { ...node.data, hProperties: { run: JSON.stringify(properties) } };
}

function solution(task: Task): ContainerDirective {
  return { type: 'containerDirective', name: 'solution', attributes: {}, data: { hName: 'x-solution' }, children: [{ type: 'code', lang: 'bash', value: task.solution.flatMap(commandText).join('\n') }] };
}

export const commandText = (command: Command): string[] => (typeof command === 'string' ? [command] : [command.terminal, ...command.type.map(keyNames)]);
const keyNames = (line: string) => line.replaceAll('^P^Q', '# press Ctrl-P, then Ctrl-Q').replaceAll('^D', '# press Ctrl-D').replaceAll('^C', '# press Ctrl-C');

/** A label such as :::hint[Where to look] is the directive's first paragraph. */
function takeLabel(node: ContainerDirective): string | undefined {
  const first = node.children[0];
  if (first?.type !== 'paragraph' || !first.data || !('directiveLabel' in first.data)) return undefined;
  node.children.shift();
  return textOf(first);
}

/** nginx:latest in running text parses as a directive; it is text. */
function asText(node: TextDirective | LeafDirective, markdown: string) {
  const value = markdown.slice(node.position?.start.offset ?? 0, node.position?.end.offset ?? 0);
  if (node.type === 'leafDirective') return void Object.assign(node, { type: 'paragraph', children: [{ type: 'text', value }] });
  Object.assign(node, { type: 'text', value });
  delete (node as { children?: unknown }).children;
}

const slugOf = (heading: Heading) => textOf(heading).toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
const textOf = (node: Node): string => ('value' in node ? node.value : 'children' in node ? (node.children as RootContent[]).map(textOf).join('') : '');
