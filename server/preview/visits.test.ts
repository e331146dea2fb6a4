// Who may open a port by its address on the site: whose lab it is, and instructors; and what everybody else learns, which is nothing.
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../prisma/migrate.ts';
import { type Db, openDatabase } from '../data/client.ts';
import { createLearners } from '../data/learners.ts';
import { createPortClosings } from '../data/port-closings.ts';
import { createStore, type Store } from '../data/store.ts';
import { createApi } from '../http/api.ts';
import { COOKIE, newLearnerId, signLearner } from '../http/cookie.ts';
import { createVisitors } from '../http/learner.ts';
import { createClosings } from './closings.ts';
import { createPasses, PASS_MS } from './pass.ts';
import { portPage, visitRoutes } from './visits.ts';

const secret = Buffer.alloc(32, 3);
const dir = mkdtempSync('/tmp/slipway-visits-');
const [ada, bob, ines] = [newLearnerId(), newLearnerId(), newLearnerId()];
const target = { lab: 'abcd1234', port: 8080 };
let db: Db;
let store: Store;
let http: Server;
const opened: unknown[] = [];
beforeAll(async () => {
  const database = { provider: 'sqlite' as const, url: join(dir, 'test.db') };
  await migrate(database);
  db = await openDatabase(database);
  store = createStore(db);
  for (const learner of [ada, bob, ines]) await store.openWorkspace(learner, null);
  await store.setLab((await store.openWorkspace(ada, null)).id, target.lab);
  await createLearners(db).setRole(ines, 'instructor');
  const api = createApi({
    visitors: createVisitors({ secret, ended: new Set(), publicUrl: undefined, trustProxy: false }), publicUrl: undefined, onError: error => { throw error; },
    routes: visitRoutes({ store, openFor: (learner, port, _page, options) => { opened.push({ learner, port, options }); return { url: 'http://opened.test/', sandboxed: false }; } }),
  });
  http = createServer((request, response) => void api(request.url!, request, response));
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  http.close();
  await db.$disconnect();
  rmSync(dir, { recursive: true });
});

const cookieOf = (learner: string | null) => (learner === null ? null : `${COOKIE}=${signLearner(learner, secret)}`);
const ask = async (learner: string | null, body: object = target, headers: Record<string, string> = {}) => {
  const cookie = cookieOf(learner);
  const answer = await fetch(`http://127.0.0.1:${(http.address() as AddressInfo).port}/api/ports/open`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...(cookie ? { cookie } : {}), ...headers } });
  return { status: answer.status, ...await answer.json() as { url?: string; problem?: string } };
};
const page = (learner: string | null, where = target) => portPage({ store, secret, lessons: { bySlug: () => undefined } }, cookieOf(learner), 'en', where);

test('opens for whose lab it is, and for an instructor, whose pass is a short one', async () => {
  opened.length = 0;
  expect([(await ask(ada)).url, (await ask(ines)).url]).toEqual(['http://opened.test/', 'http://opened.test/']);
  expect(opened).toEqual([{ learner: ada, port: target, options: { visit: false } }, { learner: ines, port: target, options: { visit: true } }]);
  expect([(await page(ada))?.who, await page(ines)]).toEqual(['owner', { who: 'instructor', title: null, href: '/play', owner: ada.slice(0, 12) }]);
  const passes = createPasses(secret);
  const ends = (visit: boolean) => passes.read(passes.segment(target, ines, { visit }))!.until - Date.now();
  expect([Math.round(ends(true) / 3_600_000), Math.round(ends(false) / 3_600_000)]).toEqual([1, 12]);
});

test('another learner and an anonymous visitor open nothing, and learn no more of a lab that is there than of one that is not', async () => {
  opened.length = 0;
  for (const learner of [bob, newLearnerId()]) {
    expect(await ask(learner)).toEqual(await ask(learner, { lab: 'nosuch', port: 8080 }));
    expect(await ask(learner)).toEqual({ status: 409, problem: expect.stringContaining('Only the owner of this lab') });
    expect(await page(learner)).toEqual(await page(learner, { lab: 'nosuch', port: 8080 }));
  }
  expect((await ask(null)).status).toBe(401);
  expect([await page(null), await page(bob)].map(one => one?.who)).toEqual(['stranger', 'stranger']);
  expect((await ask(ines, { lab: 'nosuch', port: 8080 })).status).toBe(409);
  expect(opened).toEqual([]);
});

test('who is an instructor no more opens nothing more', async () => {
  await createLearners(db).setRole(ines, 'learner');
  expect((await ask(ines)).status).toBe(409);
  await createLearners(db).setRole(ines, 'instructor');
  expect((await ask(ines)).status).toBe(200);
});

test.each<Record<string, string>>([{ origin: 'null' }, { origin: 'http://evil.example' }, { 'sec-fetch-site': 'cross-site' }])('no page but the site’s own opens one for them: %j', async headers => {
  expect((await ask(ada, target, headers)).status).toBe(403);
});

test.each([{ lab: '../x', port: 1 }, { lab: 'abcd1234', port: 0 }, { lab: 'abcd1234' }, { lab: 'abcd1234', port: 65_536 }])('what is no port is none: %j', async body => {
  expect((await ask(ada, body)).status).toBe(409);
});

test('that previews were closed is known to the next process, for this lab alone', async () => {
  const records = createPortClosings(db);
  const closings = createClosings(records, PASS_MS);
  const issuedAt = Date.now() - 1000;
  const until = closings.until(target.lab);
  expect([closings.isClosed(target.lab, issuedAt), until.aborted]).toEqual([false, false]);
  await closings.close(target.lab);
  expect([closings.isClosed(target.lab, issuedAt), until.aborted, closings.until(target.lab).aborted, closings.isClosed('other', issuedAt), closings.isClosed(target.lab, Date.now() + 1)]).toEqual([true, true, false, false, false]);
  const next = createClosings(records, PASS_MS);
  expect(next.isClosed(target.lab, issuedAt)).toBe(false);
  await next.load();
  expect(next.isClosed(target.lab, issuedAt)).toBe(true);
});
