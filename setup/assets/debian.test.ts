import { expect, test } from 'vitest';
import { chooseMirror, parseDeb822, parseOneLine, sourceLines } from './debian.ts';

test('a deb822 file gives its mirror and the security archive, comments and disabled paragraphs aside', () => {
  const entries = parseDeb822([
    'Types: deb deb-src', '# a remark in between', 'URIs: http://mirror.test/debian/', 'Suites: bookworm', ' bookworm-updates', 'Components: main', '',
    'Types: deb', 'URIs: http://mirror.test/debian-security', 'Suites: bookworm-security', 'Components: main', '',
    'Enabled: no', 'Types: deb', 'URIs: http://off.test/debian', 'Suites: sid', '', 'Types: deb-src', 'URIs: http://source.test/debian', 'Suites: sid',
  ].join('\n'));
  expect(entries.map(entry => entry.suites)).toEqual([['bookworm', 'bookworm-updates'], ['bookworm-security']]);
  expect(chooseMirror(entries)).toEqual({ main: 'http://mirror.test/debian', security: 'http://mirror.test/debian-security' });
});

test('a one-line file gives the same', () => {
  const entries = parseOneLine(['# deb http://old.test/debian stretch main', 'deb [arch=amd64 signed-by=/x.gpg] http://mirror.test/debian trixie main contrib', 'deb-src http://mirror.test/debian trixie main', 'deb http://sec.test/ trixie-security main'].join('\n'));
  expect(chooseMirror(entries)).toEqual({ main: 'http://mirror.test/debian', security: 'http://sec.test' });
});

test('other repositories, and Ubuntu\'s, are no Debian mirror', () => {
  expect(chooseMirror(parseOneLine('deb http://archive.test/ubuntu noble main\ndeb https://apt.test/node stable main'))).toBeUndefined();
  expect(sourceLines(undefined, 'trixie')).toEqual([]);
});

test('released suites have updates and, where known, security; unstable has neither', () => {
  const mirror = { main: 'http://mirror.test/debian', security: 'http://sec.test' };
  expect(sourceLines(mirror, 'trixie').map(line => line.split(' ').slice(2).join(' '))).toEqual(['http://mirror.test/debian trixie main', 'http://mirror.test/debian trixie-updates main', 'http://sec.test trixie-security main']);
  expect(sourceLines(mirror, 'sid')).toHaveLength(1);
});
