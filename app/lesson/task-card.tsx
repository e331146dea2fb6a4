// A task within the text: neutral until there was an attempt, then what was expected and found and what to do next, then done with the evidence.
// Announcements for screen readers come from task-line.tsx, because on a narrow window this card may be hidden.
'use client';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { TaskState } from '../../server/protocol.ts';
import type { T } from '../../texts/site.ts';
import { Words } from '../components/words.tsx';
import { rich } from '../language/rich.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { LocalTime } from './local-time.tsx';
import { StartHere } from './start-here.tsx';
import { TaskHints, TaskReset } from './task-help.tsx';

interface Props { id: string; number: number; level: 2 | 3; title: string; needs: string[]; solution: ReactNode; children: ReactNode; }

const OPEN: TaskState = { state: 'open' };

export function TaskCard({ id, number, level, title, needs, solution, children }: Props) {
  const t = useTexts();
  const progress = useWorkspace((s) => s.tasks[id]) ?? OPEN;
  const Heading: 'h2' | 'h3' = `h${level}`;
  return (
    <section className="task" id={`task-${id}`} data-task={id} data-state={progress.state} aria-labelledby={`task-${id}-title`} tabIndex={-1}>
      <header>
        <span className="task-mark" aria-hidden>{progress.state === 'done' ? <Check size={20} strokeWidth={3} /> : number}</span>
        <div><p className="label">{t('task.label', { number })} <span className="task-state">{stateWord(t, progress)}</span></p><Heading className="task-title" id={`task-${id}-title`}>{title}</Heading></div>
      </header>
      <div className="task-text">{children}</div>
      <TaskHints id={id} progress={progress} />
      <div className="task-solution">{solution}</div>
      <Outcome id={id} progress={progress} needs={needs} />
      <StartHere id={id} number={number} />
    </section>
  );
}

const pointsInWords = (t: T, { got, of }: { got: number; of: number }) => t('task.points', { got, count: of });

function stateWord(t: T, progress: TaskState): string {
  switch (progress.state) {
    case 'done': return t('task.done');
    case 'skipped': return t('task.skipped');
    case 'tried': return t('task.tried');
    case 'failed': return t('task.failed');
    case 'locked': return t('task.locked');
    case 'open': return t('task.open');
  }
}

function Outcome({ id, progress, needs }: { id: string; progress: TaskState; needs: string[] }) {
  const t = useTexts();
  switch (progress.state) {
    case 'done': return <p className="task-outcome"><strong>{progress.at ? rich(t.parts('task.doneAt', { time: <LocalTime iso={progress.at} /> })) : t('task.doneNow')}</strong> <Words text={progress.evidence} />{progress.points && <> {pointsInWords(t, progress.points)}.</>}</p>;
    case 'skipped': return <p className="task-outcome task-waiting">{t('task.skippedWhy')}</p>;
    case 'tried': return (
      <dl className="task-outcome">
        <div><dt>{t('task.expected')}</dt><dd><Words text={progress.expected} /></dd></div>
        <div><dt>{t('task.found')}</dt><dd><Words text={progress.found} /></dd></div>
        <div><dt>{t('task.next')}</dt><dd><Words text={progress.next} /></dd></div>
        {progress.points && <div><dt>{t('task.soFar')}</dt><dd>{pointsInWords(t, progress.points)}</dd></div>}
      </dl>
    );
    case 'failed': return <TaskReset id={id} found={progress.found} />;
    case 'locked': return <p className="task-outcome">{needs.length > 0 ? t('task.needs', { tasks: needs.join(', ') }) : t('task.needsEarlier')}</p>;
    case 'open': return <p className="task-outcome task-waiting">{t('task.waits')}</p>;
  }
}
