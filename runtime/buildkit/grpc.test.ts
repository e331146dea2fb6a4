// Both ends over a real connection, as a client of Go's would use it.
import { createServer, connect, type Server, type Socket } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { create, toBinary } from '@bufbuild/protobuf';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SlipwayError } from '../errors.ts';
import { frame, GrpcError, messages } from './grpc.ts';
import { GrpcClient } from './grpc-client.ts';
import { serveGrpc, streaming, unary, type Method } from './grpc-server.ts';
import { BytesSchema, EmptySchema, StatusRequestSchema, VertexSchema } from './messages_pb.js';

let server: Server;
let client: GrpcClient;
let faults: unknown[];
const dir = mkdtempSync(join(tmpdir(), 'slipway-grpc-'));
const never = new AbortController().signal;
const methods: Record<string, Method> = {
  '/t/Echo': unary(StatusRequestSchema, StatusRequestSchema, request => ({ ref: `${request.ref}!` })),
  '/t/Fail': unary(EmptySchema, EmptySchema, () => { throw new GrpcError(5, 'not här: 100%', [{ type: 'x+json', value: Buffer.from('{}') }]); }),
  '/t/Ours': unary(EmptySchema, EmptySchema, () => { throw new SlipwayError('NotFound', 'No such image: x'); }),
  '/t/Count': streaming(StatusRequestSchema, VertexSchema, async function* count(request) { for (let n = 0; n < Number(request.ref); n++) yield { name: String(n) }; }),
  '/t/Wait': streaming(EmptySchema, VertexSchema, async function* wait(_, call) {
    yield { name: 'begun' };
    await new Promise<void>(resolve => { call.signal.addEventListener('abort', () => resolve()); });
    faults.push('left');
  }),
};
beforeEach(async () => {
  faults = [];
  const path = join(dir, `${Math.random()}`);
  server = createServer((socket: Socket) => serveGrpc(socket, methods, error => faults.push(error)));
  await new Promise<void>(resolve => { server.listen(path, resolve); });
  client = new GrpcClient(connect(path));
});
afterEach(async () => {
  client.close();
  await new Promise(resolve => { server.close(resolve); });
  expect(faults.filter(fault => fault !== 'left')).toEqual([]);
});
process.on('exit', () => rmSync(dir, { recursive: true, force: true }));

const ask = (path: string, ref = '') => client.unary(path, StatusRequestSchema, StatusRequestSchema, { ref }, never);

test('a question and its answer', async () => expect((await ask('/t/Echo', 'hi')).ref).toBe('hi!'));
test('errors keep their code and words', async () => {
  await expect(ask('/t/Fail')).rejects.toMatchObject({ code: 5, message: 'not här: 100%' });
  await expect(ask('/t/Ours')).rejects.toMatchObject({ code: 2, message: 'No such image: x' });
  await expect(ask('/t/Nothing')).rejects.toMatchObject({ code: 12 });
});
test('a stream arrives whole and in order', async () => {
  const conversation = client.open('/t/Count', {}, never);
  await conversation.send(toBinary(StatusRequestSchema, create(StatusRequestSchema, { ref: '5000' })));
  conversation.end();
  let count = 0;
  for await (const message of conversation.messages) count += message.length > 0 ? 1 : 0;
  expect(count).toBe(5000);
});
test('a call that is cancelled is told so at the other end', async () => {
  const left = new AbortController();
  const conversation = client.open('/t/Wait', {}, left.signal);
  conversation.end();
  const reading = conversation.messages[Symbol.asyncIterator]();
  await reading.next();
  left.abort();
  await expect(reading.next()).rejects.toMatchObject({ code: 14 });
  await expect.poll(() => faults).toEqual(['left']);
});
test('messages are put together from whatever pieces they come in, and bounded', async () => {
  const bytes = Buffer.concat([frame(toBinary(BytesSchema, create(BytesSchema, { data: Buffer.from('abc') }))), frame(new Uint8Array())]);
  const taken: number[] = [];
  for await (const message of messages(Readable.from([...bytes].map(byte => Buffer.from([byte]))), 100)) taken.push(message.length);
  expect(taken).toEqual([5, 0]);
  const tooLong = Buffer.from([0, 0x7f, 0xff, 0xff, 0xff]);
  await expect((async () => { for await (const message of messages(Readable.from([tooLong]), 100)) taken.push(message.length); })()).rejects.toThrow('larger than 100');
});

test('of one host only so much is held that has not come whole, on whatever connections; what was held is free again at their end', async () => {
  const room = { held: 0 };
  const half = () => { const bytes = frame(Buffer.alloc(3 << 20)); return [bytes.subarray(0, 1 << 20), bytes.subarray(1 << 20, 2 << 20)]; };
  const waits = new AbortController();
  const open = Array.from({ length: 7 }, async () => {
    const stream = Readable.from((async function* slow() { yield* half(); await new Promise(resolve => { waits.signal.addEventListener('abort', resolve); }); })());
    for await (const _ of messages(stream, 4 << 20, room)) throw new Error('a half message came');
  });
  await new Promise(resolve => setImmediate(resolve));
  await expect.poll(() => room.held).toBe(14 << 20);
  await expect((async () => { for await (const _ of messages(Readable.from([...half(), ...half()]), 4 << 20, room)); })()).rejects.toThrow('too much');
  waits.abort();
  await Promise.all(open);
  expect(room.held).toBe(0);
  for await (const message of messages(Readable.from([...half(), frame(Buffer.alloc(3 << 20)).subarray(2 << 20)]), 4 << 20, room)) expect(message.length).toBe(3 << 20);
});
