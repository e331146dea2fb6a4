// What pages without a live connection ask: POST with a small JSON body, answered with JSON. Only our own pages may, only a learner who has a cookie, and not too
// often; refusals are answered in the reader's language. Called by requests.ts; what there is to ask is in the files that make ApiRoutes.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { z } from 'zod';
import { chooseLanguage, type Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { Refusal } from '../lab/refusal.ts';
import type { Visitors } from './learner.ts';
import { isOwnOrigin } from './origin.ts';
import { createRateLimit } from './rate.ts';

export interface ApiCall { learner: string; /** That a resume link began, if one did. */ session?: string | undefined; request: IncomingMessage; }
export interface ApiAnswer { body: object; cookies?: string[]; }
export type ApiRoutes = Record<string, (body: unknown, call: ApiCall) => Promise<ApiAnswer>>;

/** One thing to ask; a body of another shape is the page's fault. */
export const route = <B>(schema: z.ZodType<B>, work: (body: B, call: ApiCall) => Promise<ApiAnswer>): ApiRoutes[string] => async (body, call) => {
  const parsed = schema.safeParse(body);
  if (!parsed.success) throw new Refusal(say('lab.badRequest'));
  return work(parsed.data, call);
};

const MAX_BODY = 4096;
/** A whole school may come from one address. */
const PER_ADDRESS = { burst: 200, perMinute: 120 };
const PER_LEARNER = { burst: 30, perMinute: 20 };

export function createApi(options: { routes: ApiRoutes; visitors: Visitors; publicUrl: URL | undefined; onError(error: unknown): void }) {
  const perAddress = createRateLimit(PER_ADDRESS);
  const perLearner = createRateLimit(PER_LEARNER);

  return async (path: string, request: IncomingMessage, response: ServerResponse) => {
    const refuse = (status: number, words: Text) => send(response, status, { problem: words[chooseLanguage(request.headers.cookie, request.headers['accept-language'])] });
    const ask = Object.hasOwn(options.routes, path) ? options.routes[path] : undefined;
    if (!ask) return refuse(404, say('lab.badRequest'));
    if (request.method !== 'POST' || !isOwnOrigin(request.headers, options.publicUrl) || !/^application\/json\b/.test(request.headers['content-type'] ?? '')) return refuse(403, say('lab.badRequest'));
    const visitor = options.visitors.of(request);
    if (visitor.wasEnded) return refuse(401, say('page.signedOut'));
    if (visitor.cookie) return refuse(401, say('page.noCookie')); // every page of ours has brought one
    if (!perAddress.take(options.visitors.addressOf(request)) || !perLearner.take(visitor.learner)) return refuse(429, say('lab.tooFast'));
    try {
      const { body, cookies } = await ask(await read(request), { learner: visitor.learner, session: visitor.session, request });
      if (cookies) response.setHeader('Set-Cookie', cookies);
      send(response, 200, body);
    } catch (error) {
      if (error instanceof Refusal) return refuse(409, error.words);
      options.onError(error);
      refuse(500, say('lab.ourFault'));
    }
  };
}

function send(response: ServerResponse, status: number, body: object) {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY) throw new Refusal(say('lab.badRequest'));
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw new Refusal(say('lab.badRequest'));
  }
}
