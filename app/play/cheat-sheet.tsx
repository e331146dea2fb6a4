// The commands one reaches for. A click runs the one that is safe to run as it stands, and only types those that need a name filled in.
'use client';
import { useRef, useState } from 'react';
import { useWorkspaceClient } from '../workspace/workspace-context.tsx';

interface Entry { command: string; does: string; /** Ends in something to fill in: typed, not run. */ fill?: boolean; }

const SHEET: { title: string; entries: Entry[] }[] = [
  { title: 'Run', entries: [
    { command: 'docker run hello-world', does: 'see that everything works' },
    { command: 'docker run -it --rm debian bash', does: 'a shell in a new container, removed when you leave' },
    { command: 'docker run -d --name web nginx:1.22', does: 'in the background, under a name' },
  ] },
  { title: 'Look', entries: [
    { command: 'docker ps', does: 'running containers' }, { command: 'docker ps -a', does: 'stopped ones too' }, { command: 'docker images', does: 'images on this host' },
    { command: 'docker logs ', does: 'what a container has printed', fill: true }, { command: 'docker inspect ', does: 'everything known about it', fill: true },
  ] },
  { title: 'Step in', entries: [{ command: 'docker exec -it ', does: 'another process in a running container', fill: true }] },
  { title: 'Stop and remove', entries: [
    { command: 'docker stop ', does: 'ask it to end, then make it', fill: true }, { command: 'docker rm ', does: 'remove a stopped container', fill: true }, { command: 'docker rm -f $(docker ps -aq)', does: 'remove them all, running or not', fill: true },
  ] },
  { title: 'Under the hood', entries: [{ command: 'ps -ef', does: 'containers are processes of this host' }, { command: 'sudo lsns', does: 'and these are their namespaces' }] },
];

const COOL_DOWN_MS = 1000;

export function CheatSheet({ onRun }: { onRun(): void }) {
  const client = useWorkspaceClient();
  const cooling = useRef(false);
  const [said, setSaid] = useState('');
  const use = async (entry: Entry) => {
    if (cooling.current) return;
    cooling.current = true;
    setTimeout(() => { cooling.current = false; }, COOL_DOWN_MS);
    onRun();
    const answer = await client.run(entry.command, { enter: !entry.fill });
    setSaid(answer.sent ? (entry.fill ? 'Typed. Finish it and press Enter.' : 'Sent.') : answer.why);
    client.focusActive();
  };
  return (
    <>
      <h2>Cheat sheet</h2>
      <p className="cheat-said" role="status">{said || 'A click puts the command into your terminal.'}</p>
      {SHEET.map((group) => (
        <section key={group.title}><h3 className="label">{group.title}</h3>
          <ul>{group.entries.map((entry) => <li key={entry.command}><button type="button" className="chip" title={entry.fill ? 'Types it; you finish it' : 'Runs it'} onClick={() => void use(entry)}><code>{entry.command.trimEnd()}{entry.fill && entry.command.endsWith(' ') ? ' …' : ''}</code></button><span>{entry.does}</span></li>)}</ul>
        </section>
      ))}
    </>
  );
}
