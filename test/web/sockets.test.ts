// The live connection without a browser: real labs, the native shim, socket.io over WebSocket and polling, and processes that die.
import { readFileSync } from 'node:fs';
import { io, type Socket } from 'socket.io-client';
import { afterEach, expect, test } from 'vitest';
import { controlVerbs } from '../../runtime/lab/control.ts';
import { engineSocket } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';
import type { ClientEvents, LabView, ServerEvents, WorkspaceView } from '../../server/protocol.ts';
import { crash, until } from '../run-instance.ts';
import { disposeLabsLeft } from '../warm.ts';

const PATIENCE_MS = 30_000;
const size = { cols: 100, rows: 30 };
const tabs: Tab[] = [];

/** A tab without a picture. */
interface Tab {
  socket: Socket<ServerEvents, ClientEvents>;
  view: WorkspaceView;
  labs: LabView[];
  /** The newest output of the first terminal, and how much it was. */
  text: string;
  bytes: number;
  /** Off: it takes what comes and acknowledges nothing, as a stalled browser does. */
  acknowledges: boolean;
}

afterEach(async () => {
  for (const { socket } of tabs.splice(0)) socket.disconnect();
  await disposeLabsLeft();
});

async function newcomer(): Promise<string> {
  const answer = await fetch(`${readStatus()!.url}/`, { headers: { accept: 'text/html' } });
  return answer.headers.get('set-cookie')!.split(';')[0]!;
}

async function open(cookie: string, options: { slug?: string; transport?: 'websocket' | 'polling' } = {}): Promise<Tab> {
  const socket: Tab['socket'] = io(readStatus()!.url, { path: '/ws', transports: [options.transport ?? 'websocket'], forceNew: true, reconnection: false, extraHeaders: { cookie } });
  const tab: Tab = { socket, view: undefined as unknown as WorkspaceView, labs: [], text: '', bytes: 0, acknowledges: true };
  tabs.push(tab);
  socket.on('lab:state', lab => tab.labs.push(lab));
  socket.on('terminal:output', (id, data) => {
    tab.bytes += data.byteLength;
    tab.text = (tab.text + Buffer.from(data).toString('latin1')).slice(-5000);
    if (tab.acknowledges) socket.emit('terminal:ack', id, data.byteLength);
  });
  const join = async () => {
    const answer = await socket.timeout(PATIENCE_MS).emitWithAck('workspace:join', { slug: options.slug ?? null });
    if ('problem' in answer) throw new Error(answer.problem);
    tab.view = answer;
  };
  await join();
  if (tab.view.lab.state === 'ready') return tab;
  await until(() => tab.labs.at(-1)?.state === 'ready', PATIENCE_MS);
  await join(); // for its terminals
  return tab;
}

const idOf = (tab: Tab) => tab.view.terminals[0]!.id;
async function attach(tab: Tab): Promise<string> {
  const answer = await tab.socket.timeout(PATIENCE_MS).emitWithAck('terminal:attach', { id: idOf(tab), ...size });
  if ('problem' in answer) throw new Error(answer.problem);
  return answer.screen;
}
function type(tab: Tab, keys: string) {
  tab.text = '';
  tab.socket.emit('terminal:input', idOf(tab), keys);
}
const sees = (tab: Tab, pattern: RegExp) => until(() => pattern.test(tab.text), PATIENCE_MS);
const prompt = /\^C[^]*# $/;
const pidOf = (name: string) => readStatus()!.services.find(service => service.name === name)?.pid;
const rssOf = (name: string) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pidOf(name)}/status`, 'utf8'))![1]) << 10;

test.each(['websocket', 'polling'] as const)('by %s, docker runs and the task ticks', async transport => {
  const tab = await open(await newcomer(), { slug: 'container-lifecycle', transport });
  const done = new Promise<void>(resolve => { tab.socket.on('task:progress', task => { if (task.id === 'hello' && task.progress.state === 'done') resolve(); }); });
  await attach(tab);
  type(tab, 'docker run hello-world\r');
  await sees(tab, /Hello from/);
  await done;
});

test('a stalled tab with a flood before it costs no memory, and Ctrl-C still ends it', async () => {
  const tab = await open(await newcomer());
  await attach(tab);
  tab.acknowledges = false;
  type(tab, 'yes\r');
  await until(() => tab.bytes > 384 << 10, PATIENCE_MS);
  let at = tab.bytes;
  await until(async () => { // until nothing more comes
    const before = at;
    await new Promise(resolve => setTimeout(resolve, 200));
    at = tab.bytes;
    return at === before;
  }, PATIENCE_MS);
  expect(tab.bytes).toBeLessThan(1 << 20);
  const before = rssOf('web');
  await new Promise(resolve => setTimeout(resolve, 3000)); // time for what must not happen
  expect(tab.bytes).toBe(at);
  expect(rssOf('web') - before).toBeLessThan(32 << 20);
  type(tab, '\u0003');
  tab.acknowledges = true;
  tab.socket.emit('terminal:ack', idOf(tab), tab.bytes);
  await sees(tab, prompt);
  expect(tab.bytes - at).toBeLessThan(2 << 20);
});

test('the web process dies: the shell, its running program and the screen are there afterwards', async () => {
  const cookie = await newcomer();
  const before = await open(cookie);
  await attach(before);
  type(before, 'MARK=kept; sleep 1000 & echo pid-$!-\r');
  await sees(before, /pid-\d+-\r/);
  const [pid] = /pid-\d+-/.exec(before.text)!;
  await crash('web');
  await until(() => fetch(`${readStatus()!.url}/healthz`).then(answer => answer.ok, () => false), PATIENCE_MS);
  const after = await open(cookie);
  expect(after.view.lab).toEqual(before.view.lab);
  expect(after.view.terminals).toEqual(before.view.terminals);
  expect(await attach(after)).toContain(pid);
  type(after, 'echo $MARK-pid-$!-\r');
  await sees(after, new RegExp(`kept-${pid}`));
});

test('the web process dies while a lab stands still: it moves for who comes back', async () => {
  const cookie = await newcomer();
  const before = await open(cookie);
  const engine = new RpcClient(engineSocket, controlVerbs);
  const state = async () => (await engine.call('listLabs', {})).find(lab => lab.id === before.view.lab.id)!.state;
  await attach(before);
  await engine.call('freezeLab', { lab: before.view.lab.id });
  await crash('web');
  await until(() => fetch(`${readStatus()!.url}/healthz`).then(answer => answer.ok, () => false), PATIENCE_MS);
  expect(await state()).toBe('frozen');
  const after = await open(cookie);
  expect(await state()).toBe('running');
  await attach(after);
  type(after, 'echo moves-$((1+1))\r');
  await sees(after, /moves-2/);
  engine.close();
});

test('the engine dies: the terminal goes on, the page says so, and docker works again', async () => {
  const tab = await open(await newcomer());
  await attach(tab);
  await crash('engine');
  type(tab, 'echo on-$((1+1))\r');
  await sees(tab, /on-2/);
  await until(() => tab.labs.some(lab => lab.state === 'ready' && lab.problem !== undefined), PATIENCE_MS);
  await until(() => tab.labs.at(-1)!.state === 'ready' && tab.labs.at(-1)!.problem === undefined, PATIENCE_MS);
  type(tab, 'until docker version >/dev/null 2>&1; do sleep 0.1; done; docker run --rm busybox echo back-$((2+2))\r');
  await sees(tab, /back-4\r/);
});

test('a lab that was removed behind the page\'s back is made anew, with a word about it', async () => {
  const tab = await open(await newcomer());
  await disposeLabsLeft();
  await until(() => tab.labs.some(lab => lab.state === 'ready' && lab.notice !== undefined && lab.id !== tab.view.lab.id), PATIENCE_MS);
});
