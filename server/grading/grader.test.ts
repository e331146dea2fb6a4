// The grader as the server uses it: neutral, then in words, then done for ever; quiet when nothing changed; not fooled.
import { afterEach, describe, expect, test, vi } from 'vitest';
import { taskSchema, type Task } from '../../lessons/schema.ts';
import { inLanguage, SOURCE, type InOne } from '../../texts/language.ts';
import type { TaskState } from '../protocol.ts';
import { createGrader } from './grader.ts';
import { idOf, Lab } from './synthetic.ts';
import { carriedOver, type Grader, type Note, type StoredTask } from './types.ts';

const nginx = 'nginx:1.22';
const task = (given: { id: string; check: unknown; needs?: string[]; attempt?: unknown }): Task => taskSchema.parse({
  title: given.id, attempt: { call: { path: '/containers/create' } }, expected: 'It should be so.', next: 'Do this.', done: 'Seen: {container.name}',
  solution: ['x'], otherWays: [['x'], ['x']], wrongTurns: [{ id: 'a', when: { container: { state: 'created' } }, found: '{container.name} is only {container.state}', next: 'docker start {container.name}' }, { id: 'b', when: { container: { state: 'paused' } }, found: '{container.name} is paused', next: 'unpause' }],
  wrong: [{ commands: ['x'], message: 'a' }, { commands: ['x'], message: 'b' }], ...given,
});
const web = task({ id: 'web', check: { container: { name: 'web', state: 'running' } } });
const stop = task({ id: 'stop', needs: ['web'], check: { event: { action: 'stop', name: 'web' } }, attempt: { event: { action: ['stop', 'kill'] } } });

interface Seen { progress: { id: string; progress: TaskState }[]; notes: InOne<Note>[]; stored: Map<string, StoredTask>; reads: number }
let current: Grader | undefined;
afterEach(() => current?.stop());

function begin(tasks: Task[], lab = new Lab(), stored: StoredTask[] = [], output = (_id: string) => ({ stdout: '', stderr: '' })) {
  const seen: Seen = { progress: [], notes: [], stored: new Map(stored.map(s => [s.id, s])), reads: 0 };
  const made = createGrader({
    lesson: { tasks }, stored,
    evidence: async () => { seen.reads += 1; return structuredClone(lab.evidence); },
    read: async () => ({ seq: lab.evidence.seq, found: [] }),
    output: async id => output(id),
    onProgress: (change, record) => { seen.progress.push(inLanguage(change, SOURCE) as Seen['progress'][number]); seen.stored.set(record.id, record); },
    onExplain: note => seen.notes.push(inLanguage(note, SOURCE)),
  });
  current = made;
  made.start();
  for (const entry of lab.entries) made.feed(entry);
  lab.onEntry(entry => made.feed(entry));
  const states = () => made.progress().map(t => t.progress.state);
  return { grader: { ...made, progress: () => inLanguage(made.progress(), SOURCE) }, lab, seen, states };
}

describe('a task', () => {
  test('is neutral until there is a relevant attempt, and locked until what it needs is done', async () => {
    const { grader, lab, states } = begin([web, stop]);
    lab.call('GET', '/containers/json');
    lab.call('GET', '/version');
    await grader.settled();
    expect(states()).toEqual(['open', 'locked']);
  });

  test('says what was expected, found and next after a wrong turn, quoting real names', async () => {
    const { grader, lab } = begin([web]);
    lab.create('web', nginx);
    await grader.settled();
    expect(grader.progress()[0]!.progress).toEqual({ state: 'tried', expected: 'It should be so.', found: 'web is only created', next: 'docker start web' });
  });

  test('says nothing of a container that may be on its way to its end, until it has stayed a while', async () => {
    vi.useFakeTimers();
    try {
      const { lab, states, seen } = begin([task({ id: 'ended', check: { event: { action: 'die' } } })]);
      lab.runDetached('job', nginx);
      await vi.advanceTimersByTimeAsync(900);
      expect(states()).toEqual(['open']);
      await vi.advanceTimersByTimeAsync(200);
      expect(seen.progress.at(-1)!.progress).toMatchObject({ state: 'tried', found: 'job (nginx:1.22) is running.' });
      lab.die('job', nginx);
      expect(states()).toEqual(['done']);
    } finally {
      vi.useRealTimers();
    }
  });

  test('describes what there is when no wrong turn fits', async () => {
    const { grader, lab } = begin([task({ id: 'well', check: { container: { name: 'web', exitCode: 0 } } })]);
    lab.runToEnd('web', nginx, 3);
    await grader.settled();
    expect(grader.progress()[0]!.progress).toMatchObject({ state: 'tried', found: 'web (nginx:1.22) is exited (3).' });
  });

  test('is done at the very entry, synchronously, and stays done with moment and evidence', async () => {
    const { grader, lab, states } = begin([web, stop]);
    await grader.settled();
    lab.runDetached('web', nginx);
    expect(states()).toEqual(['done', 'open']);
    const before = grader.progress()[0];
    lab.remove('web', nginx);
    await grader.settled();
    expect(grader.progress()[0]).toEqual(before);
    expect(before!.progress).toMatchObject({ state: 'done', evidence: 'Seen: web' });
  });

  test('is done even when what it asks for lasts only an instant', async () => {
    const { grader, lab, states } = begin([web]);
    await grader.settled();
    lab.runToEnd('web', nginx);
    expect(states()).toEqual(['done']);
  });

  test('speaks of the most recent wrong turn', async () => {
    const { grader, lab } = begin([task({ id: 'x', check: { container: { name: 'never' } } })]);
    lab.create('one', nginx);
    await grader.settled();
    lab.runDetached('two', nginx);
    lab.event('pause', 'two', nginx);
    await grader.settled();
    expect(grader.progress()[0]!.progress).toMatchObject({ found: 'two is paused' });
  });

  test('does not tick from work done before it opened', async () => {
    const { grader, lab, states } = begin([web, stop]);
    await grader.settled();
    lab.create('web', nginx);
    lab.event('stop', 'web', nginx);
    lab.start('web', nginx);
    await grader.settled();
    expect(states()).toEqual(['done', 'open']);
    lab.stop('web', nginx);
    expect(states()).toEqual(['done', 'done']);
  });

  test('that asks for time up ticks by itself when the time has passed, and not for what ended before', async () => {
    vi.useFakeTimers();
    try {
      const { lab, states } = begin([task({ id: 'stays', check: { container: { name: 'web', state: 'running', upSeconds: 1 } } })]);
      await vi.advanceTimersByTimeAsync(10);
      lab.runToEnd('web', nginx, 1);
      await vi.advanceTimersByTimeAsync(3000);
      expect(states()).toEqual(['tried']);
      lab.start('web', nginx);
      await vi.advanceTimersByTimeAsync(900);
      expect(states()).toEqual(['tried']);
      await vi.advanceTimersByTimeAsync(200);
      expect(states()).toEqual(['done']);
      expect(vi.getTimerCount()).toBeLessThanOrEqual(1);
    } finally {
      vi.useRealTimers();
    }
  });

  test('that asks for output reads the log once the container has ended', async () => {
    const { grader, lab, states } = begin([task({ id: 'said', check: { output: { container: { name: 'a' }, contains: 'two' } } })], new Lab(), [], id => ({ stdout: id === idOf('a') ? 'one two' : 'two', stderr: '' }));
    lab.runToEnd('b', nginx);
    await grader.settled();
    expect(states()).toEqual(['tried']);
    lab.runToEnd('a', nginx);
    await grader.settled();
    expect(states()).toEqual(['done']);
  });
});

describe('the grader', () => {
  test('tells each state once', async () => {
    const { grader, lab, seen } = begin([web]);
    lab.create('web', nginx);
    await grader.settled();
    lab.call('GET', '/containers/json');
    lab.call('GET', '/containers/json');
    await grader.settled();
    expect(seen.progress.map(p => p.progress.state)).toEqual(['open', 'tried']);
  });

  test('after a restart knows what was done, says nothing twice, and judges what came meanwhile', async () => {
    const first = begin([web, stop]);
    first.lab.runDetached('web', nginx);
    first.lab.call('DELETE', '/containers/web', 409, { message: 'cannot remove container "/web": container is running: stop the container before removing or force remove', container: { id: idOf('web'), name: 'web' } });
    await first.grader.settled();
    first.grader.stop();
    const stored = [...first.seen.stored.values()];

    const again = begin([web, stop], first.lab, stored);
    await again.grader.settled();
    expect(again.seen.progress).toEqual([]);
    expect(again.states()).toEqual(['done', 'open']);
    again.grader.stop();

    first.lab.stop('web', nginx);
    const third = begin([web, stop], first.lab, stored);
    await third.grader.settled();
    expect(third.states()).toEqual(['done', 'done']);
  });

  test('after a restart is not misled by records that come before the journal', async () => {
    const again2 = task({ id: 'again', needs: ['web'], check: { any: [{ container: { name: 'web', starts: 2 } }, { container: { state: 'running', since: 'opened' } }] }, attempt: { event: { action: 'kill' } } });
    const first = begin([web, again2]);
    first.lab.runDetached('web', nginx);
    await first.grader.settled();
    first.grader.stop();

    const lab = first.lab;
    const changes: string[] = [];
    const second = createGrader({
      lesson: { tasks: [web, again2] }, stored: [...first.seen.stored.values()], evidence: async () => structuredClone(lab.evidence), read: async () => ({ seq: 0, found: [] }), output: async () => ({ stdout: '', stderr: '' }),
      onProgress: change => changes.push(change.id), onExplain() {},
    });
    current = second;
    second.start();
    await second.settled(); // the records are there, the journal is not
    for (const entry of lab.entries) second.feed(entry);
    lab.onEntry(entry => second.feed(entry));
    lab.call('GET', '/containers/json');
    await second.settled();
    expect(changes).toEqual([]);
    expect(second.progress().map(t => t.progress.state)).toEqual(['done', 'open']);
    lab.stop('web', nginx);
    lab.start('web', nginx);
    expect(second.progress().map(t => t.progress.state)).toEqual(['done', 'done']);
  });

  test('sets no timers while nothing happens, however many labs there are', async () => {
    vi.useFakeTimers();
    try {
      const graders = Array.from({ length: 100 }, () => begin([web, stop]));
      for (const one of graders) one.lab.create('web', nginx);
      await vi.advanceTimersByTimeAsync(1000);
      expect(graders.every(one => one.states()[0] === 'tried')).toBe(true);
      expect(vi.getTimerCount()).toBe(0);
      for (const one of graders) one.grader.stop();
    } finally {
      vi.useRealTimers();
    }
  });

  test('after a reset keeps what is done and begins the rest afresh in the new lab', async () => {
    const first = begin([web, stop]);
    first.lab.runDetached('web', nginx);
    await first.grader.settled();
    first.grader.stop();
    const fresh = begin([web, stop], new Lab(), carriedOver([...first.seen.stored.values()]));
    await fresh.grader.settled();
    expect(fresh.states()).toEqual(['done', 'open']);
    fresh.lab.runDetached('web', nginx);
    fresh.lab.stop('web', nginx);
    expect(fresh.states()).toEqual(['done', 'done']);
  });

  test('reads the records no more than once at a time, and not at all for tasks that the journal can judge', async () => {
    const { grader, lab, seen } = begin([web]);
    await grader.settled();
    const before = seen.reads;
    for (let i = 0; i < 500; i++) lab.runToEnd(`c${i}`, nginx);
    await grader.settled();
    expect(seen.reads).toBe(before);
    grader.stop();

    const careful = begin([task({ id: 'tty', check: { container: { tty: true } } })]);
    for (let i = 0; i < 500; i++) careful.lab.runToEnd(`c${i}`, nginx);
    await careful.grader.settled();
    expect(careful.seen.reads).toBeLessThanOrEqual(4);
  });

  test('goes on when the engine cannot be asked for a moment', async () => {
    const errors: unknown[] = [];
    const lab = new Lab();
    let broken = true;
    current = createGrader({
      lesson: { tasks: [task({ id: 'tty', check: { container: { tty: true } } })] }, stored: [],
      evidence: async () => { if (broken) throw new Error('gone'); return { seq: 99, containers: [{ Id: idOf('a'), Name: '/a', Config: { Tty: true }, State: { Status: 'running' } }], images: [] }; },
      read: async () => ({ seq: 0, found: [] }), output: async () => ({ stdout: '', stderr: '' }), onProgress() {}, onExplain() {}, onError: error => errors.push(error),
    });
    lab.onEntry(entry => current!.feed(entry));
    current.start();
    lab.create('a', nginx);
    await current.settled();
    expect(errors.length).toBeGreaterThan(0);
    broken = false;
    lab.start('a', nginx);
    await current.settled();
    expect(current.progress()[0]!.progress.state).toBe('done');
  });
});

describe('a learner who tries to fool it', () => {
  const done = (tasks: Task[], happens: (lab: Lab) => void) => {
    const { grader, lab, states } = begin(tasks);
    happens(lab);
    return grader.settled().then(() => states().includes('done'));
  };

  test('gets nothing for names and labels that only sound right', async () => {
    const check = { container: { name: 'web', image: nginx, state: 'running' } };
    expect(await done([task({ id: 't', check })], lab => {
      lab.runDetached('web', 'me/nginx:1.22');
      lab.runDetached('nginx:1.22', 'busybox');
      lab.event('start', 'other', 'busybox', { 'com.example.image': nginx, label: 'web' });
    })).toBe(false);
  });

  test('gets nothing for an image whose path ends alike', async () => {
    expect(await done([task({ id: 't', check: { event: { action: 'die', image: 'hello-world', exitCode: 0 } } })], lab => {
      lab.runToEnd('a', 'evil/hello-world');
      lab.runToEnd('b', 'hello-world:other');
      lab.runToEnd('hello-world', 'busybox');
    })).toBe(false);
  });

  test('gets nothing for parts of the work done by different containers', async () => {
    const check = { sequence: { steps: [{ event: { action: 'stop' } }, { event: { action: 'start' } }] } };
    expect(await done([task({ id: 't', check })], lab => { lab.runDetached('a', nginx); lab.stop('a', nginx); lab.runDetached('b', nginx); })).toBe(false);
  });

  test('cannot fill its memory with a flood, nor drown the work that counts', async () => {
    const { grader, lab, states } = begin([web]);
    await grader.settled();
    for (let i = 0; i < 3000; i++) { lab.runToEnd(`c${i}`, 'busybox'); lab.event('destroy', `c${i}`, 'busybox'); }
    lab.runDetached('web', nginx);
    expect(states()).toEqual(['done']);
  });

  test('does not pass by a rename after which another container has the name', async () => {
    const { grader, lab, states } = begin([task({ id: 't', check: { event: { action: 'start', container: { name: 'web', image: nginx, state: 'running' } } } })]);
    lab.create('old', nginx);
    lab.event('rename', 'web', nginx, { originally: 'old', oldName: '/old' });
    lab.runDetached('new', 'busybox');
    await grader.settled();
    expect(states()).toEqual(['tried']);
  });
});

describe('explanations', () => {
  const message = 'cannot remove container "/web": container is running: stop the container before removing or force remove';
  test('come at once, once, with the real name', async () => {
    const { grader, lab, seen } = begin([web]);
    lab.runDetached('web', nginx);
    lab.call('DELETE', '/containers/web', 409, { message, container: { id: idOf('web'), name: 'web' } });
    lab.call('DELETE', '/containers/web', 409, { message, container: { id: idOf('web'), name: 'web' } });
    expect(seen.notes).toHaveLength(1);
    expect(seen.notes[0]).toMatchObject({ title: 'web is still running', command: 'docker stop web' });
    await grader.settled();
  });

  test('are not given for an image that docker run then pulls, nor for docker inspect of an image', async () => {
    vi.useFakeTimers();
    try {
      const { lab, seen } = begin([web]);
      lab.call('POST', '/containers/create', 404, { message: 'No such image: hello-world:latest' });
      lab.call('POST', '/images/create', 200, { query: { fromImage: 'hello-world', tag: 'latest' } });
      lab.call('GET', '/containers/nginx/json', 404, { message: 'No such container: nginx' });
      lab.call('GET', '/images/nginx/json', 200);
      await vi.advanceTimersByTimeAsync(1000);
      expect(seen.notes).toEqual([]);
      lab.call('GET', '/containers/wbe/json', 404, { message: 'No such container: wbe' });
      await vi.advanceTimersByTimeAsync(1000);
      expect(seen.notes).toHaveLength(1);
    } finally {
      vi.useRealTimers();
    }
  });
});
