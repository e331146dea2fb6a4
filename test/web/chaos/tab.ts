// A tab without a picture: the browser's own code for a workspace and its terminals (app/lib), over a real connection, on screens that xterm.js keeps
// without a display. What a terminal shows is judged each time it is shown anew, and at the end.
import { createRequire } from 'node:module';
import type * as client from 'socket.io-client';
import { vi } from 'vitest';
import { readStatus } from '../../../runtime/supervisor/status.ts';
import type { WorkspaceClient, WorkspaceState } from '../../../app/lib/workspace-client.ts';
import { translator } from '../../../texts/message.ts';
import { pageTexts, type PageTexts } from '../../../texts/site.ts';
import { eventually } from '../../engine/lab.ts';

const require = createRequire(import.meta.url);
const { Terminal } = require('@xterm/headless') as typeof import('@xterm/headless');

/** Browsers know their page's address and send its cookie by themselves. */
let cookie = '';
vi.mock('socket.io-client', async original => {
  const real = await original<typeof client>();
  return { ...real, io: (options: Parameters<typeof client.io>[1]) => real.io(readStatus()!.url, { ...options, forceNew: true, extraHeaders: { cookie } }) };
});

export interface Tab {
  readonly state: WorkspaceState;
  /** Opens terminals until there are as many, and has each write numbered lines. */
  writeInto(terminals: number, lines: readonly string[], intervalMs: number): Promise<void>;
  /** Complaints about what was shown after a reattachment. */
  readonly complaints: string[];
  /** How often a screen was brought back. */
  readonly reattached: number;
  /** The numbered lines that each terminal shows, scrolled back to the top. */
  shown(): string[][];
  /** For a failure's message: the end of everything that each terminal shows. */
  pictures(): string[];
  leave(): void;
}

export async function openTab(): Promise<Tab> {
  const answer = await fetch(`${readStatus()!.url}/`, { headers: { accept: 'text/html' } });
  cookie = answer.headers.get('set-cookie')!.split(';')[0]!;
  await answer.body?.cancel();
  const { WorkspaceClient } = await import('../../../app/lib/workspace-client.ts');
  const workspace: WorkspaceClient = new WorkspaceClient(null, translator<PageTexts>(pageTexts.en, 'en'));
  const screens = new Map<string, KeptScreen>();
  const complaints: string[] = [];
  const changed = () => {
    for (const { id } of workspace.getSnapshot().terminals) if (!screens.has(id)) screens.set(id, keepScreen(workspace, id, complaints));
  };
  const stop = workspace.subscribe(changed);
  await eventually(() => workspace.getSnapshot(), state => state.lab?.state === 'ready' && state.terminals.length > 0, 'a lab');
  return {
    complaints,
    get state() { return workspace.getSnapshot(); },
    get reattached() { return [...screens.values()].reduce((sum, screen) => sum + Math.max(0, screen.replaced() - 1), 0); },
    async writeInto(terminals, lines, intervalMs) {
      for (let count = workspace.getSnapshot().terminals.length; count < terminals; count++) {
        workspace.openTerminal();
        await eventually(() => workspace.getSnapshot(), now => now.terminals.length > count && now.busy === null, 'one more terminal');
      }
      await eventually(() => [...screens.values()], all => all.every(screen => screen.live()), 'live terminals');
      for (const screen of screens.values()) screen.type(`stty -echo; i=0; while [ $i -lt ${lines.length} ]; do echo line $i; i=$((i+1)); sleep ${intervalMs / 1000}; done\r`);
      // Keys that are on their way when a process dies are gone, never sent twice.
      await eventually(() => [...screens.values()].map(screen => screen.lines()), all => all.every(shown => shown.length > 0), 'a first line in each terminal');
    },
    pictures: () => [...screens].map(([id, screen]) => `${id}${screen.live() ? '' : ', not live'}:\n${screen.text().trimEnd().split('\n').slice(-8).join('\n')}`),
    shown: () => [...screens.values()].map(screen => screen.lines()),
    leave: stop,
  };
}

type KeptScreen = ReturnType<typeof keepScreen>;

function keepScreen(workspace: WorkspaceClient, id: string, complaints: string[]) {
  const terminal = new Terminal({ cols: 100, rows: 30, scrollback: 5000, allowProposedApi: true, logLevel: 'off' });
  let live = false;
  let replaced = 0;
  const everything = () => {
    const { active } = terminal.buffer;
    return Array.from({ length: active.length }, (_, n) => active.getLine(n)!.translateToString(true));
  };
  const lines = () => everything().filter(text => /^line \d+$/.test(text));
  const feed = workspace.openFeed(id, {
    size: () => ({ cols: 100, rows: 30 }),
    write: (data, done) => terminal.write(data, done),
    replace: screen => {
      const before = lines().at(-1);
      const round = replaced++;
      terminal.reset();
      terminal.write(screen, () => {
        const fault = faultIn(lines(), before);
        if (fault) complaints.push(`${id}, shown for the ${round}. time: ${fault}`);
      });
    },
    fullScreen: () => false,
    bracketedPaste: () => false,
    setLive: now => { live = now; },
    focus: () => undefined,
  });
  return { lines, text: () => everything().join('\n'), live: () => live, replaced: () => replaced, type: (text: string) => feed.input(text) };
}

/** Why these are not numbered lines without a gap that reach at least as far as before; undefined when they are. */
export function faultIn(shown: readonly string[], before: string | undefined): string | undefined {
  const numbers = shown.map(line => Number(line.slice('line '.length)));
  const gap = numbers.findIndex((number, at) => at > 0 && number !== numbers[at - 1]! + 1);
  if (gap > 0) return `line ${numbers[gap]} follows line ${numbers[gap - 1]}`;
  if (before !== undefined && !(numbers.at(-1)! >= Number(before.slice('line '.length)))) return `${before} was there before, now the last is ${shown.at(-1) ?? 'missing'}`;
  return undefined;
}

export const everythingIsLive = (tab: Tab) => eventually(() => tab.state, ({ link, problem, lab }) => link === 'connected' && problem === null && lab?.state === 'ready', 'a connection to a lab that is ready, and no problem shown');
