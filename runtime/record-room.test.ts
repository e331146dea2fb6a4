import { expect, test } from 'vitest';
import { takeRoom } from './record-room.ts';

const room = { records: 3, bytes: 100, oneBytes: 60 };
const record = (length: number) => ({ text: 'x'.repeat(length - '{"text":""}'.length) });
const take = (others: readonly { text: string }[], added: { text: string }) => () => takeRoom(room, 'thing', new Map(others.map((one, at) => [String(at), one])), added, one => one);

test.each<[string, () => void, string | null]>([
  ['what has room is taken', take([record(50)], record(50)), null],
  ['a single one has its own limit', take([], record(61)), 'the thing is described by 61 bytes: a lab\'s may have 60'],
  ['all together have one, those that nobody has measured yet among them', take([record(50), record(30)], record(30)), 'this lab has 2 things already: remove some before making more'],
  ['there are only so many', take([record(20), record(20), record(20)], record(20)), 'this lab has 3 things already: remove some before making more'],
])('%s', (_, taking, refusal) => {
  if (refusal === null) expect(taking).not.toThrow();
  else expect(taking).toThrow(refusal);
});
