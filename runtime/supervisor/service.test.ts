import { afterEach, expect, test } from 'vitest';
import { Service } from './service.ts';

let service: Service | undefined;
afterEach(() => service?.stop());

const make = (script: string, changed = () => {}) => (service = new Service('test', ['sh', '-c', script], { cwd: '/', env: { PATH: '/usr/bin:/bin' } as unknown as NodeJS.ProcessEnv, changed }));
const until = async (holds: () => boolean) => {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('waited in vain');
    await new Promise(resolve => setTimeout(resolve, 10));
  }
};

test('a process that dies is started again, and asked again whether it is ready', async () => {
  let asked = 0;
  const it = make('exec sleep 1000');
  await it.start(async () => { asked++; });
  const first = it.view().pid!;
  process.kill(first, 'SIGKILL');
  await until(() => it.view().state === 'ready' && it.view().pid !== first);
  expect(it.view().restarts).toBe(1);
  expect(asked).toBe(2);
});

test('a process that never becomes ready is given up, in words', async () => {
  const it = make('exit 7');
  await expect(it.start(() => new Promise(() => {}))).rejects.toThrow('test ended 3 times before it was ready (last: exit code 7)');
});

test('a stopped process stays stopped', async () => {
  const it = make('exec sleep 1000');
  await it.start(async () => {});
  await it.stop();
  expect(it.view()).toMatchObject({ pid: null, state: 'stopped', restarts: 0 });
  await it.stop();
});

test('stopping while it waits to start again ends the waiting', async () => {
  const it = make('exit 1');
  const started = it.start(() => new Promise(() => {}));
  started.catch(() => {});
  await until(() => it.view().state === 'waiting');
  await it.stop();
  expect(it.view().state).toBe('stopped');
});

test('every change of state is told', async () => {
  const states: string[] = [];
  const it: Service = make('exec sleep 1000', () => void states.push(it?.view().state ?? ''));
  await it.start(async () => {});
  await it.stop();
  expect(states.slice(0, 2)).toEqual(['starting', 'ready']);
  expect(states.at(-1)).toBe('stopped');
});

test('the newest errors are told, without what they are about', async () => {
  const it = make(`for i in 1 2 3; do echo '{"level":50,"lab":"ab12","verb":"startTask","err":{"type":"Error","message":"secret"},"msg":"verb failed"}'; done; echo '{"level":30,"msg":"fine"}'; exec sleep 1000`);
  await it.start(async () => {});
  await until(() => it.view().errors.length === 3);
  expect(it.view().errors[0]).toMatchObject({ what: 'verb failed, startTask, lab ab12, Error' });
});
