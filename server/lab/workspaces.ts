// The workspaces that are open, one per learner and lesson, shared by the learner's tabs; let go some time after the last tab has closed.
// Decides who may have a lab: rates per learner and per address, a number of labs per learner. Labs themselves are the engine's.
import type { Lesson } from '../../lessons/schema.ts';
import { createRateLimit } from '../http/rate.ts';
import { carriedOver } from '../grading/types.ts';
import type { Store } from '../data/store.ts';
import type { Screens } from '../terminal/screens.ts';
import { removeCopies } from './copies.ts';
import type { Engine } from './engine.ts';
import type { ProgressOptions } from './progress.ts';
import { createIdleWatch } from './idle.ts';
import type { Policies } from './policy.ts';
import { createQueue } from './queue.ts';
import { createReclaim } from './reclaim.ts';
import type { Text } from '../../texts/language.ts';
import { say } from '../../texts/server.ts';
import { Refusal } from './refusal.ts';
import { workspaceOfLab } from './new-lab.ts';
import type { Announce } from './announce.ts';
import { Workspace } from './workspace.ts';

export interface WorkspacesOptions {
  engine: Engine;
  store: Store;
  screens: Screens;
  lesson: (slug: string) => Lesson | undefined;
  createGrader: ProgressOptions['createGrader'];
  /** To all tabs of a workspace. */
  announceTo: (workspace: string) => Announce;
  onError: (error: unknown) => void;
  policies: Policies;
  /** The lab reaches outside what it is to reach; never rejects. */
  openWay?: (lab: string, lesson: Lesson) => Promise<void>;
  /** How long terminals and journal are kept after the last tab has closed. */
  lingerMs?: number;
  now?: () => number;
}

const LINGER_MS = 10 * 60_000; // the screen is then exact even after a long coffee; later it comes from the shim's ring
/** Resetting again and again is learning, too; a program doing it is not. */
const PER_LEARNER = { burst: 8, perMinute: 4 };
/** Each has the machine's disk written out. */
const COPIES = { burst: 6, perMinute: 3 };
/** A whole school may come from one address. */
const PER_ADDRESS = { burst: 80, perMinute: 60 };

export interface Workspaces {
  /** The caller counts as a tab until it calls leave. Throws a Refusal for an unknown lesson. */
  join(learner: string, slug: string | null, address: string, wake?: boolean): Promise<Workspace>;
  leave(workspace: Workspace): void;
  /** Workspaces that have this lesson open go on with it as it is now. */
  lessonChanged(lesson: Lesson): Promise<void>;
  /** Their pages are told; their labs stay. */
  lessonRemoved(slug: string): void;
  /** Freezes and suspends labs that nobody uses: called every few seconds, since work is measured between two calls. */
  tickIdle(): Promise<void>;
  /** Disposes labs whose workspace does not know them (after a crash) and labs whose time is over, or for which there is no room. */
  sweep(): Promise<void>;
  /** A learner's lab, as they wish. Not one that a tab has open. */
  remove(learner: string, workspace: string): Promise<'removed' | 'open' | 'none'>;
  /** Somebody uses a port of this lab. */
  usedPort(lab: string): void;
  release(): Promise<void>;
}

export function createWorkspaces(options: WorkspacesOptions): Workspaces {
  const { engine, store, onError } = options;
  const lingerMs = options.lingerMs ?? LINGER_MS;
  const queue = createQueue();
  const perLearner = createRateLimit(PER_LEARNER);
  const perAddress = createRateLimit(PER_ADDRESS);
  const copies = createRateLimit(COPIES);
  const open = new Map<string, Promise<Workspace>>();
  const ids = new Map<string, Workspace>();
  const lingering = new Map<Workspace, NodeJS.Timeout>();
  const workspaceOf = (id: string) => ids.get(id);
  const idle = createIdleWatch({ engine, store, policies: options.policies, workspaceOf, letGo, isScarce: () => queue.length > 0, onError, ...(options.now ? { now: options.now } : {}) });
  const reclaim = createReclaim({ engine, store, policies: options.policies, isOpen: id => (ids.get(id)?.members ?? 0) > 0, giveUp, onError, ...(options.now ? { now: options.now } : {}) });

  return {
    async join(learner, slug, address, wake = true) {
      const lesson = slug === null ? undefined : options.lesson(slug);
      if (slug !== null && !lesson) throw new Refusal(say('lab.noLesson'));
      const key = `${learner} ${slug ?? ''}`;
      let pending = open.get(key);
      if (!pending) {
        pending = make(learner, slug, lesson);
        open.set(key, pending);
        pending.catch(() => open.delete(key));
      }
      const workspace = await pending;
      workspace.members++;
      clearTimeout(lingering.get(workspace));
      lingering.delete(workspace);
      try {
        await workspace.open(address, wake);
      } catch (error) {
        leave(workspace);
        throw error;
      }
      return workspace;
    },

    leave,

    async lessonChanged(lesson) {
      for (const workspace of ids.values()) if (workspace.record.slug === lesson.slug) await workspace.changeLesson(lesson);
    },

    lessonRemoved(slug) {
      for (const workspace of ids.values()) if (workspace.record.slug === slug) options.announceTo(workspace.record.id)('lesson:removed');
    },

    tickIdle: () => idle.tick(),

    async sweep() {
      const labs = await engine.listLabs();
      for (const lab of labs) {
        const workspace = workspaceOfLab(lab.name);
        if (workspace === undefined || ids.has(workspace) || await store.ownsLab(workspace, lab.id)) continue;
        await engine.disposeLab(lab.id).catch(onError);
      }
      const owned = new Set((await store.labs()).map(({ workspace }) => workspace));
      for (const copy of await engine.copies()) {
        const workspace = workspaceOfLab(copy.copyOf ?? '');
        if (workspace !== undefined && !ids.has(workspace) && !owned.has(workspace)) await engine.removeCopy(copy.id).catch(onError);
      }
      await reclaim();
    },

    async remove(learner, workspace) {
      const mine = (await store.labs(learner)).find(one => one.workspace === workspace);
      if (!mine) return 'none';
      if (ids.get(workspace)?.members) return 'open';
      await giveUp(mine);
      return 'removed';
    },

    usedPort(lab) {
      for (const workspace of ids.values()) if (workspace.record.lab === lab) void workspace.wakefulness.stir();
    },

    async release() {
      for (const timer of lingering.values()) clearTimeout(timer);
      lingering.clear();
      const all = await Promise.allSettled(open.values());
      open.clear();
      await Promise.all(all.map(made => (made.status === 'fulfilled' ? made.value.release() : undefined)));
    },
  };

  function leave(workspace: Workspace) {
    if (--workspace.members > 0) return;
    store.seen(workspace.record.id).catch(onError);
    lingering.set(workspace, setTimeout(() => {
      lingering.delete(workspace);
      open.delete(keyOf(workspace));
      ids.delete(workspace.record.id);
      workspace.release().catch(onError);
    }, lingerMs).unref());
  }

  async function make(learner: string, slug: string | null, lesson: Lesson | undefined): Promise<Workspace> {
    const record = await store.openWorkspace(learner, slug);
    const workspace = new Workspace({
      record, engine, store, queue, onError,
      screens: options.screens,
      now: options.now,
      announce: options.announceTo(record.id),
      lesson,
      createGrader: options.createGrader,
      openWay: options.openWay ?? (() => Promise.resolve()),
      mayCopy: () => copies.take(record.learner),
      admit: (address, { replacing }) => admit(record.learner, address, replacing),
    });
    ids.set(record.id, workspace);
    return workspace;
  }

  async function admit(learner: string, address: string, replacing: boolean): Promise<Text | undefined> {
    const labs = replacing ? [] : await store.labs(learner);
    const most = options.policies[await store.roleOf(learner)].labs;
    if (labs.length >= most) {
      const unused = labs.find(lab => !ids.get(lab.workspace)?.members);
      if (!unused) return say('lab.tooManyOpen', { count: most });
      await giveUp(unused);
    }
    if (!perLearner.take(learner)) return say('lab.tooFastLearner');
    if (address && !perAddress.take(address)) return say('lab.tooFastAddress');
    return undefined;
  }

  /** The terminals and journal of a workspace that no tab has open. */
  async function letGo(workspace: string) {
    const idle = ids.get(workspace);
    if (!idle) return;
    clearTimeout(lingering.get(idle));
    lingering.delete(idle);
    ids.delete(workspace);
    open.delete(keyOf(idle));
    await idle.release();
  }

  /** Ends a lab that no tab has open; its workspace says so when it is opened again. */
  async function giveUp({ workspace, lab }: { workspace: string; lab: string }) {
    await letGo(workspace);
    await engine.disposeLab(lab);
    await removeCopies(engine, workspace).catch(onError); // what stays is swept later
    await store.beginAttempt(workspace, carriedOver);
  }

  function keyOf(workspace: Workspace) {
    return `${workspace.record.learner} ${workspace.record.slug ?? ''}`;
  }
}
