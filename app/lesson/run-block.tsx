// A command that a click types into the terminal. A second click within a second does nothing: a double click must not run it twice.
'use client';
import { CornerDownLeft } from 'lucide-react';
import { useRef, useState, useSyncExternalStore, type ReactNode } from 'react';
import { rich } from '../language/rich.tsx';
import { useTexts } from '../language/texts-context.tsx';
import { useShowTerminal, useWorkspace, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import { CopyButton } from './code-block.tsx';

const COOL_DOWN_MS = 1000;
const DOUBLE_CLICK_MS = 350;
const REFUSAL_MS = 7000;
const SEEN_KEY = 'slipway.ran';

interface Props { code: string; paste: boolean; terminal: string | undefined; first: boolean; children: ReactNode; }

export function RunBlock({ code, paste, terminal, first, children }: Props) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const showTerminal = useShowTerminal();
  const cooling = useRef(false);
  const [said, setSaid] = useState<'waiting' | 'sent' | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const fresh = useSyncExternalStore(never, isFreshVisit, () => false);
  const [answered, setAnswered] = useState(false);
  const begun = useWorkspace((s) => Object.values(s.tasks).some((task) => task.state === 'done'));
  const invited = first && fresh && (answered || !begun);
  const beckons = invited && !answered;

  const run = async (byPointer: boolean) => {
    if (cooling.current) return;
    cooling.current = true;
    setRefusal(null);
    setSaid('waiting');
    setAnswered(true);
    // Not at once: the second half of a double click must not land in the terminal.
    setTimeout(showTerminal, DOUBLE_CLICK_MS);
    const from = document.activeElement;
    const answer = await client.run(code, { enter: !paste, terminal });
    setSaid(answer.sent ? 'sent' : null);
    if (answer.sent) rememberRun();
    else { setRefusal(answer.why); setTimeout(() => setRefusal(null), REFUSAL_MS); }
    // Who clicked goes on by typing, unless they are somewhere else by now; who came by keyboard stays where they are.
    if (answer.sent && byPointer) setTimeout(() => { if ([from, document.body].includes(document.activeElement)) client.focusActive(); }, DOUBLE_CLICK_MS);
    setTimeout(() => { cooling.current = false; setSaid(null); }, COOL_DOWN_MS);
  };
  const label = said === 'sent' ? t('run.sent') : said === 'waiting' ? t('run.waiting') : paste ? t('run.type') : t('run.run');
  return (
    <div className="code-block runnable" data-beckons={beckons}>
      {invited && <p className="beckon">{beckons ? rich(t.parts('run.begin', { run: <strong>{label}</strong> })) : t('run.look')}</p>}
      {children}
      <div className="run-actions">
        {terminal && <span className="run-where" title={t('run.whereTitle', { terminal })}>{t('run.where', { terminal })}</span>}
        <CopyButton code={code} />
        <button type="button" className="button small run" data-testid="run" aria-disabled={said !== null} title={terminal ? t('run.whereTitle', { terminal }) : paste ? t('run.typeTitle') : t('run.runTitle')} onClick={(event) => void run(event.detail > 0)}>
          <CornerDownLeft size={14} aria-hidden /><span aria-live="polite">{label}</span>
        </button>
      </div>
      {refusal && <p className="run-refusal" role="alert">{refusal}</p>}
    </div>
  );
}

/** Decided once per page: the invitation must not vanish under the pointer when it is taken. */
let freshVisit: boolean | undefined;
function isFreshVisit(): boolean { return (freshVisit ??= !hasRun()); }
const never = () => () => undefined;

function hasRun(): boolean { try { return localStorage.getItem(SEEN_KEY) !== null; } catch { return true; } }
function rememberRun(): void { try { localStorage.setItem(SEEN_KEY, '1'); } catch { /* storage is blocked: it will beckon again */ } }
