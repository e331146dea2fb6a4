import { expect, test } from 'vitest';
import type { LabEntry } from '../data/store.ts';
import { policiesFrom } from './policy.ts';
import { createReclaim, removalOf } from './reclaim.ts';

const DAY = 86_400_000;
const now = 1000 * DAY;
const GIB = 1 << 30;
const policies = policiesFrom({ guest: 'keep=7d last-chance=2d', learner: 'keep=30d last-chance=5d' });
const lab = (name: string, days: number, role: LabEntry['role'] = 'guest'): LabEntry => ({ workspace: name, lab: name, learner: 'ada', role, slug: null, lastSeenAt: new Date(now - days * DAY) });

async function reclaimed(labs: LabEntry[], freeShare: number, open: string[] = []): Promise<string[]> {
  const gone: string[] = [];
  const half = { free: 1, total: 2 };
  await createReclaim({
    engine: {
      room: async () => ({ memory: half, disk: { free: freeShare * 20 * GIB, total: 20 * GIB }, pids: half, labs: { running: 1, most: null }, reserve: { memory: 0.1, disk: 0.1, pids: 0.2 } }),
      figures: async ids => ids.map(id => ({ lab: id, cpuNs: 0, memoryBytes: 0, pids: 0, memoryHits: 0, oomKills: 0, forksRefused: 0, pidsPeak: 0, diskBytes: GIB, recordsBytes: 0, logsFull: 0, connectionsRefused: 0, refused: 0, refusedNames: [], mayReach: [], containerAt: null, killedAt: null })),
    },
    store: { labs: async () => labs.toSorted((a, b) => a.lastSeenAt.getTime() - b.lastSeenAt.getTime()) },
    policies, isOpen: id => open.includes(id), giveUp: async ({ workspace }) => void gone.push(workspace), onError: error => { throw error; }, now: () => now,
  })();
  return gone;
}

test('the page says when a lab goes, and since when it may go earlier', () => {
  expect(removalOf(new Date(now), policies.guest)).toEqual({ removesAt: now + 7 * DAY, lastChanceAt: now + 5 * DAY });
});

test('a lab goes when its time is over, by the role of who has it, and never under an open tab', async () => {
  expect(await reclaimed([lab('old', 8), lab('warned', 6), lab('new', 1), lab('kept', 20, 'learner'), lab('open', 100)], 0.5, ['open'])).toEqual(['old']);
});

test('when disk runs short those go that were warned, least recently seen first, and no more than needed', async () => {
  const labs = [lab('first', 6.9), lab('second', 6), lab('third', 5.5), lab('new', 4.9), lab('learner', 24, 'learner'), lab('learner-warned', 26, 'learner')];
  expect(await reclaimed(labs, 0.121)).toEqual([]);
  expect(await reclaimed(labs, 0.05)).toEqual(['learner-warned', 'first']); // 1.4 GiB are missing
  expect(await reclaimed(labs, 0)).toEqual(['learner-warned', 'first', 'second']);
});
