import { mkdtempSync, rmSync } from 'node:fs';
import type { Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { brokerVerbs, type BrokerVerbs } from '../kernel/protocol.ts';
import { type Handlers, serveRpc } from '../rpc.ts';
import { FrostyBroker } from './frost.ts';

let dir: string;
let server: Server;
let broker: FrostyBroker;
let done: string[];
/** What the next freezing waits for. */
let gate: Promise<void> | undefined;

beforeEach(async () => {
  dir = mkdtempSync('/tmp/slipway-frost-');
  done = [];
  gate = undefined;
  const handlers = {
    freezeLab: async ({ lab, frozen }: { lab: string; frozen: boolean }) => { done.push(`${frozen ? 'freeze' : 'thaw'} ${lab}`); if (frozen) await gate; return {}; },
    relay: async ({ lab }: { lab: string }) => { done.push(`relay ${lab}`); return { socketPath: '/x' }; },
    disposeLab: async ({ lab }: { lab: string }) => { done.push(`dispose ${lab}`); return {}; },
  } as unknown as Handlers<BrokerVerbs>;
  server = serveRpc(brokerVerbs, handlers);
  const path = join(dir, 'broker.sock');
  await new Promise<void>(resolve => server.listen(path, resolve));
  broker = new FrostyBroker(path);
});
afterEach(() => {
  broker.close();
  server.close();
  rmSync(dir, { recursive: true });
});

const relay = (lab: string) => broker.call('relay', { lab, host: 'h1' });

test('whatever needs a frozen lab to move thaws it first, once', async () => {
  expect(await broker.freezeLab('a')).toBe(true);
  expect(await broker.freezeLab('a')).toBe(true);
  await Promise.all([relay('a'), relay('a'), relay('b')]);
  expect(done).toEqual(['freeze a', 'relay b', 'thaw a', 'relay a', 'relay a']);
  expect(broker.isFrozen('a')).toBe(false);
});

test('disposal does not wait for a thaw', async () => {
  await broker.freezeLab('a');
  await broker.call('disposeLab', { lab: 'a' });
  expect(done).toEqual(['freeze a', 'dispose a']);
});

test('who comes while it freezes is served, and it stays thawed', async () => {
  let open = () => {};
  gate = new Promise(resolve => { open = resolve; });
  const freezing = broker.freezeLab('a');
  await expect.poll(() => done).toEqual(['freeze a']);
  const served = relay('a');
  open();
  expect(await freezing).toBe(false);
  await served;
  expect(done).toEqual(['freeze a', 'thaw a', 'relay a']);
});

test('a lab in which something is being done is not frozen', async () => {
  const served = relay('a');
  expect(await broker.freezeLab('a')).toBe(false);
  await served;
  expect(await broker.freezeLab('a')).toBe(true);
});
