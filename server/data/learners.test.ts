import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../prisma/migrate.ts';
import { type Db, openDatabase } from './client.ts';
import { createLearners } from './learners.ts';
import { createStore } from './store.ts';

const dir = mkdtempSync('/tmp/slipway-learners-');
let db: Db;
beforeAll(async () => {
  const database = { provider: 'sqlite' as const, url: join(dir, 'test.db') };
  await migrate(database);
  db = await openDatabase(database);
});
afterAll(async () => {
  await db.$disconnect();
  rmSync(dir, { recursive: true });
});

test('learners are listed with what they have; one whose beginning is meant by nobody else gets a role, and the site knows it at once', async () => {
  const store = createStore(db);
  const learners = createLearners(db);
  const work = await store.openWorkspace('aa11', 'first');
  await store.setLab(work.id, 'lab-1');
  await store.saveTask(work.attempt, { id: 'hello', progress: { state: 'done', at: '2026-11-21T10:00:00.000Z', evidence: 'seen' }, openedSeq: 0, seq: 3 });
  await store.openWorkspace('aa22', null);
  expect((await learners.all()).map(({ id, role, labs, done }) => [id, role, labs, done])).toEqual([['aa22', 'guest', 0, 0], ['aa11', 'guest', 1, 1]]);

  expect(await learners.setRole('bb', 'learner')).toEqual([]);
  expect(await learners.setRole('aa', 'learner')).toHaveLength(2);
  expect(await learners.setRole('aa1', 'instructor')).toEqual(['aa11']);
  expect([await store.roleOf('aa11'), await store.roleOf('aa22'), await store.roleOf('nobody')]).toEqual(['instructor', 'guest', 'guest']);
  expect(await store.labs('aa11')).toMatchObject([{ lab: 'lab-1', role: 'instructor' }]);
});
