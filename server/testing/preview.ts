// Previews without labs, for tests that need no root: a site with the real proxy before it, and servers of the test's own in a lab's place. Requests are
// written as bytes where a test must say what no client would.
import { createServer, request as httpRequest, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { connect, createServer as createTcpServer, type AddressInfo, type Server as TcpServer, type Socket } from 'node:net';
import { SlipwayError } from '../../runtime/errors.ts';
import { readLearner, COOKIE, newLearnerId, signLearner } from '../http/cookie.ts';
import { PATH_PREFIX, type Target } from '../preview/address.ts';
import { createClosings } from '../preview/closings.ts';
import { createPasses, PASS_MS, type PassOptions } from '../preview/pass.ts';
import { servePreviews } from '../preview/proxy.ts';
import { createShares } from '../preview/shares.ts';

export const secret = Buffer.alloc(32, 9);
export interface Answered { status: number; headers: IncomingMessage['headers']; text: string; trailers: NodeJS.Dict<string>; }
export type Previewed = Awaited<ReturnType<typeof startPreviews>>;

/** Servers by the port that a target names. */
export async function startPreviews(servers: Record<number, RequestListener | Server | TcpServer>, { patienceMs = 60_000 } = {}) {
  const errors: unknown[] = [];
  const listening = new Map<number, Server | TcpServer>();
  for (const [port, given] of Object.entries(servers)) listening.set(Number(port), typeof given === 'function' ? createServer(given) : given);
  await Promise.all([...listening.values()].map(server => new Promise<void>(resolve => { server.listen(0, '127.0.0.1', () => resolve()); })));
  const closings = createClosings({ load: async () => [], note: async () => {} }, PASS_MS);
  const passes = createPasses(secret, closings.isClosed);
  const shares = createShares({ make: async () => {}, remove: async () => {}, load: async () => [] });
  const dialled = new Set<Socket>();
  const site = createServer((_request, response) => response.end('the site'));
  servePreviews(site, {
    domains: ['localhost'], passes, closings, shares, isHttps: () => false, onError: error => errors.push(error), patienceMs, more: ({ lab, port }) => `http://site.test/ports/${lab}/${port}`,
    sandboxed: { learnerOf: request => readLearner(request.headers.cookie, secret), siteOf: request => `http://${request.headers.host}` },
    dial: ({ port }) => new Promise((resolve, reject) => {
      const there = listening.get(port)?.address() as AddressInfo | undefined;
      if (!there) return reject(new SlipwayError('Unavailable', `dial tcp 127.0.0.1:${port}: connect: connection refused`));
      const socket = connect({ port: there.port, host: '127.0.0.1', allowHalfOpen: true });
      dialled.add(socket);
      socket.once('close', () => dialled.delete(socket)).once('error', reject).once('connect', () => resolve(socket));
    }),
  });
  await new Promise<void>(resolve => { site.listen(0, '127.0.0.1', () => resolve()); });
  const sitePort = (site.address() as AddressInfo).port;
  const learner = newLearnerId();
  const lab = 'abcd1234';

  const begin = (path: string, { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {}) => httpRequest({ port: sitePort, host: '127.0.0.1', path, method, headers: { host: 'site.test', ...headers }, agent: false });
  const ask = (path: string, options: { method?: string; headers?: Record<string, string>; body?: string | Buffer } = {}) => new Promise<Answered>((resolve, reject) => {
    begin(path, options).on('response', answer => {
      let text = '';
      answer.setEncoding('latin1').on('data', (part: string) => { text += part; }).on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers, text, trailers: answer.trailers })).on('error', reject);
    }).on('error', reject).end(options.body);
  });
  const passFor = (target: Target) => passes.enter(target, new URLSearchParams(passes.link(target).split('?')[1]).get('token')!, { secure: false })!.split(';')[0]!;
  return {
    lab, learner, passes, closings, shares, errors, site, sitePort, dialled, begin, ask,
    cookie: `${COOKIE}=${signLearner(learner, secret)}`,
    /** On the site's origin: the path that a page of this port lies below. */
    base: (port: number, options: PassOptions = {}) => `${PATH_PREFIX}${passes.segment({ lab, port }, learner, options)}`,
    /** On an origin of its own: the headers that its owner's browser sends. */
    own: (port: number): Record<string, string> => ({ host: `${port}-${lab}.localhost`, cookie: passFor({ lab, port }) }),
    /** Bytes there; what came back until the connection ended. */
    raw: (text: string) => new Promise<string>((resolve, reject) => {
      let got = '';
      const socket = connect(sitePort, '127.0.0.1', () => socket.write(text, 'latin1'));
      socket.setEncoding('latin1').on('data', (part: string) => { got += part; }).once('close', () => resolve(got)).once('error', reject);
    }),
    async release() {
      shares.release();
      for (const server of [site, ...listening.values()]) {
        if ('closeAllConnections' in server) server.closeAllConnections();
        server.close();
      }
      for (const socket of dialled) socket.destroy();
    },
  };
}

/** Says these bytes to whoever connects and asks, and hangs up. */
export const saying = (text: string | Buffer): TcpServer => createTcpServer(socket => {
  socket.on('error', () => socket.destroy());
  socket.once('data', () => socket.end(text));
});
