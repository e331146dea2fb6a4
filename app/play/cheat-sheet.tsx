// The commands one reaches for. A click runs the one that is safe to run as it stands, and only types those that need a name filled in.
'use client';
import { useRef, useState } from 'react';
import type { T } from '../../texts/site.ts';
import { useTexts } from '../language/texts-context.tsx';
import { useWorkspaceClient } from '../workspace/workspace-context.tsx';

interface Entry { command: string; does: string; /** Ends in something to fill in: typed, not run. */ fill?: boolean; }

const sheet = (t: T): { title: string; entries: Entry[] }[] => [
  { title: t('cheat.run'), entries: [
    { command: 'docker run hello-world', does: t('cheat.runHello') },
    { command: 'docker run -it --rm debian bash', does: t('cheat.runShell') },
    { command: 'docker run -d --name web nginx:1.22', does: t('cheat.runDetached') },
  ] },
  { title: t('cheat.look'), entries: [
    { command: 'docker ps', does: t('cheat.ps') }, { command: 'docker ps -a', does: t('cheat.psAll') }, { command: 'docker images', does: t('cheat.images') },
    { command: 'docker logs ', does: t('cheat.logs'), fill: true }, { command: 'docker inspect ', does: t('cheat.inspect'), fill: true },
  ] },
  { title: t('cheat.stepIn'), entries: [{ command: 'docker exec -it ', does: t('cheat.exec'), fill: true }] },
  { title: t('cheat.remove'), entries: [
    { command: 'docker stop ', does: t('cheat.stop'), fill: true }, { command: 'docker rm ', does: t('cheat.rm'), fill: true }, { command: 'docker rm -f $(docker ps -aq)', does: t('cheat.rmAll'), fill: true },
  ] },
  { title: t('cheat.hood'), entries: [{ command: 'ps -ef', does: t('cheat.processes') }, { command: 'sudo lsns', does: t('cheat.namespaces') }] },
];

const COOL_DOWN_MS = 1000;

export function CheatSheet({ onRun }: { onRun(): void }) {
  const t = useTexts();
  const client = useWorkspaceClient();
  const cooling = useRef(false);
  const [said, setSaid] = useState('');
  const use = async (entry: Entry) => {
    if (cooling.current) return;
    cooling.current = true;
    setTimeout(() => { cooling.current = false; }, COOL_DOWN_MS);
    onRun();
    const answer = await client.run(entry.command, { enter: !entry.fill });
    setSaid(answer.sent ? (entry.fill ? t('cheat.typed') : t('cheat.sent')) : answer.why);
    client.focusActive();
  };
  return (
    <>
      <h2>{t('cheat.title')}</h2>
      <p className="cheat-said" role="status">{said || t('cheat.text')}</p>
      {sheet(t).map((group) => (
        <section key={group.title}><h3 className="label">{group.title}</h3>
          <ul>{group.entries.map((entry) => <li key={entry.command}><button type="button" className="chip" title={entry.fill ? t('cheat.types') : t('cheat.runs')} onClick={() => void use(entry)}><code>{entry.command.trimEnd()}{entry.fill && entry.command.endsWith(' ') ? ' …' : ''}</code></button><span>{entry.does}</span></li>)}</ul>
        </section>
      ))}
    </>
  );
}
