// The workspace store against a socket that the test drives: joining, coming back, waiting commands, ticks.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { translator } from '../../texts/message.ts';
import { pageTexts, type PageTexts } from '../../texts/site.ts';
import type { LabView, WorkspaceView } from '../../server/protocol.ts';
import type { Screen } from './terminal-feed.ts';
import { WorkspaceClient } from './workspace-client.ts';

type Listener = (...args: unknown[]) => void;
type Done = (error: Error | null, answer?: unknown) => void;

class FakeSocket {
  connected = false;
  active = true;
  io = { engine: { transport: { name: 'websocket' } } };
  emitted: { event: string; args: unknown[] }[] = [];
  requests: { event: string; body: unknown; done: Done }[] = [];
  private listeners = new Map<string, Listener>();
  on(event: string, listener: Listener) { this.listeners.set(event, listener); return this; }
  removeAllListeners() { this.listeners.clear(); }
  emit(event: string, ...args: unknown[]) { this.emitted.push({ event, args }); }
  timeout() { return { emit: (event: string, body: unknown, done: Done) => { this.requests.push({ event, body, done }); } }; }
  disconnect() { this.connected = false; }
  connect() { return this; }
  happens(event: string, ...args: unknown[]) { this.listeners.get(event)?.(...args); }
  comesUp() { this.connected = true; this.happens('connect'); }
  goesDown() { this.connected = false; this.happens('disconnect'); }
  answer(event: string, answer: unknown) {
    const index = this.requests.findIndex((r) => r.event === event);
    expect(index, `a request ${event}`).toBeGreaterThanOrEqual(0);
    this.requests.splice(index, 1)[0]!.done(null, answer);
  }
}

const held = vi.hoisted(() => ({ socket: null as unknown }));
vi.mock('socket.io-client', () => ({ io: () => held.socket }));

const english = translator<PageTexts>(pageTexts.en, 'en');
const ready: LabView = { id: 'l1', hostname: 'host1', state: 'ready' };
const starting: LabView = { id: '', hostname: '', state: 'starting' };
const view = (lab: LabView, ...terminals: string[]): WorkspaceView => ({ lab, terminals: terminals.map((id) => ({ id, title: id })), tasks: [{ id: 'hello', progress: { state: 'open' } }], quizzes: [], sleepsInMs: null });
const screen = (): Screen => ({ size: () => ({ cols: 80, rows: 24 }), write: () => undefined, replace: () => undefined, fullScreen: () => false, bracketedPaste: () => false, setLive: () => undefined, focus: () => undefined });

let socket: FakeSocket;
let client: WorkspaceClient;
let unsubscribe: () => void;
const ids = () => client.getSnapshot().terminals.map((t) => t.id);

describe('a workspace in the browser', () => {
  beforeEach(() => {
    socket = new FakeSocket();
    held.socket = socket;
    client = new WorkspaceClient('container-lifecycle', english);
    unsubscribe = client.subscribe(() => undefined);
  });
  afterEach(() => { unsubscribe(); });

  it('joins its lesson when it connects, and shows what is there', () => {
    socket.comesUp();
    expect(socket.requests[0]).toMatchObject({ event: 'workspace:join', body: { slug: 'container-lifecycle' } });
    socket.answer('workspace:join', view(ready, 't1'));
    expect(client.getSnapshot()).toMatchObject({ link: 'connected', active: 't1', lab: ready, tasks: { hello: { state: 'open' } } });
  });

  it('opens one terminal by itself in a lab that has none, and not again when the learner closes it', () => {
    socket.comesUp();
    socket.answer('workspace:join', view(ready));
    socket.answer('terminal:open', { id: 't1', title: 'Terminal 1' });
    expect(ids()).toEqual(['t1']);
    client.closeTerminal('t1');
    socket.happens('lab:state', ready);
    expect(socket.requests).toEqual([]);
  });

  it('shows a terminal once, although both the answer and the announcement name it', () => {
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1'));
    client.openTerminal();
    socket.happens('terminal:opened', { id: 't2', title: 'Terminal 2' });
    socket.answer('terminal:open', { id: 't2', title: 'Terminal 2' });
    expect(ids()).toEqual(['t1', 't2']);
    expect(client.getSnapshot().active).toBe('t2');
  });

  it('keeps its terminals while a restarted server finds the lab again, and attaches them when they are named', () => {
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1', 't2'));
    const feed = client.openFeed('t1', screen());
    socket.answer('terminal:attach', { screen: '' });
    expect(feed.live).toBe(true);
    socket.goesDown();
    expect(feed.live).toBe(false);
    socket.comesUp();
    socket.answer('workspace:join', view(starting));
    expect(ids()).toEqual(['t1', 't2']);
    expect(socket.requests).toEqual([]);
    socket.happens('terminal:opened', { id: 't1', title: 't1' });
    socket.answer('terminal:attach', { screen: '' });
    expect(feed.live).toBe(true);
    socket.happens('lab:state', ready);
    expect(ids()).toEqual(['t1']);
  });

  it('lets a command wait for the first terminal, and sends it once', async () => {
    socket.comesUp();
    socket.answer('workspace:join', view(starting));
    const answer = client.run('docker run hello-world');
    socket.happens('terminal:opened', { id: 't1', title: 'Terminal 1' });
    socket.happens('lab:state', ready);
    client.openFeed('t1', screen());
    socket.answer('terminal:attach', { screen: '$ ' });
    expect(socket.requests.filter((r) => r.event === 'terminal:run')).toHaveLength(1);
    socket.answer('terminal:run', { sent: true });
    await expect(answer).resolves.toEqual({ sent: true });
    socket.goesDown();
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1'));
    socket.answer('terminal:attach', { screen: '$ ' });
    await Promise.resolve();
    expect(socket.requests.filter((r) => r.event === 'terminal:run')).toHaveLength(0);
  });

  it('opens the terminal that a command names, once, and runs it there', async () => {
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1'));
    client.openFeed('t1', screen());
    socket.answer('terminal:attach', { screen: '$ ' });
    const answer = client.run('docker logs -f web', { terminal: 'logs' });
    expect(socket.requests.find((r) => r.event === 'terminal:open')?.body).toMatchObject({ title: 'logs' });
    socket.answer('terminal:open', { id: 't2', title: 'logs' });
    expect(client.getSnapshot().active).toBe('t2');
    client.openFeed('t2', screen());
    socket.answer('terminal:attach', { screen: '$ ' });
    expect(socket.requests.find((r) => r.event === 'terminal:run')?.body).toMatchObject({ id: 't2' });
    socket.answer('terminal:run', { sent: true });
    await expect(answer).resolves.toEqual({ sent: true });
    client.select('t1');
    void client.run('date', { terminal: 'logs' });
    expect(socket.requests.filter((r) => r.event === 'terminal:open')).toEqual([]);
    expect(client.getSnapshot().active).toBe('t2');
  });

  it('says that an answer was not sent when there is no connection, and takes what another tab has answered', async () => {
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1'));
    const state = { id: 'who', answer: ['a'], right: true, said: [], tries: 1, points: { got: 1, of: 1 } };
    socket.happens('quiz:progress', state);
    expect(client.getSnapshot().quizzes).toEqual({ who: state });
    socket.goesDown();
    await expect(client.answerQuiz('who', ['b'])).resolves.toMatchObject({ problem: expect.stringContaining('not sent') });
  });

  it('gives up a waiting command when the connection is lost, and refuses one while it is', async () => {
    socket.comesUp();
    socket.answer('workspace:join', view(starting));
    const waiting = client.run('docker ps');
    socket.goesDown();
    await expect(waiting).resolves.toMatchObject({ sent: false });
    await expect(client.run('docker ps')).resolves.toMatchObject({ sent: false });
    expect(client.getSnapshot().link).toBe('reconnecting');
  });

  it('counts a tick once, and none for tasks that were done before it came', () => {
    socket.comesUp();
    const done = { state: 'done', at: '2026-11-21T00:00:00Z', evidence: 'it ran' } as const;
    socket.answer('workspace:join', { ...view(ready, 't1'), tasks: [{ id: 'old', progress: done }] });
    expect(client.getSnapshot().lastDone).toBeNull();
    socket.happens('task:progress', { id: 'hello', progress: done });
    socket.happens('task:progress', { id: 'hello', progress: done });
    expect(client.getSnapshot().lastDone).toEqual({ id: 'hello', count: 1 });
  });

  it('keeps an explanation through the tick that came with it, and drops it when a later task is done', () => {
    vi.useFakeTimers();
    const done = { state: 'done', at: '2026-11-21T00:00:00Z', evidence: 'it ran' } as const;
    socket.comesUp();
    socket.answer('workspace:join', view(ready, 't1'));
    socket.happens('explain', { id: 'e1', title: 'web is still running', text: '…' });
    socket.happens('task:progress', { id: 'refused', progress: done });
    expect(client.getSnapshot().note?.id).toBe('e1');
    vi.advanceTimersByTime(6000);
    socket.happens('task:progress', { id: 'stop', progress: done });
    expect(client.getSnapshot().note).toBeNull();
    vi.useRealTimers();
  });

  it('says what the server says when it refuses, and joins again on request', () => {
    socket.comesUp();
    socket.answer('workspace:join', { problem: 'All labs are taken.' });
    expect(client.getSnapshot()).toMatchObject({ link: 'failed', problem: 'All labs are taken.' });
    client.retry();
    socket.answer('workspace:join', view(ready, 't1'));
    expect(client.getSnapshot()).toMatchObject({ link: 'connected', problem: null });
  });

  it('leaves when nobody listens any more, but not when somebody comes back at once', () => {
    vi.useFakeTimers();
    socket.comesUp();
    unsubscribe();
    unsubscribe = client.subscribe(() => undefined);
    vi.runAllTimers();
    expect(socket.connected).toBe(true);
    unsubscribe();
    vi.runAllTimers();
    expect(socket.connected).toBe(false);
    vi.useRealTimers();
  });
});
