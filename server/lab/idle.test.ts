import { afterEach, expect, test, vi } from 'vitest';
import { heard, joined, learnerId, startTestSite, ask, type Browser, type TestSite } from '../testing/site.ts';
import { judge, type Signs } from './idle.ts';
import { policiesFrom } from './policy.ts';
import { Presence } from './presence.ts';

vi.setConfig({ testTimeout: 60_000 });

const M = 60_000;
const policy = policiesFrom({ guest: 'freeze=5m suspend=30m warn=2m work=4h' }).guest;
const at = (signs: Partial<Signs>) => judge({ now: 1000 * M, personAt: 0, workedAt: 0, isSeen: false, ...signs }, policy);

test.each<[string, Partial<Signs>, string, number]>([
  ['a key just now', { personAt: 1000 * M }, 'stays', 30],
  ['five minutes of nothing', { personAt: 995 * M }, 'freeze', 25],
  ['five minutes of nothing before somebody\'s eyes', { personAt: 995 * M, isSeen: true }, 'stays', 25],
  ['half an hour of nothing', { personAt: 970 * M }, 'suspend', 0],
  ['half an hour of nothing, also when it is seen', { personAt: 970 * M, isSeen: true }, 'suspend', 0],
  ['half an hour of work', { personAt: 970 * M, workedAt: 1000 * M }, 'stays', 30],
  ['work that ended', { personAt: 900 * M, workedAt: 990 * M }, 'freeze', 20],
  ['work that goes on and on', { personAt: 720 * M, workedAt: 1000 * M }, 'suspend', -10],
])('%s', (_, signs, verdict, leftMinutes) => expect(at(signs)).toEqual({ verdict, leftMs: leftMinutes * M }));

test('a tab that is seen is somebody, but not for ever', () => {
  let now = 0;
  const presence = new Presence(() => now);
  const [tab, other] = [{}, {}];
  presence.show(tab, true);
  now = 20 * M;
  expect(presence.at(30 * M)).toBe(20 * M);
  now = 50 * M;
  expect(presence.at(30 * M)).toBe(30 * M);
  presence.use();
  now = 60 * M;
  presence.show(other, true);
  presence.leave(tab);
  expect(presence.isSeen).toBe(true);
  now = 61 * M;
  presence.show(other, false);
  now = 80 * M;
  expect([presence.isSeen, presence.at(30 * M)]).toEqual([false, 61 * M]);
});

let site: TestSite;
afterEach(() => (site as TestSite | undefined)?.close());

const soon = { timeout: 20_000 };
let ahead = 0;
const now = () => Date.now() + ahead;
const start = (options: Parameters<typeof startTestSite>[0] = {}) => {
  ahead = 0;
  return startTestSite({ policy: 'freeze=5m suspend=30m warn=2m', now, lingerMs: 60_000, ...options });
};
/** Closes its tab, and waits until the server has noticed. */
const leave = async (browser: Browser) => {
  browser.disconnect();
  await expect.poll(() => new Promise<number>(resolve => site.http.getConnections((_, count) => resolve(count))), soon).toBe(0);
};
const stateOf = (lab: string) => site.engine.labs.get(lab)!.lab.state;
const later = async (minutes: number) => { ahead += minutes * M; await site.workspaces.tickIdle(); };

test('nobody looks: it is frozen, thawed by a key, and warned of before it is suspended; a click keeps it', async () => {
  site = await start();
  const browser = site.browser(learnerId());
  const view = await joined(browser);
  const { id } = view.lab;
  await ask(browser, 'terminal:attach', { id: view.terminals[0]!.id, cols: 80, rows: 24 });
  await site.workspaces.tickIdle(); // a first look at its work
  await later(29);
  expect(stateOf(id)).toBe('running'); // the tab is seen

  browser.emit('tab:visible', false);
  await ask(browser, 'workspace:join', { slug: null, visible: false }); // an answer after it
  await ask(browser, 'terminal:attach', { id: view.terminals[0]!.id, cols: 80, rows: 24 });
  await later(6);
  expect(stateOf(id)).toBe('frozen');
  let text = '';
  browser.on('terminal:output', (_, data) => { text += Buffer.from(data).toString(); });
  browser.emit('terminal:input', view.terminals[0]!.id, 'echo here-$((1+1))\r');
  await expect.poll(() => stateOf(id), soon).toBe('running');
  await expect.poll(() => text, soon).toContain('here-2');

  const warned = heard(browser, 'lab:idle', ({ sleepsInMs }) => sleepsInMs !== null);
  await later(28.5);
  const [{ sleepsInMs }] = await warned;
  expect(sleepsInMs).toBeGreaterThan(M);
  expect(sleepsInMs).toBeLessThanOrEqual(1.5 * M);
  expect((await joined(site.browser(learnerId()))).sleepsInMs).toBeNull();
  const kept = heard(browser, 'lab:idle', idle => idle.sleepsInMs === null);
  browser.emit('tab:used');
  await kept;
  await later(5);
  expect(stateOf(id)).not.toBe('suspended');
});

test('under open tabs it falls asleep, says so, and one click opens the same lab; a page that merely reconnects does not wake it', async () => {
  site = await start();
  const ada = learnerId();
  const browser = site.browser(ada);
  const { lab } = await joined(browser);
  browser.emit('tab:visible', false);
  await ask(browser, 'workspace:join', { slug: null, visible: false });
  await site.workspaces.tickIdle();
  const asleep = heard(browser, 'lab:state', state => state.state === 'asleep');
  const closed = heard(browser, 'terminal:closed');
  await later(31);
  expect((await asleep)[0]).toMatchObject({ id: lab.id });
  await closed;
  expect(stateOf(lab.id)).toBe('suspended');

  browser.disconnect();
  await site.restart();
  const back = site.browser(ada);
  const still = heard(back, 'lab:state', state => state.state !== 'starting');
  const view = await ask(back, 'workspace:join', { slug: null, wake: false });
  expect((view.lab.state === 'starting' ? (await still)[0] : view.lab).state).toBe('asleep');
  expect(stateOf(lab.id)).toBe('suspended');
  const ready = heard(back, 'lab:state', state => state.state === 'ready');
  await ask(back, 'lab:wake', {});
  expect((await ready)[0]).toMatchObject({ id: lab.id });
  expect((await ask(back, 'workspace:join', { slug: null })).terminals).toHaveLength(1);
});

test('without a tab it is suspended once it does nothing, and who comes back simply finds it open', async () => {
  site = await start();
  const ada = learnerId();
  const gone = site.browser(ada);
  const { lab } = await joined(gone);
  await leave(gone);
  await site.workspaces.tickIdle();
  for (let n = 1; n <= 3; n++) {
    site.engine.cpuNs += 20 * M * 1e6; // it works all the time
    await later(20);
    expect(stateOf(lab.id)).toBe('running');
  }
  await later(6);
  expect(stateOf(lab.id)).toBe('frozen');
  await later(25);
  expect(stateOf(lab.id)).toBe('suspended');
  const back = await joined(site.browser(ada));
  expect(back.lab).toMatchObject({ id: lab.id, state: 'ready' });
  expect(back.lab.notice).toBeUndefined();
  expect(back.terminals).toHaveLength(1);
});

test('a container that started or ended lately is work', async () => {
  site = await start();
  const gone = site.browser(learnerId());
  const { lab } = await joined(gone);
  await leave(gone);
  await site.workspaces.tickIdle();
  site.engine.figured.set(lab.id, { containerAt: now() + 20 * M });
  await later(21);
  expect(stateOf(lab.id)).toBe('running');
  await later(5);
  expect(stateOf(lab.id)).toBe('frozen');
});

test('while somebody waits for a lab, those that stand still with nobody there make room', async () => {
  site = await start();
  const gone = site.browser(learnerId());
  const { lab } = await joined(gone);
  await leave(gone);
  await site.workspaces.tickIdle();
  await later(6);
  expect(stateOf(lab.id)).toBe('frozen');
  site.engine.full = true;
  const waiting = site.browser(learnerId());
  const said = heard(waiting, 'lab:state', state => state.queue !== undefined);
  await ask(waiting, 'workspace:join', { slug: null });
  await said;
  await site.workspaces.tickIdle();
  expect(stateOf(lab.id)).toBe('suspended');
});

test('a lab that cannot be put to sleep is open again, and left alone for a while', async () => {
  site = await start();
  const browser = site.browser(learnerId());
  const { lab } = await joined(browser);
  await ask(browser, 'workspace:join', { slug: null, visible: false });
  await site.workspaces.tickIdle();
  const { suspendLab } = site.engine;
  let tried = 0;
  site.engine.suspendLab = () => { tried++; return Promise.reject(new Error('the disk hangs')); };
  const ready = heard(browser, 'lab:state', state => state.state === 'ready');
  await later(31);
  expect((await ready)[0].id).toBe(lab.id);
  await later(1);
  expect(tried).toBe(1);
  expect(String(site.errors.at(-1))).toContain('the disk hangs');
  site.engine.suspendLab = suspendLab;
});
