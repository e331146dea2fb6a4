// What a route is, and which one a request means. The tables of routes are beside this, one file per noun; server.ts calls them.
import { z } from 'zod';
import type { Call } from './call.ts';
import type { GoStruct } from './go-structs.ts';

/** What a handler answers. `null`: it has answered itself, by call.stream or call.hijack. */
export type Reply = { status: number; json?: unknown } | null;

export interface Route {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';
  /** `/containers/:id/json`; a parameter `:name*` takes slashes too (names of images). */
  path: string;
  query: z.ZodType;
  /** null: the route takes no body, or reads the raw one itself. */
  body: z.ZodType | null;
  bodyMayBeEmpty: boolean;
  /** What dockerd calls the body. */
  goStruct: GoStruct | undefined;
  /** Takes over the connection, as attach and exec do, when the client asks to upgrade. */
  hijacks: boolean;
  /** Not an act of the learner: kept out of the journal. */
  quiet: boolean;
  handle(call: Call, query: never, body: never): Promise<Reply> | Reply;
}

type Options<Q extends z.ZodType, B extends z.ZodType> = {
  query?: Q; body?: B; bodyMayBeEmpty?: boolean; goStruct?: GoStruct; hijacks?: boolean; quiet?: boolean;
  handle(call: Call, query: z.output<Q>, body: z.output<B>): Promise<Reply> | Reply;
};

/** `route('GET', '/info', { handle })`; query and body arrive decoded. */
export function route<Q extends z.ZodType = z.ZodType, B extends z.ZodType = z.ZodType>(method: Route['method'], path: string, options: Options<Q, B>): Route {
  return {
    method, path,
    query: options.query ?? anything,
    body: options.body ?? null,
    bodyMayBeEmpty: options.bodyMayBeEmpty ?? false,
    goStruct: options.goStruct,
    hijacks: options.hijacks ?? false,
    quiet: options.quiet ?? false,
    handle: options.handle as Route['handle'],
  };
}

const anything = z.unknown();

export type Match = { route: Route; params: Record<string, string> };

/** First route that fits wins. */
export function createRouter(routes: readonly Route[]): (method: string, path: string) => Match | null {
  const compiled = routes.map(r => ({ route: r, pattern: compile(r.path) }));
  return (method, path) => {
    for (const { route: candidate, pattern } of compiled) {
      if (candidate.method !== method) continue;
      const match = pattern.exec(path);
      if (match) return { route: candidate, params: decodeParams(match.groups ?? {}) };
    }
    return null;
  };
}

function compile(path: string): RegExp {
  const source = path.replace(/[.]/g, '\\.').replace(/:(\w+)(\*?)/g, (_, name: string, many: string) => `(?<${name}>${many ? '.+' : '[^/]+'})`);
  return new RegExp(`^${source}$`);
}

function decodeParams(groups: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(groups).map(([name, value]) => [name, decode(value)]));
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // a lone % names nothing; the lookup says so
  }
}
