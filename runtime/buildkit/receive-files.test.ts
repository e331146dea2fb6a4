// A client that does not keep to the protocol, or lies, is cut off; what it sends is bounded.
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import type { Conversation } from './grpc-client.ts';
import { PacketSchema } from './messages_pb.js';
import { FileReceiver } from './receive-files.ts';

type Sent = Parameters<typeof create<typeof PacketSchema>>[1];
const MODE = { file: 0o644, directory: 0x80000000 + 0o755, symlink: 0x08000000 + 0o777, device: 0x04000000 + 0o600, setuid: 0x00800000 + 0o755 };

/** Says `first`, and answers each request of ours with what `answer` gives. */
function client(first: readonly Sent[], answer: (request: { type: number; id: number }) => readonly Sent[] = () => []) {
  const queue: Sent[] = [...first];
  let wake = () => {};
  const said: { type: number; id: number }[] = [];
  const conversation: Conversation = {
    async send(message) {
      const { type, id } = fromBinary(PacketSchema, message);
      said.push({ type, id });
      queue.push(...answer({ type, id }));
      wake();
    },
    end: () => {}, cancel: () => {},
    messages: (async function* messages() {
      for (let at = 0;;) {
        const next = queue[at];
        if (next === undefined) {
          if (said.some(s => s.type === 3)) return;
          await new Promise<void>(resolve => { wake = resolve; });
        } else {
          at++;
          yield Buffer.from(toBinary(PacketSchema, create(PacketSchema, next)));
        }
      }
    })(),
  };
  return { receiver: new FileReceiver(conversation), said };
}
const stat = (path: string, more: object = {}): Sent => ({ type: 0, stat: { path, mode: MODE.file, size: 0n, ...more } });
const END: Sent = { type: 0 };
const contents = (files: Record<number, string[]>) => ({ type, id }: { type: number; id: number }): Sent[] => (type === 3 ? [{ type: 3 }] : type === 1 ? [...(files[id] ?? []).map(text => ({ type: 2, id, data: Buffer.from(text) })), { type: 2, id }] : []);
async function readAll(receiver: FileReceiver, wanted: readonly number[]) {
  const read: Record<number, string> = {};
  for await (const { index, data } of receiver.contents(wanted)) {
    read[index] = '';
    for await (const chunk of data) read[index] += chunk.toString();
  }
  return read;
}

test('names first, then the contents that are asked for, then the end', async () => {
  const { receiver, said } = client([stat('d', { mode: MODE.directory }), stat('d/a', { size: 3n, mode: MODE.setuid }), stat('d/l', { mode: MODE.symlink, linkname: 'a' }), stat('d/h', { linkname: 'd/a' }), stat('dev', { mode: MODE.device }), stat('big', { size: 200_000n }), END],
    contents({ 1: ['a', 'bc'], 5: ['x'.repeat(100_000), 'y'.repeat(100_000)] }));
  const entries = await receiver.list();
  expect(entries.map(({ path, kind, mode }) => [path, kind, mode.toString(8)])).toEqual([['d', 'directory', '755'], ['d/a', 'file', '4755'], ['d/l', 'symlink', '777'], ['d/h', 'hardlink', '644'], ['dev', 'other', '600'], ['big', 'file', '644']]);
  const read = await readAll(receiver, [1, 5]);
  expect([read[1], read[5]!.length]).toEqual(['abc', 200_000]);
  await receiver.finish();
  expect(said).toEqual([{ type: 1, id: 1 }, { type: 1, id: 5 }, { type: 3, id: 0 }]);
});

test.each(['/etc/passwd', '../x', 'a/../../x', 'a//b', './a', '', 'a/', 'x\0y'])('the path %j is refused', async path => {
  await expect(client([stat(path), END]).receiver.list()).rejects.toThrow('invalid path in the build context');
});

test.each<[string, readonly Sent[], string]>([
  ['a size that is none', [stat('a', { size: -1n })], 'invalid size'], ['data before it was asked for', [{ type: 2, id: 0, data: Buffer.from('x') }], 'unexpected packet 2'], ['an error of its own', [{ type: 4, data: Buffer.from('no such directory') }], 'error from sender: no such directory'],
])('%s is refused', async (_, packets, words) => expect(client(packets).receiver.list()).rejects.toThrow(words));

test.each<[string, bigint, string[]]>([['more', 3n, ['x'.repeat(200_000)]], ['more of a large one', 100_000n, ['x'.repeat(100_001)]], ['less of a large one', 100_000n, ['x']]])('a file that has %s than was said is refused', async (_, size, data) => {
  const { receiver } = client([stat('a', { size }), END], contents({ 0: data }));
  await receiver.list();
  await expect(readAll(receiver, [0])).rejects.toThrow('a changed while it was sent');
});

test('a path longer than any is refused', async () => { await expect(client([stat('x'.repeat(5000)), END]).receiver.list()).rejects.toThrow('invalid path'); });

test('more names than a build needs are refused before they take all memory', async () => {
  const many = Array.from({ length: 100_001 }, (_, n) => stat(`f${n}`));
  await expect(client([...many, END]).receiver.list()).rejects.toThrow('more than 100000 files');
});
