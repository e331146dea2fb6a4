// The web process without Next, for tests: the real HTTP listener, gateway, workspaces, store (SQLite) and screens before a test engine.
// restart() is a crash and a new start on the same database and engine.
import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { io as connect, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { migrate } from '../../prisma/migrate.ts';
import type { Lesson } from '../../lessons/schema.ts';
import { openDatabase } from '../data/client.ts';
import { createStore, type Store } from '../data/store.ts';
import { announcer, createIo, type Io, serve } from '../gateway.ts';
import type { Grader, GraderOptions } from '../grading/types.ts';
import { COOKIE, newLearnerId, signLearner } from '../http/cookie.ts';
import { createVisitors } from '../http/learner.ts';
import { policiesFrom } from '../lab/policy.ts';
import { createWorkspaces, type Workspaces, type WorkspacesOptions } from '../lab/workspaces.ts';
import { type ClientEvents, type Problem, type ServerEvents, SOCKET_PATH } from '../protocol.ts';
import { type Screens, startScreens } from '../terminal/screens.ts';
import { createTestEngine, type TestEngine } from './engine.ts';

export type Browser = Socket<ServerEvents, ClientEvents>;

export interface TestSite {
  engine: TestEngine;
  store: Store;
  workspaces: Workspaces;
  http: Server;
  url: string;
  errors: unknown[];
  /** A tab of this learner; closed with the site. */
  browser(learner: string, options?: Partial<ManagerOptions & SocketOptions>): Browser;
  cookie(learner: string): string;
  restart(): Promise<void>;
  close(): Promise<void>;
}

const secret = Buffer.alloc(32, 1);
export const learnerId = newLearnerId;

export async function startTestSite(options: { createGrader?: (options: GraderOptions) => Grader; lesson?: Lesson; lingerMs?: number; policy?: string; now?: () => number } = {}): Promise<TestSite> {
  const dir = mkdtempSync('/tmp/slipway-site-');
  const database = { provider: 'sqlite' as const, url: join(dir, 'test.db') };
  await migrate(database);
  const engine = createTestEngine();
  const browsers = new Set<Browser>();
  const errors: unknown[] = [];
  let running: { http: Server; io: Io; store: Store; screens: Screens; workspaces: Workspaces };

  const start = async () => {
    const store = createStore(await openDatabase(database));
    const screens = startScreens();
    const visitors = createVisitors({ secret, ended: new Set(), publicUrl: undefined, trustProxy: false });
    const http = createServer();
    const io = createIo(http, { visitors, publicUrl: undefined });
    const settings: WorkspacesOptions = {
      engine, store, screens,
      policies: policiesFrom({ guest: options.policy ?? '' }),
      createGrader: options.createGrader ?? silentGrader,
      lesson: slug => (options.lesson?.slug === slug ? options.lesson : undefined),
      announceTo: workspace => announcer(io, workspace),
      onError: error => errors.push(error),
      ...(options.lingerMs === undefined ? {} : { lingerMs: options.lingerMs }),
      ...(options.now ? { now: options.now } : {}),
    };
    const workspaces = createWorkspaces(settings);
    serve(io, workspaces, settings.onError);
    await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
    running = { http, io, store, screens, workspaces };
  };
  const stop = async () => {
    running.io.disconnectSockets(true);
    await new Promise<void>(resolve => void running.io.close(() => resolve()));
    await running.workspaces.release();
    await running.screens.release();
    await running.store.close();
  };
  await start();

  const cookie = (learner: string) => `${COOKIE}=${signLearner(learner, secret)}`;
  const site: TestSite = {
    engine, errors, cookie,
    get store() { return running.store; },
    get workspaces() { return running.workspaces; },
    get http() { return running.http; },
    get url() { return `http://127.0.0.1:${(running.http.address() as AddressInfo).port}`; },
    browser(learner, more = {}) {
      const browser: Browser = connect(site.url, { path: SOCKET_PATH, transports: ['websocket'], forceNew: true, reconnection: false, extraHeaders: { cookie: cookie(learner) }, ...more });
      browsers.add(browser);
      return browser;
    },
    async restart() {
      await stop();
      await start();
    },
    async close() {
      for (const browser of browsers) browser.disconnect();
      await stop();
      engine.release();
      rmSync(dir, { recursive: true });
    },
  };
  return site;
}

/** Calls an event that is answered; throws the problem when there is one. */
export async function ask<E extends 'workspace:join' | 'lab:reset' | 'lab:wake' | 'terminal:open' | 'terminal:attach' | 'terminal:run' | 'quiz:answer' | 'file:read' | 'lab:start-at' | 'copies:list' | 'copies:save' | 'copies:remove' | 'copies:go-back'>(browser: Browser, event: E, body: Parameters<ClientEvents[E]>[0]) {
  type Answer = Parameters<Parameters<ClientEvents[E]>[1]>[0];
  const answer = await (browser.timeout(30_000).emitWithAck as (event: E, body: unknown) => Promise<Answer>)(event, body);
  if ('problem' in (answer as object) && typeof (answer as Problem).problem === 'string') throw new Error((answer as Problem).problem);
  return answer as Exclude<Answer, Problem>;
}

/** Resolves when an event comes whose arguments please. */
export function heard<E extends keyof ServerEvents>(browser: Browser, event: E, pleases: (...args: Parameters<ServerEvents[E]>) => boolean = () => true): Promise<Parameters<ServerEvents[E]>> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      browser.off(event, listen as never);
      reject(new Error(`no ${event} came that was waited for`));
    }, 30_000);
    function listen(...args: Parameters<ServerEvents[E]>) {
      if (!pleases(...args)) return;
      clearTimeout(timer);
      browser.off(event, listen as never);
      resolve(args);
    }
    browser.on(event, listen as never);
  });
}

/** Joins and waits for the lab and its first terminal. */
export async function joined(browser: Browser, slug: string | null = null) {
  const ready = heard(browser, 'lab:state', lab => lab.state === 'ready');
  ready.catch(() => {});
  const first = await ask(browser, 'workspace:join', { slug });
  if (first.lab.state === 'ready') return first;
  await ready;
  return ask(browser, 'workspace:join', { slug });
}

function silentGrader(options: GraderOptions): Grader {
  return {
    start() {}, feed() {}, stop() {},
    progress: () => options.lesson.tasks.map(({ id }) => options.stored.find(task => task.id === id) ?? { id, progress: { state: 'open' as const } }).map(({ id, progress }) => ({ id, progress })),
    settled: async () => {}, wantsLook: () => false, look() {}, hint: () => undefined, reset: () => undefined,
  };
}
