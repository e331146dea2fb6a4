// A lesson's parsed text as components, on the server. lessons/render.ts lists the custom elements, x-…
import { toJsxRuntime } from 'hast-util-to-jsx-runtime';
import { Children, isValidElement, type ReactNode } from 'react';
import { Fragment, jsx, jsxs } from 'react/jsx-runtime';
import type { QuizView } from '../../server/protocol.ts';
import { site, type LessonPage, type LessonTask } from '../../server/site.ts';
import { getTexts } from '../language/texts.ts';
import { SHORT_CODE } from '../components/words.tsx';
import { CodeBlock } from './code-block.tsx';
import { OpenFileChip, OpenPortChip } from './open-chips.tsx';
import { QuizCard } from './quiz-card.tsx';
import { RunBlock } from './run-block.tsx';
import { TaskCard } from './task-card.tsx';

type Body = LessonPage['body'];
type Node = Body['children'][number];

export async function LessonBody({ body, tasks, quizzes }: { body: Body; tasks: LessonTask[]; quizzes: QuizView[] }) {
  const t = await getTexts();
  let first = beginsWithCommand(body);
  const Solution = (p: { children: ReactNode }) => <details className="fold solution"><summary>{t('lesson.solution')}</summary><div>{p.children}</div></details>;
  const components = {
    'x-run': (p: { code: string; language: string; paste?: boolean; terminal?: string; children: ReactNode }) => {
      const isFirst = first;
      first = false;
      return <RunBlock code={p.code} paste={p.paste === true} terminal={p.terminal} first={isFirst}>{p.children}</RunBlock>;
    },
    'x-code': (p: { code: string; language: string; children: ReactNode }) => <CodeBlock code={p.code} language={p.language}>{p.children}</CodeBlock>,
    'x-task': (p: { id: string; children: ReactNode }) => {
      const index = tasks.findIndex((one) => one.id === p.id);
      const task = tasks[index];
      if (!task) return <>{p.children}</>;
      const needs = task.needs.map((id) => tasks.find((one) => one.id === id)?.title ?? id);
      // Hints are asked for between the text and the solution.
      const parts = Children.toArray(p.children);
      const solution = parts.filter((part) => isValidElement(part) && part.type === Solution);
      return <TaskCard id={task.id} level={early.has(task.id) ? 2 : 3} number={index + 1} title={task.title} needs={needs} solution={solution}>{parts.filter((part) => !solution.includes(part))}</TaskCard>;
    },
    'x-quiz': (p: { id: string }) => {
      const quiz = quizzes.find((one) => one.id === p.id);
      return quiz ? <QuizCard quiz={quiz} /> : null;
    },
    'x-open': (p: { label: string; file: string; line?: number }) => <OpenFileChip label={p.label} path={p.file} line={p.line} />,
    'x-port': (p: { label: string; port: number }) => <OpenPortChip label={p.label} port={p.port} />,
    // It scrolls sideways on a narrow window, which a keyboard must be able to do, too.
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex
    'x-diagram': (p: { alt: string; children: ReactNode }) => <figure className="diagram"><div className="diagram-drawing" role="img" aria-label={p.alt} tabIndex={0}>{p.children}</div><figcaption aria-hidden>{p.alt}</figcaption></figure>,
    'x-hint': (p: { title: string; children: ReactNode }) => <details className="fold"><summary>{p.title}</summary><div>{p.children}</div></details>,
    'x-solution': Solution,
    'x-callout': (p: { kind: string; title: string; children: ReactNode }) => <aside className="callout" data-kind={p.kind}><p className="label">{p.title}</p>{p.children}</aside>,
    code: (p: { className?: string; children?: ReactNode }) => <code className={p.className} data-short={typeof p.children === 'string' && p.children.length < SHORT_CODE}>{p.children}</code>,
    table: (p: { children?: ReactNode }) => <div className="table-scroll"><table>{p.children}</table></div>,
    a: (p: { href?: string; children?: ReactNode }) => (/^https?:/.test(p.href ?? '') ? <a href={p.href} target="_blank" rel="noopener noreferrer">{p.children}</a> : <a href={p.href}>{p.children}</a>),
  };
  // A task that comes before the first heading of the text stands directly below the page's own.
  const heading = body.children.findIndex((node) => node.type === 'element' && node.tagName === 'h2');
  const early = new Set(body.children.slice(0, Math.max(0, heading)).flatMap((node) => (node.type === 'element' && node.tagName === 'x-task' ? [String(node.properties.id)] : [])));
  const coloured = { type: 'root' as const, children: await Promise.all(body.children.map(colour)) };
  return toJsxRuntime(coloured as Parameters<typeof toJsxRuntime>[0], { Fragment, jsx: jsx as never, jsxs: jsxs as never, components: components as never });
}

/** Whether a newcomer may press the first Run before anything else: no task that is theirs to work out comes before it. */
function beginsWithCommand(body: Body): boolean {
  const opening = body.children.find((node) => node.type === 'element' && (node.tagName === 'x-run' || node.tagName === 'x-task'));
  const holdsRun = (node: Node): boolean => node.type === 'element' && (node.tagName === 'x-run' || node.children.some(holdsRun));
  return opening !== undefined && holdsRun(opening);
}

/** Replaces the plain block in x-run, and every other block of code, with the coloured one. */
async function colour(node: Node): Promise<Node> {
  if (node.type !== 'element') return node;
  if (node.tagName === 'x-run') return { ...node, children: await block(String(node.properties.code), String(node.properties.language)) };
  const code = node.tagName === 'pre' ? node.children[0] : undefined;
  if (code?.type === 'element' && code.tagName === 'code') {
    const language = [code.properties.className].flat().map(String).find((c) => c.startsWith('language-'))?.slice('language-'.length) ?? 'text';
    const text = code.children.map((child) => (child.type === 'text' ? child.value : '')).join('').replace(/\n$/, '');
    return { type: 'element', tagName: 'x-code', properties: { code: text, language }, children: await block(text, language) };
  }
  return { ...node, children: await Promise.all(node.children.map(colour)) };
}

function block(code: string, language: string): Promise<Node[]> {
  return site().coloured(code, language);
}
