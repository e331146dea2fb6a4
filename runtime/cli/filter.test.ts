import { expect, test } from 'vitest';
import { ClipboardFilter } from './filter.ts';

const through = (...chunks: string[]) => {
  const filter = new ClipboardFilter();
  return chunks.map(chunk => filter.pass(Buffer.from(chunk)).toString()).join('');
};

test.each([
  ['ended by BEL', 'a\x1b]52;c;aGVsbG8=\x07b'],
  ['ended by ST', 'a\x1b]52;c;aGVsbG8=\x1b\\b'],
  ['a question', 'a\x1b]52;c;?\x07b'],
  ['with zeros before the number', 'a\x1b]0052;c;eA==\x07b'],
  ['introduced by the one-character form', 'a\u009d52;c;eA==\x07b'],
  ['begun after an escape of its own', 'a\x1b]52;;\x1bX\x1b\\b'],
])('the clipboard sequence does not reach the operator: %s', (_name, text) => {
  expect(through(text)).toBe('ab');
  expect(through(...text)).toBe('ab'); // byte by byte as well
});

test.each([
  'plain text and \x1b[31mcolour\x1b[0m',
  '\x1b]0;a title\x07after',
  '\x1b]8;;https://example.org\x1b\\link\x1b]8;;\x1b\\',
  '\x1b]520;x\x07',
  '\x1b]5;x\x07',
  '\x1b\x1b]2;t\x07',
  'naïve ünïcode \u{1f433}',
])('everything else passes unchanged: %j', text => {
  expect(through(text)).toBe(text);
  expect(through(text.slice(0, 3), text.slice(3))).toBe(text);
});

test('an unended clipboard sequence swallows nothing after a cancel', () => {
  expect(through('a\x1b]52;c;', 'AAAA', '\x18b')).toBe('ab');
});
