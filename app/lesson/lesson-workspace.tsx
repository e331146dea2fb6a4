// A lesson's page in the browser: bar, text left, terminals right; on a narrow window one of the two at a time.
'use client';
import Link from 'next/link';
import { useRouter } from 'next/navigation';
import { useEffect, useMemo, useState, type ReactNode } from 'react';
import type { TaskState } from '../../server/protocol.ts';
import type { LessonTask } from '../../server/site.ts';
import { useTexts } from '../language/texts-context.tsx';
import { Split } from '../components/split.tsx';
import { EditorPanel } from '../editor/editor-panel.tsx';
import { TerminalPanel } from '../terminal/terminal-panel.tsx';
import { PortPane } from '../workspace/port-pane.tsx';
import { useRegionKeys } from '../workspace/region-keys.ts';
import { useVisiblePart } from '../workspace/visible-part.ts';
import { WorkspaceBar } from '../workspace/workspace-bar.tsx';
import { ShowTerminalContext, useWorkspace, WorkspaceProvider } from '../workspace/workspace-context.tsx';
import { LessonProgress } from './lesson-progress.tsx';
import { FreshNotice } from './start-here.tsx';
import { TaskAnnouncer, TaskLine } from './task-line.tsx';

interface Props { slug: string; title: string; tasks: LessonTask[]; initial: Record<string, TaskState>; children: ReactNode; }

export function LessonWorkspace({ slug, title, tasks, initial, children }: Props) {
  const [view, setView] = useState<'left' | 'right'>('left');
  const showTerminal = useMemo(() => () => setView('right'), []);
  const showText = () => setView('left');
  const t = useTexts();
  useRegionKeys();
  useVisiblePart();
  return (
    <WorkspaceProvider slug={slug} tasks={initial}>
      <ShowTerminalContext value={showTerminal}>
        <Refresher />
        {/* On a narrow window the terminal stands in the text's place, and the text's own heading is away. */}
        {view === 'right' && <h1 className="visually-hidden narrow-only">{title}</h1>}
        <WorkspaceBar><LessonProgress tasks={tasks} /></WorkspaceBar>
        <FreshNotice tasks={tasks} />
        <RemovedNotice />
        <div className="view-switch" role="group" aria-label={t('lesson.show')}>
          <button type="button" aria-pressed={view === 'left'} onClick={showText}>{t('lesson.text')}</button>
          <button type="button" aria-pressed={view === 'right'} onClick={showTerminal}>{t('lesson.terminal')}</button>
        </div>
        <Split view={view} left={<article className="lesson-text" data-region="text" tabIndex={-1} aria-label={t('lesson.label')}>{children}</article>} right={<div className="right-column"><EditorPanel /><PortPane /><TerminalPanel autoFocus><TaskLine tasks={tasks} showText={showText} /></TerminalPanel></div>} />
        <TaskAnnouncer tasks={tasks} />
      </ShowTerminalContext>
    </WorkspaceProvider>
  );
}

function RemovedNotice() {
  const t = useTexts();
  const removed = useWorkspace((s) => s.removed);
  return removed && <div className="notice" role="alert" data-testid="removed"><p>{t('removed.text')}</p><Link className="button small" href="/#lessons">{t('removed.lessons')}</Link></div>;
}

/** Asks for the page's text again when the lesson's author has saved a change; terminals and ticks stay as they are. */
function Refresher() {
  const edition = useWorkspace((s) => s.edition);
  const router = useRouter();
  useEffect(() => { if (edition > 0) router.refresh(); }, [edition, router]);
  return null;
}
