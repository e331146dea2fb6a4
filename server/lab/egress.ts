// A class's switch for the way out of its labs: what each lab is to reach is put together here, of what its instructors have switched on and what its lesson
// wishes for. The operator's word bounds both, in the broker, whatever is said here. Wired by main.ts.
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Lesson } from '../../lessons/schema.ts';
import { EVERYTHING, wishSchema } from '../../runtime/kernel/egress.ts';
import { say } from '../../texts/server.ts';
import type { ClassEgresses } from '../data/class-egress.ts';
import type { Store } from '../data/store.ts';
import { type ApiRoutes, route } from '../http/api.ts';
import { readLearner } from '../http/cookie.ts';
import type { EgressPage } from '../site.ts';
import type { Engine } from './engine.ts';
import { Refusal } from './refusal.ts';

export interface EgressOptions {
  engine: Pick<Engine, 'egress' | 'setEgress' | 'listLabs'>;
  store: Pick<Store, 'labs' | 'roleOf'>;
  classes: ClassEgresses;
  lesson: (slug: string) => Lesson | undefined;
  secret: Buffer;
  onError(error: unknown): void;
}

export interface Egress {
  /** The lab reaches what it is to reach from now on. A lab without it is of use, so nothing is thrown. */
  open(lab: string, lesson: Pick<Lesson, 'egress'>): Promise<void>;
  /** Goes by what the operator says of everyone, when that has changed. Called now and then. */
  follow(): Promise<void>;
  /** Undefined for who is no instructor. */
  page(cookieHeader: string | null): Promise<EgressPage | undefined>;
  routes: ApiRoutes;
}

/** A page waits somewhat longer. */
const ALL_MS = 10_000;
/** There are no others yet. */
const CLASS = 'everyone';

export function createEgress({ engine, store, classes, lesson, secret, onError }: EgressOptions): Egress {
  /** An instructor's "off" is off for lessons, too; who has said nothing leaves it to the operator and to the lesson. */
  const wishOf = async (wishes: readonly string[]): Promise<string[]> => {
    const known = await classes.of(CLASS);
    if (known) return known.on ? [...new Set([...known.allow, ...wishes])] : [];
    const { everyone } = await engine.egress();
    return everyone ? [EVERYTHING] : [...wishes];
  };

  /** In every lab; one that sleeps must not be opened with what it was to reach before. */
  async function openAll() {
    const known = new Set((await engine.listLabs()).map(({ id }) => id));
    const entries = (await store.labs()).filter(({ lab }) => known.has(lab));
    await Promise.all(entries.map(({ lab, slug }) => open(lab, (slug === null ? undefined : lesson(slug)) ?? { egress: [] })));
  }

  async function open(lab: string, { egress }: Pick<Lesson, 'egress'>) {
    try {
      await engine.setEgress(lab, await wishOf(egress));
    } catch (error) {
      onError(error);
    }
  }

  let everyone: boolean | undefined;
  return {
    open,
    async follow() {
      const now = (await engine.egress()).everyone;
      const isNew = everyone !== undefined && everyone !== now;
      everyone = now;
      if (isNew) await openAll();
    },
    async page(cookieHeader) {
      const learner = readLearner(cookieHeader, secret);
      if (!learner || (await store.roleOf(learner)) !== 'instructor') return undefined;
      const [permitted, known] = await Promise.all([engine.egress().catch(() => undefined), classes.of(CLASS)]);
      const all = permitted?.allow ?? [];
      const on = known ? known.on : permitted?.everyone ?? false;
      const chosen = known && !known.allow.includes(EVERYTHING) ? known.allow : all;
      return {
        isKnown: permitted !== undefined, on, entries: all.map(entry => ({ entry, chosen: chosen.includes(entry) })), labs: permitted?.labs.length ?? 0,
        megabits: Math.round((permitted?.bitsPerSecond ?? 0) / 1e5) / 10, connections: permitted?.connectionsPerSecond ?? 0,
      };
    },
    routes: {
      '/api/class/egress': route(z.object({ on: z.boolean(), allow: wishSchema }), async ({ on, allow }, { learner }) => {
        if ((await store.roleOf(learner)) !== 'instructor') throw new Refusal(say('egress.notYours'));
        await classes.set(CLASS, { on, allow });
        await Promise.race([openAll(), delay(ALL_MS, undefined, { ref: false })]); // the rest follows
        return { body: { labs: (await engine.egress()).labs.length } };
      }),
    },
  };
}
