// The web process: opens the database, the engine and the lessons, and serves pages and live connections on one port. Runs unprivileged; labs,
// containers and terminals are not its children and outlive it. Started by the supervisor, or by hand: `node server/main.ts`.
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import next from 'next';
import { appDir, engineSocket, previewsDir } from '../runtime/paths.ts';
import { createLog } from '../runtime/log.ts';
import { asSlipwayError } from '../runtime/errors.ts';
import { openColours } from './colours/colours.ts';
import { readConfig } from './config.ts';
import { createClassEgresses } from './data/class-egress.ts';
import { openDatabase } from './data/client.ts';
import { createPortLinks } from './data/port-links.ts';
import { createPortClosings } from './data/port-closings.ts';
import { createResumeLinks } from './data/resume-links.ts';
import { createStore } from './data/store.ts';
import { announcer, createIo, endConnections, serve } from './gateway.ts';
import { createGrader } from './grading/grader.ts';
import { createApi } from './http/api.ts';
import { createEndedSessions } from './http/ended.ts';
import { nameCheck, refuseOtherNames } from './http/hosts.ts';
import { createVisitors } from './http/learner.ts';
import { createRequestListener } from './http/requests.ts';
import { resumeRoutes } from './http/resume.ts';
import { loadSecret } from './http/secret.ts';
import { createEgress } from './lab/egress.ts';
import { connectEngine } from './lab/engine.ts';
import { createWorkspaces } from './lab/workspaces.ts';
import { soonRemoved, yourLabs, yourLabsRoutes } from './lab/your-labs.ts';
import { createSite, openLessons } from './lessons.ts';
import { createClosings } from './preview/closings.ts';
import { PASS_MS } from './preview/pass.ts';
import { createPreviews } from './preview/previews.ts';
import { createShares } from './preview/shares.ts';
import { portPage, visitRoutes } from './preview/visits.ts';
import { startScreens } from './terminal/screens.ts';

/** How long open requests may go on when stopping. */
const DRAIN_MS = 3000;
const SWEEP_MS = 60 * 60_000;
const SWEEP_RETRY_MS = 5000;
const FOLLOW_MS = 10_000;
const SAY_AGAIN_MS = 60_000;

const log = createLog({ name: 'web' });
const config = readConfig();
const saidAt = new Map<string, number>();
const releases: (() => unknown)[] = [];
let stopping: Promise<void> | undefined;
process.on('SIGTERM', () => void (stopping ??= stop()));
process.on('SIGINT', () => void (stopping ??= stop()));

const secret = loadSecret(config.dataDir);
const lessons = await openLessons([join(appDir, 'lessons'), ...config.lessons, previewsDir], text => log.warn(text));
releases.push(() => lessons.release());
const db = await openDatabase(config.database);
const store = createStore(db);
releases.push(() => store.close());
const shares = createShares(createPortLinks(db));
const closings = createClosings(createPortClosings(db), PASS_MS);
await Promise.all([shares.load(), closings.load()]);
const engine = connectEngine(engineSocket);
releases.push(() => engine.release());
const screens = startScreens();
releases.push(() => screens.release());
const colours = openColours(join(config.dataDir, 'colours'), onError);
releases.push(() => colours.release());
const egress = createEgress({ engine, store, classes: createClassEgresses(db), lesson: lessons.bySlug, secret, onError });
globalThis.__slipway = {
  ...createSite(lessons, store, secret, colours),
  egressPage: egress.page,
  soonRemoved: (cookie, language) => soonRemoved({ store, lessons, policies: config.policies, secret }, cookie, language),
  portPage: (cookie, language, target) => portPage({ store, lessons, secret }, cookie, language, target),
  yourLabs: (cookie, language) => yourLabs({ engine, store, lessons, policies: config.policies, secret }, cookie, language),
};

const links = createResumeLinks(db);
const ended = createEndedSessions(await links.ended());
const visitors = createVisitors({ secret, ended, publicUrl: config.publicUrl, trustProxy: config.trustProxy });
/** HTTP/2 in the clear may be offered to us, and is not taken up: the request is answered as it is. */
const shouldUpgradeCallback = (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() !== 'h2c';
const http = createServer({ keepAliveTimeout: 65_000, shouldUpgradeCallback });
const site = next({ dev: config.dev, dir: appDir, hostname: config.listen, port: config.port, httpServer: http });
http.on('request', createRequestListener({ visitors, dev: config.dev, frames: request => previews.frames(request), page: (...args) => site.getRequestHandler()(...args), api: (...args) => api(...args), health, onError }));
const io = createIo(http, { visitors, publicUrl: config.publicUrl });
ended.onEnd(sessions => endConnections(io, sessions));
const workspaces = createWorkspaces({
  engine, store, screens, createGrader, onError,
  lesson: lessons.bySlug,
  policies: config.policies,
  openWay: egress.open,
  announceTo: workspace => (event, ...args) => {
    announcer(io, workspace)(event, ...args);
    if (event === 'lab:state') previews.labChanged(workspace);
  },
});
releases.push(() => workspaces.release());
const api = createApi({
  visitors, onError, publicUrl: config.publicUrl,
  routes: { ...resumeRoutes({ store, secret, links, ended, isHttps: request => visitors.isHttps(request), signedOut: learner => previews.signedOut(learner) }), ...yourLabsRoutes(workspaces), ...egress.routes, ...visitRoutes({ store, openFor: (...args) => previews.openFor(...args) }) },
});
lessons.onChange(lesson => workspaces.lessonChanged(lesson).catch(onError));
lessons.onRemove(slug => workspaces.lessonRemoved(slug));
const previews = createPreviews({
  io, store, secret, shares, closings, engine: { ...engine, relay: host => { workspaces.usedPort(host.lab); return engine.relay(host); } }, publicUrl: config.publicUrl, ways: config.previews, isHttps: request => visitors.isHttps(request),
  learnerOf: request => visitors.known(request), onError,
});
releases.push(() => previews.release());
serve(io, workspaces, onError, previews);
refuseOtherNames(http, nameCheck(config));
previews.serve(http);

await site.prepare();
await new Promise<void>((resolve, reject) => {
  http.once('error', reject);
  http.listen(config.port, config.listen, resolve);
});
releases.push(() => site.close());
releases.push(closeConnections);
const { port, address } = http.address() as AddressInfo;
log.info(`listening on http://${address.includes(':') ? `[${address}]` : address}:${port}`);
if (config.listen === '127.0.0.1') log.info('only this machine can open it; SLIPWAY_LISTEN=0.0.0.0 opens it to the network');
sweepNow();
setInterval(() => { workspaces.tickIdle().catch(onError); }, config.idleEveryMs).unref();
setInterval(() => { egress.follow().catch(onError); }, FOLLOW_MS).unref();

/** Removes labs that a crash left without a workspace: now, or as soon as the engine answers, and every hour. */
function sweepNow() {
  const again = (ms: number) => setTimeout(sweepNow, ms).unref();
  workspaces.sweep().then(() => again(SWEEP_MS), error => {
    onError(error);
    again(SWEEP_RETRY_MS);
  });
}

async function health() {
  const [engineUp, database] = await Promise.all([
    engine.hello().then(() => true, () => false),
    db.$queryRaw`SELECT 1`.then(() => true, () => false),
  ]);
  return { ok: database, engine: engineUp, database }; // without the engine the site still serves its lessons
}

/** The one place where errors that nobody waits for end: the unexpected with its stack, an engine that is away as one line a minute. */
function onError(error: unknown) {
  const { kind, message } = asSlipwayError(error);
  if (kind !== 'Unavailable') return log.error({ err: error });
  if (Date.now() - (saidAt.get(message) ?? 0) < SAY_AGAIN_MS) return;
  if (saidAt.size > 100) saidAt.clear();
  saidAt.set(message, Date.now());
  log.warn(message);
}

async function closeConnections() {
  io.disconnectSockets(true);
  const closed = new Promise<void>(resolve => void io.close(() => resolve()));
  http.closeIdleConnections();
  await Promise.race([closed, new Promise(resolve => setTimeout(resolve, DRAIN_MS).unref())]);
  http.closeAllConnections();
}

async function stop() {
  for (const release of releases.reverse()) {
    try {
      await release();
    } catch (error) {
      onError(error);
    }
  }
  process.exit(0);
}
