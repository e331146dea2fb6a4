import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, chownSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { migrate } from '../../prisma/migrate.ts';
import type { Database } from '../../prisma/database.ts';
import type { StoredTask } from '../grading/types.ts';
import { openDatabase } from './client.ts';
import { createStore, type Store } from './store.ts';

vi.setConfig({ testTimeout: 60_000 }); // a loaded machine, not a slow server

const done: StoredTask = { id: 'hello', progress: { state: 'done', at: '2026-11-21T10:00:00.000Z', evidence: 'container nice_bell' }, openedSeq: 0, seq: 7 };
const tried: StoredTask = { id: 'stop', progress: { state: 'tried', expected: 'stopped', found: 'running', next: 'docker stop' }, openedSeq: 7, seq: 9 };

const postgres = findPostgres();
if (!postgres) console.warn('SKIPPED: the store on PostgreSQL: no PostgreSQL server programs here (Debian package postgresql)');

describe.each([
  { name: 'SQLite', start: startSqlite, runs: true },
  { name: 'PostgreSQL', start: startPostgres, runs: postgres !== undefined },
])('the store on $name', ({ start, runs }) => {
  if (!runs) return test.skip('needs the Debian package postgresql', () => {});
  let database: Database;
  let stop: () => void;
  let store: Store;
  beforeAll(async () => {
    ({ database, stop } = await start());
    await migrate(database);
    store = createStore(await openDatabase(database));
  }, 60_000);
  afterAll(async () => {
    await store?.close();
    stop?.();
  });

  test('migrating again applies nothing', async () => {
    expect(await migrate(database)).toEqual([]);
  });

  test('two tabs that open the same lesson get one workspace', async () => {
    const [one, other] = [await store.openWorkspace('ada', 'lifecycle'), await store.openWorkspace('ada', 'lifecycle')];
    expect(other).toEqual(one);
    expect((await store.openWorkspace('bob', 'lifecycle')).id).not.toBe(one.id);
    expect((await store.openWorkspace('ada', null)).id).not.toBe(one.id);
  });

  test('a task is kept as the grader said it, and counted as done', async () => {
    const { attempt } = await store.openWorkspace('cy', 'lifecycle');
    await store.saveTask(attempt, tried);
    await store.saveTask(attempt, { ...tried, id: 'hello' });
    await store.saveTask(attempt, done);
    expect((await store.tasks(attempt)).sort((a, b) => a.id.localeCompare(b.id))).toEqual([done, tried]);
    expect((await store.progress('cy')).lifecycle?.done).toEqual(['hello']);
  });

  test('a new attempt keeps what is carried over and forgets the lab', async () => {
    const before = await store.openWorkspace('dee', 'lifecycle');
    await store.setLab(before.id, 'lab-1');
    await store.saveTask(before.attempt, done);
    await store.saveTask(before.attempt, tried);
    expect([await store.ownsLab(before.id, 'lab-1'), await store.ownsLab(before.id, 'lab-2')]).toEqual([true, false]);
    expect(await store.labs('dee')).toMatchObject([{ workspace: before.id, lab: 'lab-1', learner: 'dee', role: 'guest', slug: 'lifecycle' }]);
    const attempt = await store.beginAttempt(before.id, tasks => tasks.filter(task => task.progress.state === 'done'));
    expect(await store.openWorkspace('dee', 'lifecycle')).toEqual({ ...before, lab: null, attempt, begunBefore: true });
    expect(await store.tasks(attempt)).toEqual([done]);
    expect(await store.labs('dee')).toEqual([]);
  });

  test('an answer is kept across attempts, the newest one; where the learner\'s work begins belongs to the attempt', async () => {
    const before = await store.openWorkspace('eli', 'lifecycle');
    const wrong = { id: 'who', answer: ['0'], right: false, got: 0, of: 2, tries: 1 };
    await store.saveQuiz(before.id, wrong);
    await store.saveQuiz(before.id, { ...wrong, answer: ['1'], right: true, got: 1, tries: 2 });
    await store.setLab(before.id, 'lab-9', 42);
    expect((await store.openWorkspace('eli', 'lifecycle')).baseSeq).toBe(42);
    await store.beginAttempt(before.id, () => []);
    expect((await store.openWorkspace('eli', 'lifecycle')).baseSeq).toBe(0);
    expect(await store.quizzes(before.id)).toEqual([{ ...wrong, answer: ['1'], right: true, got: 1, tries: 2 }]);
  });

  test('a database that somebody else holds for a while delays a save, and nothing else', async () => {
    if (database.provider !== 'sqlite') return; // PostgreSQL's locks are of rows
    const { attempt } = await store.openWorkspace('flo', 'lifecycle');
    const release = await holdLock(database.url);
    let saved = false;
    const saving = store.saveTask(attempt, done).then(() => { saved = true; });
    for (let turn = 0; turn < 50; turn++) await new Promise(resolve => setTimeout(resolve, 5)); // were it waited for in one piece, this would not come to its end
    expect(saved).toBe(false);
    release();
    await saving;
    expect(await store.tasks(attempt)).toEqual([done]);
  }, 15_000);

  test('twenty saves at once all arrive', async () => {
    const { attempt } = await store.openWorkspace('eve', 'lifecycle');
    await Promise.all(Array.from({ length: 20 }, (_, n) => store.saveTask(attempt, { ...done, id: `task-${n}` })));
    expect((await store.tasks(attempt)).length).toBe(20);
  });
});

/** Another process writes until it is told to let go: within one process SQLite's locks would not count. Resolves when it has the lock. */
async function holdLock(path: string): Promise<() => void> {
  const script = `const db = new (require('node:sqlite').DatabaseSync)(${JSON.stringify(path)}); db.exec('BEGIN IMMEDIATE'); console.log('held'); process.stdin.on('end', () => db.exec('COMMIT')).resume();`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  await once(child.stdout, 'data');
  return () => void child.stdin.end();
}

async function startSqlite() {
  const dir = mkdtempSync('/tmp/slipway-store-');
  return { database: { provider: 'sqlite', url: join(dir, 'test.db') } satisfies Database, stop: () => rmSync(dir, { recursive: true }) };
}

/** A server of its own on a unix socket in a temporary folder; PostgreSQL refuses to run as root, so root starts it as postgres. */
async function startPostgres() {
  const dir = mkdtempSync('/tmp/slipway-pg-');
  const root = process.getuid?.() === 0;
  if (root) chownSync(dir, Number(run('id', ['-u', 'postgres'])), Number(run('id', ['-g', 'postgres'])));
  const as = (program: string, args: string[]) => (root ? run('runuser', ['-u', 'postgres', '--', join(postgres!, program), ...args]) : run(join(postgres!, program), args));
  as('initdb', ['-D', join(dir, 'data'), '-U', 'slipway', '-A', 'trust', '--no-sync']);
  as('pg_ctl', ['-D', join(dir, 'data'), '-w', '-l', join(dir, 'log'), '-o', `-k ${dir} -c listen_addresses= -c fsync=off`, 'start']);
  return {
    database: { provider: 'postgresql', url: `postgresql://slipway@localhost/postgres?host=${encodeURIComponent(dir)}` } satisfies Database,
    stop: () => {
      as('pg_ctl', ['-D', join(dir, 'data'), '-m', 'immediate', 'stop']);
      rmSync(dir, { recursive: true });
    },
  };
}

function findPostgres(): string | undefined {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return undefined;
  return readdirSync(base).map(version => join(base, version, 'bin')).find(dir => existsSync(join(dir, 'initdb')));
}

function run(program: string, args: string[]): string {
  const child = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: '/' });
  if (child.status !== 0) throw new Error(`${program} ${args.join(' ')}: ${child.error?.message ?? child.stderr}`);
  return child.stdout.trim();
}
