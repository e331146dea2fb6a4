import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { io as connect } from 'socket.io-client';
import { LANGUAGE_COOKIE } from '../texts/language.ts';
import { say } from '../texts/server.ts';
import { SOCKET_PATH } from './protocol.ts';
import { ask, type Browser, heard, joined, learnerId, startTestSite, type TestSite } from './testing/site.ts';

vi.setConfig({ testTimeout: 60_000 }); // a loaded machine, not a slow server

let site: TestSite;
beforeEach(async () => { site = await startTestSite(); });
afterEach(() => site.close());

const size = { cols: 80, rows: 24 };

/** Attaches, acknowledges what comes, and collects it. */
async function watch(browser: Browser, id: string, at = size) {
  const shown = { text: '', bytes: 0 };
  browser.on('terminal:output', (from, data) => {
    if (from !== id) return;
    shown.text = (shown.text + Buffer.from(data).toString('latin1')).slice(-100_000);
    shown.bytes += data.byteLength;
    browser.emit('terminal:ack', id, data.byteLength);
  });
  const { screen } = await ask(browser, 'terminal:attach', { id, ...at });
  return { screen, shown };
}
const until = (condition: () => boolean) => expect.poll(condition, { timeout: 30_000, interval: 10 }).toBe(true);

test('a learner joins, gets a lab and a shell, types and sees the echo', async () => {
  const browser = site.browser(learnerId());
  const { lab, terminals } = await joined(browser);
  expect(lab).toMatchObject({ state: 'ready', hostname: 'host1' });
  expect(terminals).toEqual([{ id: terminals[0]!.id, title: 'Terminal 1' }]);
  const { shown } = await watch(browser, terminals[0]!.id);
  browser.emit('terminal:input', terminals[0]!.id, 'echo $((6*7))\r');
  await until(() => shown.text.includes('42\r\n'));
  browser.emit('terminal:input', terminals[0]!.id, new TextEncoder().encode('echo bin-$((1+1))\r').buffer as ArrayBuffer);
  await until(() => shown.text.includes('bin-2\r\n'));
});

test('a terminal that is asked for by its name is opened once, and another tab sees it come', async () => {
  const learner = learnerId();
  const [one, other] = [site.browser(learner), site.browser(learner)];
  await joined(one);
  await joined(other);
  const opened = heard(other, 'terminal:opened', terminal => terminal.title === 'log');
  const [first, second] = await Promise.all([ask(one, 'terminal:open', { ...size, title: 'log' }), ask(other, 'terminal:open', { ...size, title: 'log' })]);
  expect(first).toEqual(second);
  expect((await opened)[0]).toEqual(first);
  expect((await ask(one, 'terminal:open', size)).title).toBe('Terminal 2');
  await expect(ask(one, 'terminal:open', { ...size, title: '../x' })).rejects.toThrow();
});

test('a command that is clicked twice is typed once, in whichever tab; a little later it is typed again', async () => {
  const learner = learnerId();
  const [one, other] = [site.browser(learner), site.browser(learner)];
  const id = (await joined(one)).terminals[0]!.id;
  await joined(other);
  const { shown } = await watch(one, id);
  await watch(other, id);
  const run = { id, input: 'echo ran-$((40+2))\r' };
  expect(await Promise.all([ask(one, 'terminal:run', run), ask(other, 'terminal:run', run), ask(one, 'terminal:run', run)])).toEqual([{ sent: true }, { sent: false }, { sent: false }]);
  await until(() => shown.text.includes('ran-42\r\n'));
  expect((await ask(one, 'terminal:run', { id, input: 'echo other-$((1+1))\r' })).sent).toBe(true);
  expect((await ask(one, 'terminal:run', run)).sent).toBe(true);
  await until(() => shown.text.includes('other-2\r\n') && shown.text.split('ran-42\r\n').length === 3);
});

test('what no lesson asks is refused in words: a question, a start, a file, while nothing else suffers', async () => {
  const browser = site.browser(learnerId());
  await joined(browser);
  await expect(ask(browser, 'quiz:answer', { id: 'none', answer: ['0'] })).rejects.toThrow('Choose or type an answer first.');
  await expect(ask(browser, 'lab:start-at', { task: 'none' })).rejects.toThrow();
  await expect(ask(browser, 'file:read', { path: 'no/whole/path' })).rejects.toThrow();
  expect((await joined(browser)).lab.state).toBe('ready');
});

test('where WebSockets are blocked, polling does', async () => {
  const browser = site.browser(learnerId(), { transports: ['polling'] });
  const { terminals } = await joined(browser);
  const { shown } = await watch(browser, terminals[0]!.id);
  browser.emit('terminal:input', terminals[0]!.id, 'seq 1 5000\r');
  await until(() => shown.text.includes('\r\n5000\r\n'));
});

test.each(['reads at once', 'reads slowly'])('Ctrl-C ends a flood promptly for a browser that %s', async pace => {
  const browser = site.browser(learnerId());
  const id = (await joined(browser)).terminals[0]!.id;
  let text = '';
  let bytes = 0;
  browser.on('terminal:output', (_, data) => {
    bytes += data.byteLength;
    text = (text + Buffer.from(data).toString('latin1')).slice(-1000);
    const acknowledge = () => browser.emit('terminal:ack', id, data.byteLength);
    if (pace === 'reads at once') acknowledge();
    else setTimeout(acknowledge, 20);
  });
  await ask(browser, 'terminal:attach', { id, ...size });
  browser.emit('terminal:input', id, 'yes\r');
  await until(() => bytes > 2 << 20);
  const before = bytes;
  browser.emit('terminal:input', id, '\u0003');
  await until(() => /\^C[^]*\$ $/.test(text));
  expect(bytes - before).toBeLessThan(2 << 20); // what was on its way; a browser shows it in half a second
});

test('a second tab shares the lab, the terminals and the screen; another learner has none of it', async () => {
  const ada = learnerId();
  const [one, two, other] = [site.browser(ada), site.browser(ada), site.browser(learnerId())];
  const first = await joined(one);
  const id = first.terminals[0]!.id;
  const { shown } = await watch(one, id);
  one.emit('terminal:input', id, 'echo shared-$((2+3))\r');
  await until(() => shown.text.includes('shared-5'));
  expect(await joined(two)).toEqual(first);
  expect((await watch(two, id)).screen).toContain('shared-5');
  await joined(other);
  await expect(ask(other, 'terminal:attach', { id, ...size })).rejects.toThrow(/has ended/);
  other.emit('terminal:input', id, 'echo intruder\r');
  one.emit('terminal:input', id, 'echo end-$((1+1))\r');
  await until(() => shown.text.includes('end-2'));
  expect(shown.text).not.toContain('intruder');
  expect(site.engine.made).toBe(2);
});

test('the last one who resized or typed decides about the size', async () => {
  const ada = learnerId();
  const [one, two] = [site.browser(ada), site.browser(ada)];
  const id = (await joined(one)).terminals[0]!.id;
  const { shown } = await watch(one, id, { cols: 100, rows: 30 });
  await joined(two);
  await watch(two, id, { cols: 60, rows: 20 });
  const waitFor = (sizeInWords: string) => `until [ "$(stty size)" = "${sizeInWords}" ]; do sleep 0.01; done; echo now-$((${sizeInWords.replace(' ', '*')}))\r`;
  two.emit('terminal:input', id, waitFor('20 60'));
  await until(() => shown.text.includes('now-1200'));
  one.emit('terminal:input', id, waitFor('30 100'));
  await until(() => shown.text.includes('now-3000'));
  for (const cols of [70, 80, 90, 101]) one.emit('terminal:resize', { id, cols, rows: 31 }); // a window being dragged
  one.emit('terminal:input', id, waitFor('31 101'));
  await until(() => shown.text.includes('now-3131'));
});

test('only the tab in use answers what a program asks its terminal', async () => {
  const ada = learnerId();
  const [one, two] = [site.browser(ada), site.browser(ada)];
  const id = (await joined(one)).terminals[0]!.id;
  const { shown } = await watch(one, id);
  await joined(two);
  await watch(two, id);
  two.emit('terminal:input', id, 'cat -v\r');
  await until(() => shown.text.includes('cat -v'));
  one.emit('terminal:input', id, '\u001b[?1;2c'); // one is not in use: its answer is one too many
  two.emit('terminal:input', id, '\u001b[24;80R\r');
  await until(() => shown.text.includes('^[[24;80R'));
  expect(shown.text).not.toContain('^[[?1;2c');
});

test('a shell that ends is told to every tab, and a closed terminal too', async () => {
  const ada = learnerId();
  const [one, two] = [site.browser(ada), site.browser(ada)];
  const id = (await joined(one)).terminals[0]!.id;
  await joined(two);
  await watch(one, id);
  const [told, toldToo] = [heard(one, 'terminal:closed'), heard(two, 'terminal:closed')];
  one.emit('terminal:input', id, 'exit 3\r');
  expect(await told).toEqual([id, 'The shell has ended with exit code 3.']);
  expect(await toldToo).toEqual(await told);
  const opened = heard(two, 'terminal:opened');
  const second = await ask(one, 'terminal:open', size);
  expect((await opened)[0]).toEqual(second);
  const closed = heard(two, 'terminal:closed');
  one.emit('terminal:close', { id: second.id });
  expect((await closed)[0]).toBe(second.id);
});

test('after a restart of the web process the lab, the shell and the screen are there', async () => {
  const ada = learnerId();
  const browser = site.browser(ada);
  const before = await joined(browser);
  const id = before.terminals[0]!.id;
  const { shown } = await watch(browser, id);
  browser.emit('terminal:input', id, 'SAVED=kept; echo mark-$((3*3))\r');
  await until(() => shown.text.includes('mark-9'));
  await site.restart();
  const again = site.browser(ada);
  expect(await joined(again)).toEqual(before);
  const after = await watch(again, id);
  expect(after.screen).toContain('mark-9');
  again.emit('terminal:input', id, 'echo $SAVED-$((1+1))\r');
  await until(() => after.shown.text.includes('kept-2'));
  expect(site.engine.made).toBe(1);
});

test('a reset gives a fresh lab with a fresh shell to all tabs', async () => {
  const ada = learnerId();
  const [one, two] = [site.browser(ada), site.browser(ada)];
  const before = await joined(one);
  await joined(two);
  const [closed, ready] = [heard(two, 'terminal:closed'), heard(two, 'lab:state', lab => lab.state === 'ready')];
  await ask(one, 'lab:reset', {});
  expect(await closed).toEqual([before.terminals[0]!.id, 'The lab was reset.']);
  expect((await ready)[0].id).not.toBe(before.lab.id);
  expect([...site.engine.labs.keys()]).toEqual([(await ready)[0].id]);
});

describe('the handshake', () => {
  const attempt = (headers: Record<string, string>, transports: ('websocket' | 'polling')[]) => new Promise<string>(resolve => {
    const socket = connect(site.url, { path: SOCKET_PATH, transports, forceNew: true, reconnection: false, extraHeaders: headers });
    socket.on('connect', () => resolve('connected'));
    socket.on('connect_error', () => resolve('refused'));
    void heardOnce(socket);
  });
  const heardOnce = (socket: ReturnType<typeof connect>) => new Promise<void>(resolve => { for (const event of ['connect', 'connect_error']) socket.once(event, () => setImmediate(() => { socket.disconnect(); resolve(); })); });

  test.each(['websocket', 'polling'] as const)('by %s is refused to a page of another site', async transport => {
    expect(await attempt({ origin: 'http://evil.example', cookie: site.cookie(learnerId()) }, [transport])).toBe('refused');
    expect(await attempt({ origin: site.url, cookie: site.cookie(learnerId()) }, [transport])).toBe('connected');
  });

  test('gives a newcomer a cookie that scripts cannot read', async () => {
    const answer = await fetch(`${site.url}${SOCKET_PATH}/?EIO=4&transport=polling`);
    expect(answer.headers.get('set-cookie')).toMatch(/^slipway_learner=[0-9a-f]{32}\.[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    const known = await fetch(`${site.url}${SOCKET_PATH}/?EIO=4&transport=polling`, { headers: { cookie: site.cookie(learnerId()) } });
    expect(known.headers.get('set-cookie')).toBeNull();
  });
});

test('a learner with very many tabs is told so, and closing one makes room', async () => {
  const ada = learnerId();
  const state = (browser: Browser) => new Promise<string>(resolve => {
    browser.on('connect', () => resolve('connected'));
    browser.on('connect_error', error => resolve(error.message));
  });
  const open = Array.from({ length: 40 }, () => site.browser(ada));
  expect(new Set(await Promise.all(open.map(state)))).toEqual(new Set(['connected']));
  expect(await state(site.browser(ada))).toMatch(/very many pages/);
  expect(await state(site.browser(learnerId()))).toBe('connected');
  open[0]!.disconnect();
  await expect.poll(() => state(site.browser(ada)), { timeout: 20_000 }).toBe('connected');
});

test('each tab of a learner hears the web process in its own language: answers, refusals and what all are told', async () => {
  const learner = learnerId();
  const german = site.browser(learner, { extraHeaders: { cookie: site.cookie(learner), 'accept-language': 'de-AT, en;q=0.5' } });
  const english = site.browser(learner, { extraHeaders: { cookie: `${site.cookie(learner)}; ${LANGUAGE_COOKIE}=en`, 'accept-language': 'de' } });
  const { terminals } = await joined(german);
  await joined(english);
  const told = Promise.all([german, english].map(browser => heard(browser, 'terminal:closed')));
  german.emit('terminal:close', { id: terminals[0]!.id });
  expect((await told).map(([, reason]) => reason)).toEqual([say('lab.closed').de, say('lab.closed').en]);
  const nonsense = { id: 'no-such-terminal', ...size };
  await expect(ask(german, 'terminal:attach', nonsense)).rejects.toThrow(say('lab.noTerminal').de);
  await expect(ask(english, 'terminal:attach', nonsense)).rejects.toThrow(say('lab.noTerminal').en);
});

test('nonsense from a browser gets words or nothing, and the connection goes on', async () => {
  const browser = site.browser(learnerId());
  const raw = browser as unknown as { emit(event: string, ...args: unknown[]): void };
  const { terminals } = await joined(browser);
  const id = terminals[0]!.id;
  for (const body of [null, 7, 'x', {}, { id: 5 }, { id, cols: 1e9, rows: -1 }, { slug: '../../etc' }]) {
    for (const event of ['workspace:join', 'terminal:open', 'terminal:attach', 'terminal:detach', 'terminal:resize', 'terminal:input', 'terminal:ack', 'no-such-event']) raw.emit(event, body);
  }
  for (const body of [null, 7, 'x', [id]]) for (const event of ['lab:reset', 'terminal:close']) raw.emit(event, body, () => {});
  raw.emit('terminal:ack', id, Number.NaN);
  raw.emit('terminal:ack', id, -5);
  raw.emit('terminal:input', id, { a: 1 });
  await expect(ask(browser, 'terminal:attach', { id, cols: 1e9, rows: 3 })).rejects.toThrow(/does not understand/);
  await expect(ask(browser, 'workspace:join', { slug: 'no-such-lesson' })).rejects.toThrow('There is no such lesson.');
  expect((await joined(browser)).terminals[0]!.id).toBe(id);
  expect(site.errors).toEqual([]);
});
