// A terminal's bytes between socket and screen: nothing twice, nothing stale, few acknowledgements.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { translator } from '../../texts/message.ts';
import { pageTexts, type PageTexts } from '../../texts/site.ts';
import { TerminalFeed, pieces, type Screen } from './terminal-feed.ts';

const english = translator<PageTexts>(pageTexts.en, 'en');

type Sent = [event: string, ...args: unknown[]];

function setUp() {
  const sent: Sent[] = [];
  const written: (() => void)[] = [];
  let answerAttach: (error: Error | null, answer?: unknown) => void = () => undefined;
  const socket = {
    connected: true,
    emit: (...args: Sent) => { sent.push(args); },
    timeout: () => ({ emit: (event: string, body: unknown, done: typeof answerAttach) => { if (event === 'terminal:attach') answerAttach = done; else { sent.push([event, body]); done(null, { sent: true }); } } }),
  };
  const screen = { size: () => ({ cols: 80, rows: 24 }), write: (_data: Uint8Array, done: () => void) => { written.push(done); }, replace: vi.fn<(text: string) => void>(), fullScreen: vi.fn(() => false), bracketedPaste: () => true, setLive: vi.fn<(live: boolean) => void>(), focus: () => undefined } satisfies Screen;
  const hooks = { texts: () => english, onLive: vi.fn(), onProblem: vi.fn<(text: string) => void>(), onRelease: vi.fn() };
  const feed = new TerminalFeed('t1', screen, () => socket as never, hooks);
  const attach = (text = '') => { feed.attach(); answerAttach(null, { screen: text }); };
  const inputs = () => sent.filter(([event]) => event === 'terminal:input').map((args) => args[2]);
  const acks = () => sent.filter(([event]) => event === 'terminal:ack').map((args) => args[2]);
  return { feed, socket, screen, hooks, sent, written, attach, answer: (e: Error | null, a?: unknown) => answerAttach(e, a), inputs, acks };
}

const turn = () => Promise.resolve();

describe('a terminal feed', () => {
  beforeEach(() => { vi.useFakeTimers(); });
  afterEach(() => { vi.useRealTimers(); });

  it('shows the screen that the server gives, and is live from then on', () => {
    const { feed, screen, hooks, attach } = setUp();
    expect(feed.live).toBe(false);
    attach('$ ');
    expect(screen.replace).toHaveBeenCalledWith('$ ');
    expect(feed.live).toBe(true);
    expect(hooks.onLive).toHaveBeenCalledOnce();
  });

  it('sends the keystrokes of one turn as one message', async () => {
    const { feed, attach, inputs } = setUp();
    attach();
    feed.input('l'); feed.input('s'); feed.input('\r');
    await turn();
    expect(inputs()).toEqual(['ls\r']);
  });

  it('drops what is typed while it is not attached, and never sends it later', async () => {
    const { feed, attach, inputs } = setUp();
    feed.input('early');
    attach();
    feed.input('rm -rf x\r');
    feed.suspend();
    await turn();
    feed.input('while away');
    attach();
    await turn();
    expect(inputs()).toEqual([]);
  });

  it('ignores the answer to an attach that a lost connection has overtaken', () => {
    const { feed, answer, screen } = setUp();
    feed.attach();
    feed.suspend();
    answer(null, { screen: 'old' });
    expect(feed.live).toBe(false);
    expect(screen.replace).not.toHaveBeenCalled();
  });

  it('acknowledges what was written in few messages, and nothing of an earlier attach', () => {
    const { feed, attach, written, acks } = setUp();
    attach();
    for (let i = 0; i < 5; i++) feed.output(new ArrayBuffer(20_000));
    for (const done of written.splice(0)) done();
    expect(acks()).toEqual([80_000]);
    vi.advanceTimersByTime(60);
    expect(acks()).toEqual([80_000, 20_000]);
    feed.output(new ArrayBuffer(100));
    feed.suspend();
    attach();
    for (const done of written.splice(0)) done();
    vi.advanceTimersByTime(60);
    expect(acks()).toEqual([80_000, 20_000]);
  });

  it('clears the line, types the command and presses Enter; several lines go as one paste', async () => {
    const { feed, attach, sent } = setUp();
    attach();
    feed.input('half');
    expect(await feed.run('docker ps\n', true)).toEqual({ sent: true });
    await feed.run('a\nb', false);
    expect(sent.filter(([event]) => event !== 'terminal:resize')).toEqual([['terminal:input', 't1', 'half'], ['terminal:run', { id: 't1', input: '\x05\x15docker ps\r' }], ['terminal:run', { id: 't1', input: '\x05\x15\x1b[200~a\nb\x1b[201~' }]]);
  });

  it('does not type a command into a full-screen program', async () => {
    const { feed, screen, attach, inputs } = setUp();
    attach();
    screen.fullScreen.mockReturnValue(true);
    expect(await feed.run('docker ps', true)).toMatchObject({ sent: false });
    await turn();
    expect(inputs()).toEqual([]);
  });

  it('says why when the server refuses, and stays out of use', () => {
    const { feed, hooks, answer } = setUp();
    feed.attach();
    answer(null, { problem: 'That terminal has ended.' });
    expect(hooks.onProblem).toHaveBeenCalledWith('That terminal has ended.');
    expect(feed.live).toBe(false);
  });

  it('tells the server when it lets go of a live terminal, once', () => {
    const { feed, attach, sent, hooks } = setUp();
    attach();
    feed.release(); feed.release();
    expect(sent.filter(([event]) => event === 'terminal:detach')).toHaveLength(1);
    expect(hooks.onRelease).toHaveBeenCalledOnce();
  });
});

describe('a long paste', () => {
  it('is cut into pieces that do not split a character', () => {
    expect(pieces('abcdef', 4)).toEqual(['abcd', 'ef']);
    expect(pieces('abc🚢d', 4)).toEqual(['abc', '🚢d']);
    expect(pieces('', 4)).toEqual([]);
  });
});
