import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../prisma/migrate.ts';
import { type Db, openDatabase } from '../data/client.ts';
import { createResumeLinks } from '../data/resume-links.ts';
import { createStore, type Store } from '../data/store.ts';
import { createApi } from './api.ts';
import { BEFORE_COOKIE, COOKIE, newLearnerId, readLearner, signLearner } from './cookie.ts';
import { createEndedSessions } from './ended.ts';
import { createVisitors } from './learner.ts';
import { resumeRoutes } from './resume.ts';

const secret = Buffer.alloc(32, 3);
const dir = mkdtempSync('/tmp/slipway-resume-');
let db: Db;
let store: Store;
let http: Server;
let aheadMs = 0;

const signedOut: string[] = [];
const ended = createEndedSessions();
beforeAll(async () => {
  const database = { provider: 'sqlite' as const, url: join(dir, 'test.db') };
  await migrate(database);
  db = await openDatabase(database);
  store = createStore(db);
  const visitors = createVisitors({ secret, ended, publicUrl: undefined, trustProxy: false });
  const routes = resumeRoutes({ store, secret, ended, links: createResumeLinks(db), isHttps: () => false, signedOut: async learner => void signedOut.push(learner), now: () => new Date(Date.now() + aheadMs) });
  const api = createApi({ visitors, publicUrl: undefined, onError: error => { throw error; }, routes });
  http = createServer((request, response) => void api(request.url!, request, response));
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  http.close();
  await db.$disconnect();
  rmSync(dir, { recursive: true });
});

const port = () => (http.address() as AddressInfo).port;
/** A browser: a jar with a learner in it. */
function browser(learner = newLearnerId()) {
  const jar = new Map([[COOKIE, signLearner(learner, secret)]]);
  const cookie = () => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
  return {
    jar, learner: () => readLearner(cookie(), secret),
    async ask(what: string, body: object = {}, headers: Record<string, string> = {}) {
      const answer = await fetch(`http://127.0.0.1:${port()}/api/resume/${what}`, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', cookie: cookie(), ...headers } });
      for (const set of answer.headers.getSetCookie()) jar.set(set.split('=')[0]!, set.slice(set.indexOf('=') + 1).split(';')[0]!);
      return { status: answer.status, body: await answer.json() as Record<string, unknown> };
    },
  };
}

test('a link makes another browser the same learner, once; what that browser had stays within reach', async () => {
  const [ada, bob] = [browser(), browser()];
  const theirs = await store.openWorkspace(ada.learner()!, 'first');
  await store.setLab(theirs.id, 'lab-1');
  await store.setLab((await store.openWorkspace(bob.learner()!, null)).id, 'lab-2');
  const [one, two] = [ada.learner(), bob.learner()];
  const { body } = await ada.ask('make', { place: '/lessons/first' });
  expect(body.token).toMatch(/^[\w-]{43}$/);
  expect((await ada.ask('current')).body).toEqual({ validUntil: body.validUntil, others: [] });
  expect(JSON.stringify(await db.resumeLink.findMany())).not.toContain(body.token); // a hash only

  for (let n = 0; n < 3; n++) expect((await bob.ask('look', { token: body.token })).body).toEqual({ place: '/lessons/first', theirs: { labs: 1, done: 0 }, mine: { labs: 1, done: 0 }, same: false });
  expect((await bob.ask('accept', { token: body.token })).body).toEqual({ place: '/lessons/first' });
  expect([bob.learner(), signedOut.at(-1)]).toEqual([one, two]); // what this browser has open as whoever it was ends
  const again = await browser().ask('accept', { token: body.token });
  expect(again.status).toBe(409);
  expect(again.body.problem).toContain('not good any more');
  expect((await ada.ask('current')).body).toEqual({ validUntil: null, others: [expect.any(String)] });

  await bob.ask('back');
  expect(bob.learner()).toBe(two);
  await bob.ask('back');
  expect(bob.learner()).toBe(one);
});

test('a browser that accepted a link is shut out when its learner says so, with words, and still has what it had before; the one that asks stays', async () => {
  const [ada, bob, eve] = [browser(), browser(), browser()];
  await store.setLab((await store.openWorkspace(bob.learner()!, null)).id, 'lab-3');
  const own = bob.learner();
  for (const other of [bob, eve]) await other.ask('accept', { token: (await ada.ask('make', { place: '/play' })).body.token });
  const { body: open } = await bob.ask('make', { place: '/play' });
  const told: string[] = [];
  ended.onEnd(sessions => told.push(...sessions));

  expect((await bob.ask('sign-out')).status).toBe(200); // whoever it is
  expect(told).toHaveLength(1);
  expect((await eve.ask('current')).body.problem).toContain('signed out');
  expect((await bob.ask('current')).body.others).toEqual([]);
  expect((await ada.ask('current')).body.others).toHaveLength(1);
  await ada.ask('sign-out');
  expect(told).toHaveLength(2);
  const refused = await bob.ask('current');
  expect([refused.status, refused.body.problem]).toEqual([401, expect.stringContaining('signed out')]);
  expect((await browser().ask('accept', { token: open.token })).status).toBe(409);
  expect((await ada.ask('current')).body).toEqual({ validUntil: null, others: [] });
  expect(await createResumeLinks(db).ended()).toEqual(expect.arrayContaining(told)); // for the next process

  bob.jar.delete(COOKIE);
  bob.jar.set(COOKIE, signLearner(newLearnerId(), secret)); // as the next page does
  await bob.ask('back');
  expect(bob.learner()).toBe(own);
  await bob.ask('back');
  expect(bob.learner()).not.toBe(ada.learner());
});

test('of browsers that accept at the same moment one gets it', async () => {
  const { body } = await browser().ask('make', { place: '/play' });
  const answers = await Promise.all(Array.from({ length: 5 }, () => browser().ask('accept', { token: body.token })));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
});

test('a browser that had nothing has nothing to go back to', async () => {
  const [ada, newcomer] = [browser(), browser()];
  const { body } = await ada.ask('make', { place: '/play' });
  await newcomer.ask('accept', { token: body.token });
  expect(newcomer.jar.has(BEFORE_COOKIE)).toBe(false);
  expect((await newcomer.ask('back')).status).toBe(409);
});

test('a new link replaces the old one; a revoked or old one is not good', async () => {
  const ada = browser();
  const make = async () => (await ada.ask('make', { place: '/labs' })).body.token;
  const look = async (token: unknown) => (await browser().ask('look', { token })).status;
  const [first, second] = [await make(), await make()];
  expect([await look(first), await look(second)]).toEqual([409, 200]);
  await ada.ask('revoke');
  expect(await look(second)).toBe(409);
  const third = await make();
  aheadMs = 25 * 3_600_000;
  expect(await look(third)).toBe(409);
  aheadMs = 0;
});

test.each<[string, string, object, Record<string, string>, number]>([
  ['another site', 'accept', {}, { origin: 'http://evil.example' }, 403],
  ['a form of another site', 'accept', {}, { 'content-type': 'text/plain' }, 403],
  ['a place elsewhere', 'make', { place: '//evil.example' }, {}, 409],
  ['a token of another shape', 'look', { token: 'x' }, {}, 409],
  ['a browser without a cookie', 'make', { place: '/play' }, { cookie: '' }, 401],
  ['nothing that there is', 'toString', {}, {}, 404],
])('%s is refused', async (_, what, body, headers, status) => expect((await browser().ask(what, body, headers)).status).toBe(status));

test('too many tries are refused', async () => {
  const eve = browser();
  let refused = 0;
  for (let n = 0; n < 40; n++) if ((await eve.ask('look', { token: 'A'.repeat(43) })).status === 429) refused++;
  expect(refused).toBeGreaterThan(5);
});
