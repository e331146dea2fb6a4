import { afterEach, expect, test, vi } from 'vitest';
import type { Lesson, Task } from '../../lessons/schema.ts';
import type { Grader, GraderOptions, StoredTask } from '../grading/types.ts';
import { ask, heard, joined, learnerId, startTestSite, type Browser, type TestSite } from '../testing/site.ts';
import { say } from '../../texts/server.ts';
import { inWords } from './queue.ts';

vi.setConfig({ testTimeout: 60_000 }); // a loaded machine, not a slow server

let site: TestSite;
afterEach(() => site.close());

const soon = { timeout: 20_000 };
const size = { cols: 80, rows: 24 };
const lesson = {
  slug: 'lifecycle', order: [10], root: '', folder: '10-lifecycle', title: 'Lifecycle', summary: 'All of it.', minutes: 5, level: 'beginner', headings: [{ title: 'Containers' }], prerequisites: [], images: [], profile: 'full', user: 'root', hosts: [], egress: [], setup: [], files: { to: '/root', owner: '0:0', list: [] }, quizzes: [],
  body: { type: 'root', children: [] }, tasks: ['hello', 'stop'].map(id => ({ id, title: id, needs: [] }) as unknown as Task),
} satisfies Lesson;

const call = (path: string, status: number) => ({ kind: 'call' as const, call: { method: 'POST', path, query: {}, status, timeNano: 0 } });

/** Grades by the path of a call: /done/<task> or /tried/<task>; explains every status from 400 on. Follows server/grading/types.ts. */
function pathGrader(options: GraderOptions): Grader {
  const tasks = new Map<string, StoredTask>(options.lesson.tasks.map(({ id }) => [id, options.stored.find(task => task.id === id) ?? { id, progress: { state: 'open' }, openedSeq: 0, seq: 0 }]));
  return {
    start() {},
    feed(entry) {
      if (entry.kind !== 'call') return;
      const [, state, id = ''] = entry.call.path.split('/');
      const task = tasks.get(id);
      if (entry.call.status >= 400) options.onExplain({ id: `note-${entry.seq}`, title: 'Error', text: entry.call.path });
      if (!task || entry.seq <= task.seq || task.progress.state === 'done') return;
      const progress = state === 'done' ? { state: 'done' as const, at: '2026-11-21T10:00:00.000Z', evidence: `entry ${entry.seq}` } : { state: 'tried' as const, expected: 'a', found: 'b', next: 'c' };
      const record = { id, progress, openedSeq: 0, seq: entry.seq };
      tasks.set(id, record);
      options.onProgress({ id, progress }, record);
    },
    progress: () => [...tasks.values()].map(({ id, progress }) => ({ id, progress })),
    settled: async () => {}, wantsLook: () => false, look() {}, hint: () => undefined, reset: () => undefined,
    stop() {},
  };
}
const graded = () => startTestSite({ lesson, createGrader: pathGrader });

const connections = (on: TestSite) => new Promise<number>((resolve, reject) => on.http.getConnections((error, count) => (error ? reject(error) : resolve(count))));

test('what the engine saw ticks a task in every tab, is kept, and survives restart and reset', async () => {
  site = await graded();
  const ada = learnerId();
  const [one, two] = [site.browser(ada), site.browser(ada)];
  const { lab, tasks } = await joined(one, 'lifecycle');
  await joined(two, 'lifecycle');
  expect(tasks).toEqual([{ id: 'hello', progress: { state: 'open' } }, { id: 'stop', progress: { state: 'open' } }]);
  expect(site.engine.labs.get(lab.id)!.lab.profile).toBe('full');

  const done = { id: 'hello', progress: { state: 'done', at: '2026-11-21T10:00:00.000Z', evidence: 'entry 1' } };
  const [ticked, tickedToo] = [heard(one, 'task:progress', task => task.id === 'hello'), heard(two, 'task:progress', task => task.id === 'hello')];
  site.engine.happen(lab.id, call('/done/hello', 200));
  expect(await ticked).toEqual([done]);
  expect(await tickedToo).toEqual([done]);
  const tried = heard(one, 'task:progress', task => task.id === 'stop');
  site.engine.happen(lab.id, call('/tried/stop', 200));
  await tried;

  await site.restart();
  const again = site.browser(ada);
  expect((await joined(again, 'lifecycle')).tasks).toEqual([done, { id: 'stop', progress: { state: 'tried', expected: 'a', found: 'b', next: 'c' } }]);
  expect((await site.store.progress(ada)).lifecycle!.done).toEqual(['hello']);

  const ready = heard(again, 'lab:state', state => state.state === 'ready');
  expect((await ask(again, 'lab:reset', {})).tasks).toEqual([done, { id: 'stop', progress: { state: 'open' } }]);
  await ready;
  expect((await ask(again, 'workspace:join', { slug: 'lifecycle' })).tasks[0]).toEqual(done);
});

test('an error is explained to the tabs of its lab alone', async () => {
  site = await graded();
  const [ada, bob] = [site.browser(learnerId()), site.browser(learnerId())];
  const { lab } = await joined(ada, 'lifecycle');
  await joined(bob, 'lifecycle');
  let overheard = 0;
  bob.on('explain', () => overheard++);
  const explained = heard(ada, 'explain');
  site.engine.happen(lab.id, call('/containers/x', 409));
  expect((await explained)[0]).toMatchObject({ title: 'Error', text: '/containers/x' });
  expect((await ask(bob, 'terminal:open', size)).title).toBe('Terminal 2'); // an answer that came after it
  expect(overheard).toBe(0);
});

test('while the engine is away the page says so, and the lab comes up by itself when it is back', async () => {
  site = await graded();
  site.engine.away(true);
  const browser = site.browser(learnerId());
  const said = heard(browser, 'lab:state', lab => lab.problem === say('lab.engineAway').en);
  expect((await ask(browser, 'workspace:join', { slug: null })).lab.state).toBe('starting');
  expect((await said)[0].state).toBe('starting');
  const ready = heard(browser, 'lab:state', lab => lab.state === 'ready');
  site.engine.away(false);
  expect((await ready)[0].problem).toBeUndefined();
});

test('an engine that goes away under an open lab leaves the shell working, and its journal is taken up where it ended', async () => {
  site = await graded();
  const browser = site.browser(learnerId());
  const { lab, terminals } = await joined(browser, 'lifecycle');
  const id = terminals[0]!.id;
  await ask(browser, 'terminal:attach', { id, ...size });
  const said = heard(browser, 'lab:state', state => state.problem === say('lab.engineRestarts').en && state.state === 'ready');
  site.engine.away(true);
  await said;
  let text = '';
  browser.on('terminal:output', (_, data) => { text += Buffer.from(data).toString(); });
  browser.emit('terminal:input', id, 'echo still-$((1+1))\r');
  await expect.poll(() => text, soon).toContain('still-2');
  await expect(ask(browser, 'terminal:open', size)).rejects.toThrow(say('lab.engineRestarts').en);
  site.engine.happen(lab.id, call('/done/stop', 200)); // while nobody listens
  const [back, ticked] = [heard(browser, 'lab:state', state => !state.problem), heard(browser, 'task:progress', task => task.id === 'stop')];
  site.engine.away(false);
  await back;
  expect((await ticked)[0].progress.state).toBe('done');
});

test('a lab that the engine has lost is made anew, with a notice, open or not', async () => {
  site = await graded();
  const ada = learnerId();
  const browser = site.browser(ada);
  const { lab } = await joined(browser, 'lifecycle');
  const done = heard(browser, 'task:progress', task => task.id === 'hello' && task.progress.state === 'done');
  site.engine.happen(lab.id, call('/done/hello', 200));
  await done;
  const fresh = heard(browser, 'lab:state', state => state.state === 'ready');
  site.engine.lose(lab.id);
  const [after] = await fresh;
  expect(after).toMatchObject({ notice: say('lab.lost').en });
  expect(after.id).not.toBe(lab.id);

  await site.restart();
  site.engine.lose(after.id);
  const again = await joined(site.browser(ada), 'lifecycle');
  expect(again.lab).toMatchObject({ state: 'ready', notice: say('lab.lost').en });
  expect(again.tasks[0]!.progress.state).toBe('done');
});

test('a lab whose disk was lost with the machine\'s power is made anew, with a notice', async () => {
  site = await graded();
  const ada = learnerId();
  const { lab } = await joined(site.browser(ada), 'lifecycle');
  await site.engine.suspendLab(lab.id);
  site.engine.diskless.add(lab.id);
  await site.restart();
  const again = await joined(site.browser(ada), 'lifecycle');
  expect(again.lab).toMatchObject({ state: 'ready', notice: say('lab.lost').en });
  expect(again.lab.id).not.toBe(lab.id);
  expect(site.engine.labs.has(lab.id)).toBe(false);
});

test('no lab is made for a page that is not there any more', async () => {
  site = await startTestSite();
  const ada = learnerId();
  const [gone, away] = [site.browser(ada), site.browser(learnerId())];
  const { lab } = await joined(gone);
  gone.disconnect();
  site.engine.full = true;
  const said = heard(away, 'lab:state', state => state.problem === inWords(1, undefined).en);
  await ask(away, 'workspace:join', { slug: null });
  await said;
  away.disconnect();
  await expect.poll(() => connections(site), soon).toBe(0);
  site.engine.lose(lab.id);
  site.engine.full = false;
  const watcher = site.browser(learnerId());
  await joined(watcher);
  await joined(site.browser(learnerId()));
  expect(site.engine.made).toBe(3);
  expect((await joined(site.browser(ada))).lab.notice).toBe(say('lab.lost').en);
});

test('a lab whose host has ended under the page is made anew, with a notice', async () => {
  site = await startTestSite();
  const browser = site.browser(learnerId());
  const { lab } = await joined(browser);
  const fresh = heard(browser, 'lab:state', state => state.state === 'ready' && state.id !== lab.id);
  site.engine.halt(lab.id);
  expect((await fresh)[0].notice).toBe(say('lab.lost').en);
  expect(site.engine.labs.has(lab.id)).toBe(false);
});

test('when the machine is full the page says so, and the lab starts when there is room', async () => {
  site = await startTestSite();
  site.engine.full = true;
  const browser = site.browser(learnerId());
  const [said, ready] = [heard(browser, 'lab:state', lab => lab.problem === inWords(1, undefined).en), heard(browser, 'lab:state', lab => lab.state === 'ready')];
  await ask(browser, 'workspace:join', { slug: null });
  await said;
  site.engine.full = false;
  expect((await ready)[0].problem).toBeUndefined();
});

test('tabs that join at the same moment make one lab', async () => {
  site = await graded();
  const ada = learnerId();
  const browsers = Array.from({ length: 5 }, () => site.browser(ada));
  const views = await Promise.all(browsers.map(browser => joined(browser)));
  expect(site.engine.made).toBe(1);
  expect(new Set(views.map(view => view.lab.id)).size).toBe(1);
});

test('one lab too many takes the place of the one least recently used, but never of one that is open', async () => {
  site = await startTestSite({ lesson, policy: 'labs=1', lingerMs: 60_000 });
  const ada = learnerId();
  const first = site.browser(ada);
  const before = await joined(first, 'lifecycle');
  const second = site.browser(ada);
  const refused = heard(second, 'lab:state', lab => lab.state === 'gone');
  await ask(second, 'workspace:join', { slug: null });
  expect((await refused)[0].problem).toBe(say('lab.tooManyOpen', { count: 1 }).en);
  first.disconnect();
  const ready = heard(second, 'lab:state', lab => lab.state === 'ready');
  await expect.poll(async () => {
    await ask(second, 'lab:reset', {}).catch(() => {}); // refused until the server has seen the first tab go
    return [...site.engine.labs.keys()].includes(before.lab.id);
  }, soon).toBe(false);
  await ready;
  expect((await joined(site.browser(learnerId()), 'lifecycle')).lab.notice).toBeUndefined();
});

test('who resets again and again is asked to wait, and keeps the lab', async () => {
  site = await startTestSite();
  const browser = site.browser(learnerId());
  await joined(browser);
  const resets = async () => {
    for (let n = 0; n < 12; n++) {
      const ready = heard(browser, 'lab:state', lab => lab.state === 'ready');
      ready.catch(() => {});
      await ask(browser, 'lab:reset', {});
      await ready;
    }
  };
  await expect(resets()).rejects.toThrow(say('lab.tooFastLearner').en);
  const { lab } = await joined(browser);
  expect([...site.engine.labs.keys()]).toEqual([lab.id]);
});

test('the ninth terminal is refused in words', async () => {
  site = await startTestSite();
  const browser = site.browser(learnerId());
  await joined(browser);
  for (let n = 2; n <= 8; n++) expect((await ask(browser, 'terminal:open', size)).title).toBe(`Terminal ${n}`);
  await expect(ask(browser, 'terminal:open', size)).rejects.toThrow(say('lab.tooManyTerminals', { count: 8 }).en);
});

test('a lab that nobody has opened for long is given up, and its workspace says so later', async () => {
  site = await startTestSite({ lesson, createGrader: pathGrader, lingerMs: 0, now: () => Date.now() + 8 * 86_400_000 });
  const [ada, bob] = [learnerId(), learnerId()];
  const gone = site.browser(ada);
  await joined(gone, 'lifecycle');
  const { lab } = await joined(site.browser(bob), 'lifecycle');
  gone.disconnect();
  await expect.poll(async () => {
    await site.workspaces.sweep();
    return [...site.engine.labs.keys()];
  }, soon).toEqual([lab.id]);
  expect((await joined(site.browser(ada), 'lifecycle')).lab.notice).toBe(say('lab.lost').en);
});

test('some time after the last tab has closed the web process lets go; the lab stays', async () => {
  site = await startTestSite({ lingerMs: 20 });
  const ada = learnerId();
  const browser = site.browser(ada);
  const before = await joined(browser);
  const lab = site.engine.labs.get(before.lab.id)!;
  expect(lab.listeners.size).toBe(1);
  browser.disconnect();
  await expect.poll(() => lab.listeners.size, soon).toBe(0);
  expect(await joined(site.browser(ada))).toEqual(before);
});

test('labs whose workspace does not know them are swept; others\' labs are left alone', async () => {
  site = await startTestSite();
  const { lab } = await joined(site.browser(learnerId()));
  const orphan = await site.engine.createLab({ name: 'learner-of-a-crash', profile: 'strict' });
  const operators = await site.engine.createLab({ name: 'demo', profile: 'strict' });
  await site.workspaces.sweep();
  expect([...site.engine.labs.keys()]).toEqual([lab.id, operators.id]);
  expect(orphan.id).not.toBe(lab.id);
});

test('nobody\'s lab is made while nobody looks, however many labs are taken away', async () => {
  site = await startTestSite({ lingerMs: 60_000 });
  const browsers = Array.from({ length: 5 }, () => site.browser(learnerId()));
  for (const browser of browsers) await joined(browser);
  for (const browser of browsers) browser.disconnect();
  await expect.poll(() => connections(site), soon).toBe(0);
  for (const id of site.engine.labs.keys()) site.engine.lose(id);
  const later = learnerId();
  await joined(site.browser(later));
  expect(site.engine.made).toBe(6);
});

test('when the machine is full each learner sees their place, and who was first is served first', async () => {
  site = await startTestSite();
  site.engine.full = true;
  const places = new Map<Browser, number | undefined>();
  const [one, two] = [site.browser(learnerId()), site.browser(learnerId())];
  for (const [n, browser] of [one, two].entries()) {
    browser.on('lab:state', state => places.set(browser, state.queue?.place));
    places.set(browser, (await ask(browser, 'workspace:join', { slug: null })).lab.queue?.place ?? places.get(browser));
    await expect.poll(() => places.get(browser), soon).toBe(n + 1);
  }
  const next = heard(two, 'lab:state', state => state.queue?.place === 1);
  one.disconnect();
  await next;
  const ready = heard(two, 'lab:state', state => state.state === 'ready');
  site.engine.full = false;
  const [state] = await ready;
  expect(state.problem).toBeUndefined();
  expect(state.queue).toBeUndefined();
  expect(site.engine.made).toBe(1);
});

test('a lesson that its author changes goes on in the open lab: what is done stays done, what is new is open', async () => {
  site = await startTestSite({ createGrader: pathGrader, lesson });
  const browser = site.browser(learnerId());
  const view = await joined(browser, 'lifecycle');
  const done = heard(browser, 'task:progress', ({ id, progress }) => id === 'hello' && progress.state === 'done');
  site.engine.happen(view.lab.id, call('/done/hello', 200));
  await done;
  const changed = heard(browser, 'lesson:changed');
  const fresh = heard(browser, 'task:progress', ({ id }) => id === 'new');
  await site.workspaces.lessonChanged({ ...lesson, tasks: ['hello', 'new'].map(id => ({ id, title: id, needs: [] }) as unknown as Task) });
  await changed;
  expect((await fresh)[0].progress.state).toBe('open');
  expect((await joined(browser, 'lifecycle')).tasks.map(({ id, progress }) => [id, progress.state])).toEqual([['hello', 'done'], ['new', 'open']]);
});

test('copies of a lab belong to its workspace alone, outlive a reset, are gone back to, and go with the lab', async () => {
  site = await graded();
  const ada = learnerId();
  const [browser, bob] = [site.browser(ada), site.browser(learnerId())];
  const { lab } = await joined(browser, 'lifecycle');
  await joined(bob, 'lifecycle');
  site.engine.happen(lab.id, call('/done/hello', 200));
  await heard(browser, 'task:progress', task => task.id === 'hello');
  const { copies: [first] } = await ask(browser, 'copies:save', {});
  expect((await ask(bob, 'copies:list', {})).copies).toEqual([]);
  await expect(ask(bob, 'copies:go-back', { id: first!.id })).rejects.toThrow(say('copies.none').en);
  await expect(ask(bob, 'copies:remove', { id: first!.id })).rejects.toThrow(say('copies.none').en);
  site.engine.copyBytes = 2 ** 31;
  await expect(ask(browser, 'copies:save', {})).rejects.toThrow(say('copies.noRoom').en);
  site.engine.copyBytes = 1 << 20;
  for (const count of [2, 3]) expect((await ask(browser, 'copies:save', {})).copies).toHaveLength(count);
  await expect(ask(browser, 'copies:save', {})).rejects.toThrow(say('copies.tooMany', { count: 3 }).en);

  let ready = heard(browser, 'lab:state', state => state.state === 'ready');
  await ask(browser, 'lab:reset', {});
  await ready;
  ready = heard(browser, 'lab:state', state => state.state === 'ready');
  const back = await ask(browser, 'copies:go-back', { id: first!.id });
  expect(back.tasks[0]!.progress.state).toBe('done');
  const [restored] = await ready;
  expect(restored.fresh).toBeUndefined();
  expect(site.engine.labs.has(lab.id)).toBe(false);
  expect((await ask(browser, 'copies:list', {})).copies).toHaveLength(3);

  await site.workspaces.sweep();
  expect(site.engine.kept.size).toBe(3);
  const { workspace } = (await site.store.labs(ada))[0]!;
  const left = new Promise(resolve => browser.once('disconnect', resolve));
  browser.disconnect();
  await left;
  await expect.poll(() => site.workspaces.remove(ada, workspace), soon).toBe('removed');
  expect(site.engine.kept.size).toBe(0);
});
