// The ports that containers of the lab publish or programs of the lab itself listen on, each a button that opens it in a tab of its own, one that shows it beside the
// terminal, and one that shares it. They come and go by themselves; that one has come is said, and stands out for a moment. More than a few are a list behind a button.
'use client';
import { ChevronDown, ExternalLink, PanelRight, Share2 } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import type { PortView } from '../../server/protocol.ts';
import { useTexts } from '../language/texts-context.tsx';
import { ShareDialog } from './share-dialog.tsx';
import { useShowTerminal, useWorkspace, useWorkspaceClient } from './workspace-context.tsx';

/** As many as stand beside the status without pushing it away; one more is no list yet. */
const MAX_CHIPS = 3;

export function PortChips() {
  const t = useTexts();
  const ports = useWorkspace((s) => s.ports);
  const [sharing, setSharing] = useState<number | null>(null);
  const sorted = [...ports.filter((one) => one.protocol === 'tcp'), ...ports.filter((one) => one.protocol === 'udp')];
  const shown = sorted.length > MAX_CHIPS + 1 ? MAX_CHIPS : sorted.length;
  const [chips, more] = [sorted.slice(0, shown), sorted.slice(shown)];
  return (<>
    {ports.length > 0 && <ul className="port-chips" aria-label={t('ports.label')} data-testid="ports">
      {chips.map((one) => <li key={keyOf(one)}><Chip port={one} share={setSharing} /></li>)}
      {more.length > 0 && <li><MorePorts ports={more} share={setSharing} /></li>}
    </ul>}
    <NewPorts ports={ports} />
    {sharing !== null && <ShareDialog port={sharing} close={() => setSharing(null)} />}
  </>);
}

const keyOf = ({ port, protocol }: PortView) => `${port} ${protocol}`;

function Chip({ port: { port: number, container, containerPort, protocol }, share }: { port: PortView; share(port: number): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const showTerminal = useShowTerminal();
  const connected = useWorkspace((s) => s.link === 'connected');
  const port = String(number);
  if (protocol === 'udp') return <span className="port-udp" title={t('ports.udpWhy', { container: container ?? '' })}>{t('ports.udp', { port })}<span className="visually-hidden"> {t('ports.udpWhy', { container: container ?? '' })}</span></span>;
  return (<>
    <button type="button" className="button small port-open" disabled={!connected} title={container === null ? t('ports.titleOwn', { port }) : t('ports.title', { containerPort: String(containerPort), container })} onClick={() => client.openPort(number)}>
      <span>{t('ports.port', { port })}</span>{container !== null && <span className="port-name" aria-hidden>{container}</span>}<ExternalLink size={14} aria-hidden /><span className="visually-hidden"> {container === null ? t('ports.newTabOwn') : t('ports.newTab', { container })}</span>
    </button>
    <button type="button" className="icon-button" disabled={!connected} aria-label={t('pane.open', { port })} title={t('pane.open', { port })} onClick={() => { void client.showPort(number); showTerminal(); }}><PanelRight size={15} aria-hidden /></button>
    <button type="button" className="icon-button" disabled={!connected} aria-label={t('share.open', { port })} title={t('share.open', { port })} onClick={() => share(number)}><Share2 size={15} aria-hidden /></button>
  </>);
}

function MorePorts({ ports, share }: { ports: PortView[]; share(port: number): void }) {
  const t = useTexts();
  const ref = useRef<HTMLDetailsElement>(null);
  const close = () => { if (ref.current?.open) { ref.current.open = false; ref.current.querySelector('summary')?.focus(); } };
  return (
    <details ref={ref} className="port-more" onKeyDown={(event) => { if (event.key === 'Escape') close(); }} onBlur={(event) => { if (event.relatedTarget && !event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false; }}>
      <summary className="button small">{t('ports.more', { count: ports.length })}<ChevronDown size={14} aria-hidden /></summary>
      <ul aria-label={t('ports.moreLabel')}>{ports.map((one) => <li key={keyOf(one)}><Chip port={one} share={(port) => { close(); share(port); }} /></li>)}</ul>
    </details>
  );
}

/** Said once for each that comes while the page is open: a chip at the top of the page is easily missed by who looks at the prompt. */
function NewPorts({ ports }: { ports: PortView[] }) {
  const t = useTexts();
  const known = useRef<Set<string> | null>(null);
  const [said, setSaid] = useState('');
  useEffect(() => {
    const openable = ports.filter((one) => one.protocol === 'tcp');
    const fresh = known.current === null ? [] : openable.filter((one) => !known.current!.has(keyOf(one)));
    known.current = new Set(openable.map(keyOf));
    const [first] = fresh;
    if (first) setSaid(t(fresh.length > 1 ? 'ports.cameMany' : 'ports.came', { port: String(first.port), count: fresh.length }));
  }, [ports, t]);
  return <span className="visually-hidden" role="status" data-testid="new-ports">{said}</span>;
}
