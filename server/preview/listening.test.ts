import { expect, test } from 'vitest';
import type { Found } from '../../runtime/lab/readings.ts';
import type { Watcher } from '../lab/activity.ts';
import { watchListening } from './listening.ts';

const host = { lab: 'abcd', host: 'h1' };
const at = (port: number, address = 'any', protocol: 'tcp' | 'udp' = 'tcp') => ({ port, protocol, address });

function watched() {
  let watcher: Watcher | undefined;
  const told: number[][] = [];
  const state = { seen: true, found: { kind: 'unknown' } as Found, reads: 0, error: undefined as Error | undefined };
  const end = watchListening({
    host, isSeen: () => state.seen, tell: ports => told.push(ports), onError: error => { throw error; },
    engine: {
      read: async () => { state.reads++; if (state.error) throw state.error; return { seq: 0, found: [state.found] }; },
      watch: (_host, one) => { watcher = one; return () => { watcher = undefined; }; },
    },
  });
  return { told, state, end, isWatched: () => watcher !== undefined, wants: () => watcher?.wantsLook(), look: async () => { watcher?.look(); await new Promise(resolve => setImmediate(resolve)); } };
}

test('tells which TCP ports are listened on at an address that the relay reaches, and only when that changes', async () => {
  const { told, state, look } = watched();
  state.found = { kind: 'listening', ports: [at(8080), at(8080), at(53, 'any', 'udp'), at(65_053, 'one'), at(80, 'local')] };
  await look();
  await look();
  state.found = { kind: 'unknown' };
  await look();
  state.found = { kind: 'listening', ports: [] };
  await look();
  expect(told).toEqual([[80, 8080], []]);
});

test('a thousand ports are two hundred', async () => {
  const { told, state, look } = watched();
  state.found = { kind: 'listening', ports: Array.from({ length: 1000 }, (_, i) => at(3000 + i)) };
  await look();
  expect(told[0]).toHaveLength(200);
});

test('nothing is read for a tab that nobody sees, nor after the end', async () => {
  const { told, state, wants, look, end, isWatched } = watched();
  state.seen = false;
  expect(wants()).toBe(false);
  state.seen = true;
  expect(wants()).toBe(true);
  state.found = { kind: 'listening', ports: [at(1)] };
  const late = look();
  end();
  await late;
  expect([told, state.reads, isWatched()]).toEqual([[], 1, false]);
});
