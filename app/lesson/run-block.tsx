// A command that a click types into the terminal. A second click within a second does nothing: a double click must not run it twice.
'use client';
import { CornerDownLeft } from 'lucide-react';
import { useEffect, useRef, useState, type ReactNode } from 'react';
import { useShowTerminal, useWorkspaceClient } from '../workspace/workspace-context.tsx';
import { CopyButton } from './code-block.tsx';

const COOL_DOWN_MS = 1000;
const SEEN_KEY = 'slipway.ran';

interface Props { code: string; paste: boolean; first: boolean; children: ReactNode; }

export function RunBlock({ code, paste, first, children }: Props) {
  const client = useWorkspaceClient();
  const showTerminal = useShowTerminal();
  const cooling = useRef(false);
  const [said, setSaid] = useState<'waiting' | 'sent' | null>(null);
  const [refusal, setRefusal] = useState<string | null>(null);
  const [beckons, setBeckons] = useState(false);
  useEffect(() => { if (first && !hasRun()) setBeckons(true); }, [first]);

  const run = async () => {
    if (cooling.current) return;
    cooling.current = true;
    setRefusal(null);
    setSaid('waiting');
    setBeckons(false);
    showTerminal();
    const answer = await client.run(code, { enter: !paste });
    setSaid(answer.sent ? 'sent' : null);
    if (answer.sent) rememberRun(); else setRefusal(answer.why);
    setTimeout(() => { cooling.current = false; setSaid(null); }, COOL_DOWN_MS);
  };
  const label = said === 'sent' ? 'Sent' : said === 'waiting' ? 'Waiting…' : paste ? 'Type it' : 'Run';
  return (
    <div className="code-block runnable" data-beckons={beckons}>
      {beckons && <p className="beckon">Begin here: press <strong>Run</strong>. The command is typed into your terminal.</p>}
      {children}
      <div className="run-actions">
        <CopyButton code={code} />
        <button type="button" className="button small run" data-testid="run" aria-disabled={said !== null} title={paste ? 'Types it into the terminal and leaves Enter to you' : 'Runs it in the terminal'} onClick={() => void run()}>
          <CornerDownLeft size={14} aria-hidden /><span aria-live="polite">{label}</span>
        </button>
      </div>
      {refusal && <p className="run-refusal" role="alert">{refusal}</p>}
    </div>
  );
}

function hasRun(): boolean { try { return localStorage.getItem(SEEN_KEY) !== null; } catch { return true; } }
function rememberRun(): void { try { localStorage.setItem(SEEN_KEY, '1'); } catch { /* storage is blocked: it will beckon again */ } }
