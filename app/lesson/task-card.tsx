// A task within the text: neutral until there was an attempt, then what was expected and found and what to do next, then done with the evidence.
// Announcements for screen readers come from task-line.tsx, because on a narrow window this card may be hidden.
'use client';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import type { TaskState } from '../../server/protocol.ts';
import { Words } from '../components/words.tsx';
import { useWorkspace } from '../workspace/workspace-context.tsx';
import { LocalTime } from './local-time.tsx';

interface Props { id: string; number: number; title: string; needs: string[]; children: ReactNode; }

const OPEN: TaskState = { state: 'open' };

export function TaskCard({ id, number, title, needs, children }: Props) {
  const progress = useWorkspace((s) => s.tasks[id]) ?? OPEN;
  return (
    <section className="task" id={`task-${id}`} data-task={id} data-state={progress.state} aria-labelledby={`task-${id}-title`} tabIndex={-1}>
      <header>
        <span className="task-mark" aria-hidden>{progress.state === 'done' ? <Check size={20} strokeWidth={3} /> : number}</span>
        <div><p className="label">Task {number} <span className="task-state">{stateWord(progress)}</span></p><h3 id={`task-${id}-title`}>{title}</h3></div>
      </header>
      <div className="task-text">{children}</div>
      <Outcome progress={progress} needs={needs} />
    </section>
  );
}

const pointsInWords = ({ got, of }: { got: number; of: number }) => `${got} of ${of} ${of === 1 ? 'point' : 'points'}`;

function stateWord(progress: TaskState): string {
  switch (progress.state) {
    case 'done': return 'Done';
    case 'skipped': return 'Skipped';
    case 'tried': return 'Not yet';
    case 'locked': return 'Later';
    case 'open': return 'To do';
  }
}

function Outcome({ progress, needs }: { progress: TaskState; needs: string[] }) {
  switch (progress.state) {
    case 'done': return <p className="task-outcome"><strong>Done{progress.at && <> at <LocalTime iso={progress.at} /></>}.</strong> <Words text={progress.evidence} />{progress.points && <> {pointsInWords(progress.points)}.</>}</p>;
    case 'skipped': return <p className="task-outcome task-waiting">Done for you by “Start here”. It earns nothing; reset the lab to do it yourself.</p>;
    case 'tried': return (
      <dl className="task-outcome">
        <div><dt>Expected</dt><dd><Words text={progress.expected} /></dd></div>
        <div><dt>Found</dt><dd><Words text={progress.found} /></dd></div>
        <div><dt>Next</dt><dd><Words text={progress.next} /></dd></div>
        {progress.points && <div><dt>So far</dt><dd>{pointsInWords(progress.points)}</dd></div>}
      </dl>
    );
    case 'locked': return <p className="task-outcome">Counts once you have done: {needs.join(', ') || 'the tasks before it'}.</p>;
    case 'open': return <p className="task-outcome task-waiting">Ticks by itself when it is done, however you do it.</p>;
  }
}
