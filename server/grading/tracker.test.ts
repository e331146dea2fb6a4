// Every kind of condition against the journals that fit it and those that only look like it.
import { describe, expect, test } from 'vitest';
import { conditionSchema } from '../../lessons/condition.ts';
import { contextOf, idOf, Lab } from './synthetic.ts';
import { track } from './tracker.ts';
import { Facts } from './world.ts';

const nginx = 'nginx:1.22';
const running = (lab: Lab) => lab.runDetached('web', nginx);
const nothing = () => {};

type Row = [says: string, condition: unknown, fits: (lab: Lab) => void, misleads: (lab: Lab) => void];
const rows: Row[] = [
  ['container by name', { container: { name: 'web' } }, running, lab => lab.runDetached('web2', nginx)],
  ['container by state', { container: { name: 'web', state: 'running' } }, running, lab => lab.create('web', nginx)],
  ['container not removed', { container: { name: 'web' } }, running, lab => { running(lab); lab.remove('web', nginx); }],
  ['container removed', { container: { name: 'web', state: 'removed' } }, lab => { running(lab); lab.remove('web', nginx); }, running],
  ['container by image, tag latest implied', { container: { image: 'nginx' } }, lab => lab.runDetached('a', 'docker.io/library/nginx:latest'), running],
  ['container by exit code', { container: { exitCode: 0 } }, lab => lab.runToEnd('a', nginx, 0), lab => lab.runToEnd('a', nginx, 1)],
  ['container with any failure', { container: { exitCode: 'nonzero' } }, lab => lab.runToEnd('a', nginx, 3), lab => lab.runToEnd('a', nginx, 0)],
  ['exit code only once it has ended', { container: { exitCode: 0 } }, lab => { running(lab); lab.stop('web', nginx); }, lab => { running(lab); lab.stop('web', nginx); lab.start('web', nginx); }],
  ['container named by the learner', { container: { named: true } }, running, lab => lab.runDetached('odd_einstein', nginx, { named: false })],
  ['container in the background', { container: { detached: true } }, running, lab => { lab.create('web', nginx); lab.event('attach', 'web', nginx); lab.start('web', nginx); }],
  ['container started twice', { container: { starts: 2 } }, lab => { running(lab); lab.stop('web', nginx); lab.start('web', nginx); }, running],
  ['container count', { container: { image: nginx, atLeast: 2 } }, lab => { running(lab); lab.runDetached('b', nginx); }, running],
  ['container with a label', { container: { labels: { a: 'b' } } }, lab => lab.event('create', 'x', nginx, { a: 'b' }), lab => lab.event('create', 'x', nginx, { a: 'c' })],
  ['interactive, seen from attach', { container: { interactive: true } }, lab => { running(lab); lab.call('POST', '/containers/web/attach', 101, { query: { stdin: '1' }, container: { id: idOf('web'), name: 'web' } }); }, running],
  ['terminal, seen from resize', { container: { tty: true } }, lab => { running(lab); lab.call('POST', '/containers/web/resize', 200, { container: { id: idOf('web'), name: 'web' } }); }, running],
  ['no such container', { all: [{ noContainer: { name: 'web' } }, { event: { action: 'destroy' } }] }, lab => { running(lab); lab.remove('web', nginx); }, lab => { running(lab); lab.runDetached('b', nginx); lab.remove('b', nginx); }],
  ['event with image', { event: { action: 'die', image: nginx, exitCode: 0 } }, lab => lab.runToEnd('a', nginx), lab => lab.runToEnd('a', 'busybox')],
  ['event with detail in its action', { event: { action: 'exec_start' } }, lab => lab.event('exec_start: ls -l', 'web', nginx), lab => lab.event('exec_create: ls -l', 'web', nginx)],
  ['event attribute', { event: { action: 'kill', attributes: { signal: '9' } } }, lab => lab.event('kill', 'web', nginx, { signal: '9' }), lab => lab.event('kill', 'web', nginx, { signal: '15' })],
  ['event of another type', { event: { type: 'image', action: 'pull', name: 'nginx:1.22' } }, lab => lab.event('pull', 'nginx:1.22', '', {}, 'image'), lab => lab.event('pull', 'nginx:1.21', '', {}, 'image')],
  ['events of one container count up', { event: { action: 'start', times: 2 } }, lab => { running(lab); lab.start('web', nginx); }, running],
  ['event of a container that is so now', { event: { action: 'start', container: { state: 'exited' } } }, lab => lab.runToEnd('a', nginx), running],
  ['event of a container that is gone', { event: { action: 'die', container: { image: nginx } } }, lab => { lab.runToEnd('a', nginx); lab.remove('a', nginx); }, lab => { lab.runToEnd('a', 'busybox'); lab.remove('a', 'busybox'); }],
  ['call by path and status', { call: { method: 'DELETE', path: '/containers/*', status: 409 } }, lab => lab.call('DELETE', '/containers/web', 409), lab => lab.call('DELETE', '/containers/web', 204)],
  ['path star is one part', { call: { path: '/containers/*' } }, lab => lab.call('GET', '/containers/web'), lab => lab.call('GET', '/containers/web/logs')],
  ['call by message', { call: { path: '/containers/*', message: 'is RUNNING' } }, lab => lab.call('DELETE', '/containers/a', 409, { message: 'container is running' }), lab => lab.call('DELETE', '/containers/a', 409, { message: 'is paused' })],
  ['a failed call', { call: { path: '/images/create', status: 'error' } }, lab => lab.call('POST', '/images/create', 200, { message: 'late failure' }), lab => lab.call('POST', '/images/create', 200)],
  ['a call that was done', { call: { path: '/images/create', status: 'ok' } }, lab => lab.call('POST', '/images/create', 200), lab => lab.call('POST', '/images/create', 200, { message: 'late failure' })],
  ['call by query', { call: { path: '/containers/json', query: { all: '1' } } }, lab => lab.call('GET', '/containers/json', 200, { query: { all: '1' } }), lab => lab.call('GET', '/containers/json')],
  ['call with a query of any value', { call: { path: '/containers/json', query: { limit: '*' } } }, lab => lab.call('GET', '/containers/json', 200, { query: { limit: '3' } }), lab => lab.call('GET', '/containers/json')],
  ['call about a name', { call: { path: '/containers/*', name: 'web' } }, lab => lab.call('GET', '/containers/77', 200, { container: { id: '77', name: 'web' } }), lab => lab.call('GET', '/containers/web', 404)],
  ['any', { any: [{ container: { name: 'a' } }, { container: { name: 'web' } }] }, running, lab => lab.create('c', nginx)],
  ['all', { all: [{ container: { name: 'a' } }, { container: { name: 'web' } }] }, lab => { running(lab); lab.create('a', nginx); }, running],
  ['not', { all: [{ container: {} }, { not: { container: { name: 'a' } } }] }, running, lab => { running(lab); lab.create('a', nginx); }],
  ['sequence in order', { sequence: { steps: [{ event: { action: 'stop' } }, { event: { action: 'start' } }] } }, lab => { running(lab); lab.stop('web', nginx); lab.start('web', nginx); }, lab => { running(lab); lab.stop('web', nginx); }],
  ['sequence about one container', { sequence: { steps: [{ event: { action: 'die' } }, { call: { path: '/containers/*/logs' } }] } },
    lab => { lab.runToEnd('a', nginx); lab.call('GET', '/containers/a/logs', 200, { container: { id: idOf('a'), name: 'a' } }); },
    lab => { lab.runToEnd('a', nginx); lab.call('GET', '/containers/b/logs', 200, { container: { id: idOf('b'), name: 'b' } }); }],
];

function judge(raw: unknown, happens: (lab: Lab) => void, openedSeq = 0): boolean {
  const tracker = track(conditionSchema.parse(raw));
  const facts = new Facts();
  const context = contextOf(facts, { openedSeq });
  const lab = new Lab();
  lab.onEntry(entry => { facts.feed(entry); tracker.feed(entry, context); });
  happens(lab);
  return tracker.holds(context) !== null;
}

const later = (lab: Lab, seconds: number, work: () => void) => {
  const real = Date.now;
  Date.now = () => real() + seconds * 1000;
  try { work(); } finally { Date.now = real; }
};

test('a sequence may have a time limit, and one that came too late can be done again', () => {
  const condition = { sequence: { withinSeconds: 10, steps: [{ event: { action: 'stop' } }, { event: { action: 'start' } }] } };
  const stopThenStart = (seconds: number) => (lab: Lab) => { running(lab); lab.stop('web', nginx); later(lab, seconds, () => lab.start('web', nginx)); };
  expect(judge(condition, stopThenStart(5))).toBe(true);
  expect(judge(condition, stopThenStart(15))).toBe(false);
  expect(judge(condition, lab => { stopThenStart(15)(lab); later(lab, 20, () => { lab.stop('web', nginx); lab.start('web', nginx); }); })).toBe(true);
});

describe('record: what docker inspect shows', () => {
  const container = { Id: idOf('web'), Name: '/web', Config: { Image: nginx, Env: ['A=1', 'B=2'] }, State: { Status: 'running' }, HostConfig: { Memory: 67_108_864, CapAdd: ['CAP_NET_ADMIN'], PortBindings: { '80/tcp': [{ HostPort: '8080' }] } } };
  const holds = (record: unknown) => {
    const facts = new Facts();
    facts.complete({ seq: 1, containers: [container], images: [] });
    return track(conditionSchema.parse({ record })).holds(contextOf(facts));
  };
  test.each([
    [{ container: { name: 'web' }, at: 'HostConfig.Memory', atLeast: 1, atMost: 100_000_000 }, 67_108_864],
    [{ at: 'HostConfig.CapAdd', is: ['NET_ADMIN', 'CAP_NET_ADMIN'] }, 'CAP_NET_ADMIN'],
    [{ at: 'HostConfig.PortBindings.*.HostPort', is: '8080' }, '8080'],
    [{ at: 'HostConfig.PortBindings.80/tcp.HostPort', is: '8080' }, '8080'],
    [{ at: 'Config.Env', contains: 'B=' }, 'B=2'],
  ])('%j holds, and says what it found', (record, value) => expect(holds(record)).toMatchObject({ value, container: { name: 'web' } }));
  test.each([
    { container: { name: 'other' }, at: 'HostConfig.Memory', atLeast: 1 }, { at: 'HostConfig.Memory', atLeast: 70_000_000 }, { at: 'HostConfig.Memory', atMost: 1 },
    { at: 'HostConfig.CapAdd', is: 'CAP_SYS_ADMIN' }, { at: 'HostConfig', is: 'x' }, { at: 'HostConfig.constructor.name', is: 'Object' }, { at: 'HostConfig.Nothing.At.All', contains: 'x' },
  ])('%j does not', record => expect(holds(record)).toBeNull());
  test('an author who does not say what must stand there is told', () => expect(conditionSchema.safeParse({ record: { at: 'HostConfig.Memory' } }).success).toBe(false));
});

describe('conditions', () => {
  test.each(rows)('%s: holds of what fits, not of what misleads, not of nothing', (_says, condition, fits, misleads) => {
    expect(judge(condition, fits)).toBe(true);
    expect(judge(condition, misleads)).toBe(false);
    expect(judge(condition, nothing)).toBe(false);
  });

  test('image: only what the engine lists, under any spelling of the name', () => {
    const tracker = track(conditionSchema.parse({ image: { reference: 'busybox' } }));
    const facts = new Facts();
    const context = contextOf(facts);
    expect(tracker.holds(context)).toBe(null);
    facts.complete({ seq: 1, containers: [], images: [{ Id: 'sha256:1', RepoTags: ['busybox:latest'] }] });
    expect(tracker.holds(context)).not.toBe(null);
  });

  test('output: read from the log of a container that fits', () => {
    const tracker = track(conditionSchema.parse({ output: { container: { name: 'a' }, stream: 'stderr', contains: 'no such' } }));
    const facts = new Facts();
    const lab = new Lab();
    lab.onEntry(entry => facts.feed(entry));
    lab.runToEnd('a', nginx);
    lab.runToEnd('b', nginx);
    const holds = (id: string, stdout: string, stderr: string) => tracker.holds(contextOf(facts, { outputs: new Map([[idOf(id), { stdout, stderr }]]) })) !== null;
    expect(holds('a', '', 'no such file')).toBe(true);
    expect(holds('a', 'no such file', '')).toBe(false);
    expect(holds('b', '', 'no such file')).toBe(false);
    expect(tracker.wantsOutput(contextOf(facts)).map(fact => fact.name)).toEqual(['a']);
  });

  test('what happened before the task opened does not count, unless the condition says since: start', () => {
    const once = (lab: Lab) => running(lab); // entries 1 to 4
    expect(judge({ event: { action: 'start' } }, once, 4)).toBe(false);
    expect(judge({ event: { action: 'start', since: 'start' } }, once, 4)).toBe(true);
    expect(judge({ call: { path: '/containers/*/start' } }, once, 4)).toBe(false);
    expect(judge({ container: { name: 'web', since: 'opened' } }, once, 4)).toBe(false);
    expect(judge({ container: { name: 'web' } }, once, 4)).toBe(true);
    expect(judge({ sequence: { steps: [{ event: { action: 'create' } }, { event: { action: 'start' } }] } }, once, 1)).toBe(false);
  });

  test('an image that was named by its id is recognised once the engine has told its names', () => {
    const tracker = track(conditionSchema.parse({ container: { image: nginx } }));
    const facts = new Facts();
    facts.feed({ kind: 'event', seq: 1, event: { Type: 'container', Action: 'create', Actor: { ID: 'c', Attributes: { name: 'x', image: 'abcdef12' } }, scope: 'local', time: 0, timeNano: 0 } });
    const context = contextOf(facts);
    expect(tracker.holds(context)).toBe(null);
    facts.complete({ seq: 1, containers: [{ Id: 'c', Name: '/x', State: { Status: 'created' } }], images: [{ Id: 'sha256:abcdef1234', RepoTags: [nginx] }] });
    expect(tracker.holds(context)).not.toBe(null);
  });
});
