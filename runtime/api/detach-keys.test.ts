import { expect, test } from 'vitest';
import { DEFAULT_DETACH_KEYS, DetachScanner, parseDetachKeys } from './detach-keys.ts';

test.each([
  ['', [16, 17]],
  ['ctrl-a', [1]],
  ['ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_', [0, 27, 28, 29, 30, 31]],
  ['a,b,DEL', [97, 98, 127]],
])('the notation %j means the bytes %j', (text, bytes) => {
  expect([...parseDetachKeys(text, 'detach')]).toEqual(bytes);
});

test('a notation that is none is refused in the words of attach and of exec', () => {
  expect(() => parseDetachKeys('abc', 'detach')).toThrow('Invalid detach keys (abc) provided');
  expect(() => parseDetachKeys('ctrl-1', 'escape')).toThrow('Invalid escape keys (ctrl-1) provided');
});

const feedAll = (scanner: DetachScanner, ...parts: string[]) => {
  let passed = '';
  for (const part of parts) {
    const { data, detached } = scanner.feed(Buffer.from(part, 'latin1'));
    passed += data.toString('latin1');
    if (detached) return { passed, detached };
  }
  return { passed, detached: false };
};

test('the sequence is found across reads, and is not passed on', () => {
  expect(feedAll(new DetachScanner(DEFAULT_DETACH_KEYS), 'ab\x10', '\x11rest')).toEqual({ passed: 'ab', detached: true });
});

test('keys of a sequence that is not completed are passed on in order', () => {
  expect(feedAll(new DetachScanner(DEFAULT_DETACH_KEYS), '\x10', 'x', '\x10\x10', 'y')).toEqual({ passed: '\x10x\x10\x10y', detached: false });
});

test('a repeated first key may still begin the sequence', () => {
  expect(feedAll(new DetachScanner(DEFAULT_DETACH_KEYS), '\x10\x10\x11')).toEqual({ passed: '\x10', detached: true });
});
