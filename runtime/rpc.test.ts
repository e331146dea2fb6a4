import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { SlipwayError } from './errors.ts';
import { RpcClient, serveRpc } from './rpc.ts';

const verbs = {
  double: { request: z.object({ n: z.number() }), response: z.object({ n: z.number() }) },
  fail: { request: z.object({ how: z.enum(['known', 'unknown']) }), response: z.object({}) },
  count: { request: z.object({ to: z.number() }), response: z.object({}), item: z.number() },
  hang: { request: z.object({}), response: z.object({}) },
};

let dir: string;
let path: string;
let server: Server;
let client: RpcClient<typeof verbs>;
let abandoned: () => void;
const wasAbandoned = new Promise<void>(resolve => { abandoned = resolve; });
const errors: unknown[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'slipway-rpc-'));
  path = join(dir, 'socket');
  server = serveRpc(verbs, {
    double: async ({ n }) => ({ n: 2 * n }),
    fail: async ({ how }) => { throw how === 'known' ? new SlipwayError('Conflict', 'in use') : new Error('broken'); },
    count: async ({ to }, { emit }) => { for (let i = 1; i <= to; i++) await emit(i); return {}; },
    hang: async (_, { signal }) => new Promise(resolve => signal.addEventListener('abort', () => { abandoned(); resolve({}); })),
  }, error => errors.push(error));
  await new Promise<void>(resolve => server.listen(path, resolve));
  client = new RpcClient(path, verbs);
});
afterAll(() => {
  client.close();
  server.close();
  rmSync(dir, { recursive: true });
});

test('calls under way at once get their own answers', async () => {
  expect(await Promise.all([1, 2, 3].map(n => client.call('double', { n })))).toEqual([{ n: 2 }, { n: 4 }, { n: 6 }]);
});

test('a known error keeps its kind and words; an unknown one is of kind System and reported', async () => {
  await expect(client.call('fail', { how: 'known' })).rejects.toMatchObject({ kind: 'Conflict', message: 'in use' });
  await expect(client.call('fail', { how: 'unknown' })).rejects.toMatchObject({ kind: 'System', message: 'broken' });
  expect(errors).toHaveLength(1);
});

test('a body of the wrong shape is refused with the field that is wrong', async () => {
  await expect(client.call('double', { n: 'x' } as never)).rejects.toMatchObject({ kind: 'InvalidParameter', message: expect.stringMatching(/^double: n: /) });
});

test('items of a stream arrive in order, before the call is done', async () => {
  const items: number[] = [];
  await client.call('count', { to: 1000 }, { onItem: item => items.push(item) });
  expect(items).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
});

test('whoever leaves aborts what it asked for', async () => {
  const leaver = new RpcClient(path, verbs);
  const hanging = leaver.call('hang', {});
  await leaver.call('double', { n: 1 });
  leaver.close();
  await expect(hanging).rejects.toMatchObject({ kind: 'Unavailable' });
  await wasAbandoned;
});

test.each([['no JSON', 'nonsense\n'], ['a verb that is none', '{"id":1,"verb":"constructor","body":{}}\n']])('%s is answered with an error', async (_, line) => {
  const socket = createConnection(path);
  const answer = new Promise<string>(resolve => socket.once('data', data => resolve(data.toString())));
  socket.write(line);
  expect(JSON.parse(await answer)).toMatchObject({ error: { message: expect.any(String) } });
  socket.destroy();
});

test('a server that is not there is said to be so, and is found when it is', async () => {
  const early = new RpcClient(join(dir, 'later'), verbs);
  await expect(early.call('double', { n: 1 })).rejects.toMatchObject({ kind: 'Unavailable', message: expect.stringContaining('cannot reach') });
  const late = serveRpc(verbs, { double: async () => ({ n: 5 }), fail: async () => ({}), count: async () => ({}), hang: async () => ({}) });
  await new Promise<void>(resolve => late.listen(join(dir, 'later'), resolve));
  expect(await early.call('double', { n: 1 })).toEqual({ n: 5 });
  early.close();
  late.close();
});
