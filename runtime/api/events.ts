// GET /events: what has happened since, then what happens, until the client leaves or `until` comes.
import { z } from 'zod';
import { SlipwayError } from '../errors.ts';
import type { EngineEvent } from '../lab/control.ts';
import { filters, labelsMatch, moment, type Filters } from './query.ts';
import { route } from './route.ts';

/** A client that reads slower than this many waiting events loses the connection rather than the engine its memory. */
const MAX_WAITING = 10_000;

export const eventRoutes = [
  route('GET', '/events', {
    query: z.object({ since: moment, until: moment, filters: filters(null) }),
    async handle(call, query) {
      const { events } = call.api.host;
      if (query.since !== null && query.until !== null && query.until < query.since) {
        throw new SlipwayError('InvalidParameter', `\`since\` time (${call.query.since}) cannot be after \`until\` time (${call.query.until})`);
      }
      const out = call.stream('application/json');
      const wanted = (event: EngineEvent) => matches(event, query.filters);
      const waiting: EngineEvent[] = [];
      let wake = () => {};
      let over = false;
      // As dockerd: with either of them, what is kept comes first; an end at 0 is none.
      if (query.since !== null || query.until !== null) waiting.push(...events.past().filter(e => eventNs(e) >= (query.since ?? 0n) && (!query.until || eventNs(e) <= query.until) && wanted(e)));
      const finish = () => { over = true; wake(); };
      const unsubscribe = events.subscribe(event => {
        if (!wanted(event)) return;
        if (waiting.push(event) > MAX_WAITING) finish();
        wake();
      });
      const timer = query.until === null ? null : setTimeout(finish, Math.max(0, Math.min(Number(query.until / 1_000_000n) - Date.now(), 2 ** 31 - 1)));
      call.signal.addEventListener('abort', finish, { once: true });
      try {
        for (;;) {
          const next = waiting.splice(0, 256);
          if (next.length > 0) {
            await out.write(next.map(e => `${JSON.stringify(legacy(e))}\n`).join(''));
          } else {
            if (over) break;
            await new Promise<void>(resolve => { wake = resolve; });
          }
        }
      } finally {
        unsubscribe();
        if (timer) clearTimeout(timer);
      }
      out.end();
      return null;
    },
  }),
];

/** Older clients read status, id and from, which dockerd still sends for containers and images. */
function legacy(event: EngineEvent): Record<string, unknown> {
  if (event.Type !== 'container' && event.Type !== 'image') return event;
  const from = event.Type === 'container' ? event.Actor.Attributes.image : undefined;
  return { status: event.Action, id: event.Actor.ID, ...(from ? { from } : {}), ...event };
}

const eventNs = (event: EngineEvent) => BigInt(event.timeNano);

function matches(event: EngineEvent, wanted: Filters): boolean {
  const { ID, Attributes } = event.Actor;
  const isOneOf = (name: string, value: string) => !wanted.has(name) || wanted.get(name)!.includes(value);
  const startsWithOneOf = (type: string) => !wanted.has(type) || (event.Type === type && wanted.get(type)!.some(w => ID.startsWith(w) || (Attributes.name ?? '').startsWith(w)));
  // `exec_create: sh` is asked for as exec_create.
  const action = !wanted.has('event') || wanted.get('event')!.some(w => event.Action === w || event.Action.startsWith(`${w}:`));
  return action && isOneOf('type', event.Type) && isOneOf('scope', event.scope) && labelsMatch(wanted.get('label'), Attributes)
    && TYPES.every(startsWithOneOf) && isAboutImage(event, wanted.get('image'));
}

const TYPES = ['container', 'network', 'volume', 'plugin', 'daemon', 'service', 'node', 'secret', 'config'];
const withoutTag = (name: string) => name.replace(/:[^/:]*$/, '');

/** Also a container's event, by the image it was made of. */
function isAboutImage({ Type, Actor }: EngineEvent, wanted: readonly string[] | undefined): boolean {
  const name = Actor.Attributes[Type === 'image' ? 'name' : 'image'] ?? '';
  return wanted?.some(w => [Actor.ID, name, withoutTag(Actor.ID), withoutTag(name)].includes(w)) ?? true;
}
