// The browser's live connection: socket.io events in, workspace and terminal calls out. The handshake says who it is and that our own page opened it;
// a terminal is authorised once, when it is attached, and after that its bytes go straight through.
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { Server, type Socket } from 'socket.io';
import { z } from 'zod';
import { ANSWER_CHARACTERS } from '../lessons/quiz.ts';
import { asSlipwayError } from '../runtime/errors.ts';
import { inRequest } from '../runtime/request.ts';
import type { Visitor, Visitors } from './http/learner.ts';
import { isOwnOrigin } from './http/origin.ts';
import { createPlaces } from './http/places.ts';
import { createRateLimit, type RateLimit } from './http/rate.ts';
import { chooseLanguage, inLanguage, type InOne, type Language, languages, type Text } from '../texts/language.ts';
import { say } from '../texts/server.ts';
import { MAX_FILE_BYTES } from './lab/files.ts';
import { Refusal } from './lab/refusal.ts';
import type { Announce } from './lab/announce.ts';
import type { Workspace } from './lab/workspace.ts';
import type { Workspaces } from './lab/workspaces.ts';
import type { Previews } from './preview/previews.ts';
import { type Ack, type ClientEvents, copySchema, joinSchema, openPortSchema, portSchema, type Problem, type ServerEvents, shareSchema, sizeSchema, SOCKET_PATH, terminalIdSchema, unshareSchema } from './protocol.ts';
import type { HubTerminal } from './terminal/terminal.ts';
import type { Outlet, Viewer } from './terminal/viewer.ts';

export type Io = Server<ClientEvents, ServerEvents>;
type Client = Socket<ClientEvents, ServerEvents>;

/** One message of a browser: the largest is a file that is saved, whose line ends and quotes take two bytes each. (xterm.js cuts a paste into small pieces.) */
const MAX_MESSAGE_BYTES = 2 * MAX_FILE_BYTES + 4096;
const MAX_COMMAND = 32_768;
const MAX_VIEWS = 16;

const attachSchema = sizeSchema.extend({ id: terminalIdSchema });
const idSchema = z.object({ id: terminalIdSchema });
const openSchema = sizeSchema.extend({ title: z.string().regex(/^[a-z][a-z0-9-]{0,19}$/).optional() });
const runSchema = z.object({ id: terminalIdSchema, input: z.string().min(1).max(MAX_COMMAND) });
const taskSchema = z.object({ task: z.string().max(80) });
const answerSchema = z.object({ id: z.string().max(80), answer: z.array(z.string().max(ANSWER_CHARACTERS)).max(8) });
const pathSchema = z.object({ path: z.string().max(300).regex(/^\/[^\0]+$/) });
const saveSchema = pathSchema.extend({ text: z.string().max(MAX_FILE_BYTES), version: z.string().regex(/^[0-9a-f]{64}$/).nullable() });

/** Attaches the socket.io server; `serve` connects it to workspaces, which need it to announce. */
export function createIo(http: HttpServer, options: { visitors: Visitors; publicUrl: URL | undefined }): Io {
  const visits = new WeakMap<IncomingMessage, Visitor>();
  const perLearner = createPlaces(MAX_PER_LEARNER);
  const perAddress = createPlaces(MAX_PER_ADDRESS);
  const io: Io = new Server(http, {
    path: SOCKET_PATH,
    transports: ['websocket', 'polling'], // polling is for schools whose proxies break WebSockets
    perMessageDeflate: false,
    httpCompression: false,
    serveClient: false,
    destroyUpgrade: false, // Next's own upgrades (development) are not ours to end
    maxHttpBufferSize: MAX_MESSAGE_BYTES,
    allowRequest: (request, done) => {
      if (!isOwnOrigin(request.headers, options.publicUrl)) return done('this page may not open a lab', false);
      visits.set(request, options.visitors.of(request)); // before anybody reads its cookies
      done(null, true);
    },
  });
  io.engine.on('initial_headers', (headers: Record<string, string>, request: IncomingMessage) => {
    const { cookie, wasEnded } = visits.get(request) ?? {};
    if (cookie && !wasEnded) headers['set-cookie'] = cookie;
  });
  io.use((socket, next) => {
    const visit = visits.get(socket.request) ?? options.visitors.of(socket.request);
    const { cookie, 'accept-language': asked } = socket.request.headers;
    const language = chooseLanguage(cookie, asked);
    if (visit.wasEnded) return next(new Error(say('page.signedOut')[language]));
    const identity: Identity = { learner: visit.learner, session: visit.session, address: options.visitors.addressOf(socket.request), language };
    if (!perLearner.take(identity.learner)) return next(new Error(say('lab.tooManyTabs')[language]));
    socket.conn.once('close', () => perLearner.free(identity.learner));
    if (!perAddress.take(identity.address)) return next(new Error(say('lab.tooManyTabs')[language]));
    socket.conn.once('close', () => perAddress.free(identity.address));
    socket.data = identity;
    next();
  });
  return io;
}

/** Live connections per learner and per address; beyond them a new one is refused in words. */
const MAX_PER_LEARNER = 40;
const MAX_PER_ADDRESS = 2000;

/** `language` is the tab's: a switch of language connects anew. */
interface Identity { learner: string; session?: string | undefined; address: string; language: Language; }

export function serve(io: Io, workspaces: Workspaces, onError: (error: unknown) => void, previews: Previews | null = null) {
  const requests = createRateLimit(REQUESTS);
  io.on('connection', client => serveClient(client, workspaces, requests, onError, previews));
}

/** Whatever these sessions have open comes back as a new connection, and is then refused in words. */
export function endConnections(io: Io, sessions: readonly string[]) {
  for (const socket of io.sockets.sockets.values()) if (sessions.includes((socket.data as Identity).session ?? '')) socket.conn.close();
}

/** The room of a workspace: all its tabs. Those that read the same language share a room besides. */
export const roomOf = (workspace: string) => `workspace:${workspace}`;
const readersOf = (workspace: string, language: Language) => `readers:${workspace} ${language}`;

/** Tells all tabs of a workspace, each in its language. */
export const announcer = (io: Io, workspace: string): Announce => (event, ...args) => {
  for (const language of languages) io.to(readersOf(workspace, language)).emit(event, ...inLanguage(args, language) as Parameters<ServerEvents[typeof event]>);
};

/** Joining, attaching, opening: far more than a person does, far less than what would keep the screens' thread busy. */
const REQUESTS = { burst: 120, perMinute: 240 };

interface View { terminal: HubTerminal; viewer: Viewer; }

function serveClient(client: Client, workspaces: Workspaces, requests: RateLimit, onError: (error: unknown) => void, previews: Previews | null) {
  const { learner, address, language } = client.data as Identity;
  const views = new Map<string, View>();
  let workspace: Workspace | undefined;
  /** Given to the connection and not yet taken by the network. */
  let queued = 0;

  client.conn.on('drain', () => {
    if (!queued) return;
    queued = 0;
    for (const view of views.values()) view.terminal.balance();
  });

  client.on('workspace:join', request(joinSchema, async ({ slug, visible, wake }) => {
    leave();
    const joined = await workspaces.join(learner, slug, address, wake);
    if (!client.connected || workspace) { // gone, or joined another one, while this one was looked up
      workspaces.leave(joined);
      throw new Refusal(say('lab.noWorkspace'));
    }
    workspace = joined;
    joined.wakefulness.presence.show(client, visible);
    await client.join([roomOf(joined.record.id), readersOf(joined.record.id, language)]);
    return joined.state;
  }));

  client.on('lab:reset', request(z.object({}), async () => {
    const mine = current();
    await mine.reset(address);
    return mine.state;
  }));

  client.on('lab:wake', request(z.object({}), async () => {
    const mine = current();
    await mine.open(address);
    return mine.state;
  }));

  client.on('tab:used', () => void workspace?.wakefulness.stir());

  client.on('tab:visible', visible => {
    workspace?.wakefulness.presence.show(client, visible === true);
    if (visible === true) void workspace?.wakefulness.stir();
  });

  client.on('preview:ports', request(z.object({}), async () => ({ ports: previews?.ports(current()) ?? [] })));

  client.on('preview:open', request(openPortSchema, async ({ port, pane }) => (previews ?? nowhere()).open(current(), port, client.request, { pane })));

  client.on('preview:share', request(shareSchema, ({ port, minutes }) => (previews ?? nowhere()).share(current(), port, minutes, client.request)));

  client.on('preview:shares', request(portSchema, async ({ port }) => (previews ?? nowhere()).shares(current(), port)));

  client.on('preview:unshare', request(unshareSchema, ({ port, id }) => (previews ?? nowhere()).unshare(current(), port, id)));

  client.on('copies:list', request(z.object({}), () => current().copies.list()));

  client.on('copies:save', request(z.object({}), () => current().saveCopy()));

  client.on('copies:remove', request(copySchema, ({ id }) => current().copies.remove(id)));

  client.on('copies:go-back', request(copySchema, async ({ id }) => {
    const mine = current();
    await mine.goBack(id, address);
    return mine.state;
  }));

  client.on('preview:close-all', request(z.object({}), () => (previews ?? nowhere()).closeAll(current())));

  client.on('lab:start-at', request(taskSchema, async ({ task }) => {
    const mine = current();
    await mine.startAt(task, address);
    return mine.state;
  }));

  client.on('task:hint', request(taskSchema, async ({ task }) => current().hint(task)));

  client.on('task:reset', request(taskSchema, ({ task }) => current().resetTask(task)));

  client.on('quiz:answer', request(answerSchema, ({ id, answer }) => current().answerQuiz(id, answer)));

  client.on('file:read', request(pathSchema, ({ path }) => current().readFile(path)));

  client.on('file:save', request(saveSchema, file => current().saveFile(file)));

  client.on('terminal:open', request(openSchema, ({ title, ...size }) => current().openTerminal(size, title)));

  client.on('terminal:run', request(runSchema, async ({ id, input }) => {
    const view = views.get(id);
    if (!view) throw new Refusal(say('lab.noTerminal'));
    void current().wakefulness.stir();
    const sent = current().mayRun(id, input);
    if (sent) view.terminal.input(view.viewer, Buffer.from(input));
    return { sent };
  }));


  client.on('terminal:attach', async (body, ack) => {
    await request(attachSchema, async ({ id, ...size }) => {
      const terminal = current().terminal(id);
      if (views.size >= MAX_VIEWS && !views.has(id)) throw new Refusal(say('lab.tooManyTerminals', { count: MAX_VIEWS }));
      detach(id);
      const { viewer, screen, go } = await terminal.attach(outletOf(id), size);
      if (!client.connected) {
        terminal.detach(viewer);
        throw new Refusal(say('lab.noWorkspace'));
      }
      detach(id); // a second attach that came meanwhile
      views.set(id, { terminal, viewer });
      setImmediate(go); // after the acknowledgement below, which carries the screen
      return { screen };
    })(body, ack);
  });

  client.on('terminal:detach', body => {
    const parsed = idSchema.safeParse(body);
    if (parsed.success) detach(parsed.data.id);
  });

  client.on('terminal:input', (id, data) => {
    const view = views.get(id);
    if (!view) return;
    void workspace?.wakefulness.stir();
    const bytes: unknown = data; // binary arrives as a Buffer here
    if (typeof bytes === 'string') view.terminal.input(view.viewer, Buffer.from(bytes));
    else if (Buffer.isBuffer(bytes)) view.terminal.input(view.viewer, bytes);
  });

  client.on('terminal:resize', body => {
    const parsed = attachSchema.safeParse(body);
    const view = parsed.success ? views.get(parsed.data.id) : undefined;
    if (view && parsed.success) view.terminal.resizeTo(view.viewer, parsed.data);
  });

  client.on('terminal:ack', (id, bytes) => {
    const view = views.get(id);
    if (view) view.terminal.acknowledge(view.viewer, bytes);
  });

  client.on('terminal:close', body => {
    const parsed = idSchema.safeParse(body);
    if (parsed.success) workspace?.closeTerminal(parsed.data.id).catch(onError);
  });

  client.on('disconnect', leave);

  function leave() {
    for (const id of views.keys()) detach(id);
    if (!workspace) return;
    void client.leave(roomOf(workspace.record.id));
    void client.leave(readersOf(workspace.record.id, language));
    workspace.wakefulness.presence.leave(client);
    workspaces.leave(workspace);
    workspace = undefined;
  }

  function detach(id: string) {
    const view = views.get(id);
    if (!view) return;
    views.delete(id);
    view.terminal.detach(view.viewer);
  }

  function current(): Workspace {
    if (!workspace) throw new Refusal(say('lab.noWorkspace'));
    return workspace;
  }

  function outletOf(id: string): Outlet {
    return {
      output: data => {
        queued += data.length;
        client.emit('terminal:output', id, data as unknown as ArrayBuffer);
      },
      screen: text => client.emit('terminal:screen', id, text),
      closed: () => views.delete(id), // the workspace tells all tabs
      queuedBytes: () => queued,
    };
  }

  /** An event that is answered: checks its shape, and turns errors into words. */
  function request<B, T>(schema: z.ZodType<B>, work: (body: B) => Promise<T>) {
    return (body: unknown, ack: Ack<InOne<T>>) => inRequest(async () => {
      if (typeof ack !== 'function') return;
      let answer: T | { problem: Text };
      try {
        if (!requests.take(learner)) throw new Refusal(say('lab.tooFast'));
        const parsed = schema.safeParse(body);
        answer = parsed.success ? await work(parsed.data) : { problem: say('lab.badRequest') };
      } catch (error) {
        answer = { problem: problemOf(error, onError) };
      }
      ack(inLanguage(answer, language) as InOne<T> | Problem);
    });
  }
}

function nowhere(): never { throw new Refusal(say('port.noPreviews')); }

function problemOf(error: unknown, onError: (error: unknown) => void): Text {
  if (error instanceof Refusal) return error.words;
  const { kind } = asSlipwayError(error);
  if (kind === 'Unavailable') return say('lab.engineRestarts');
  onError(error);
  return say('lab.ourFault');
}
