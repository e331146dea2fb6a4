import { describe, expect, test } from 'vitest';
import { canonicalName, familiarName, familiarString, parseReference, withDefaultTag, withTag } from './reference.ts';

const hex = 'a'.repeat(64);

describe('a name is normalised as Docker does', () => {
  test.each([
    // what was written, the full name, how people write it
    ['nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['nginx:1.22', 'docker.io/library/nginx:1.22', 'nginx:1.22'],
    ['library/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['docker.io/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['docker.io/library/nginx:x', 'docker.io/library/nginx:x', 'nginx:x'],
    ['index.docker.io/nginx', 'docker.io/library/nginx:latest', 'nginx:latest'],
    ['user/app', 'docker.io/user/app:latest', 'user/app:latest'],
    ['library/a/b', 'docker.io/library/a/b:latest', 'library/a/b:latest'],
    ['foo.bar', 'docker.io/library/foo.bar:latest', 'foo.bar:latest'],
    ['foo.com/bar', 'foo.com/bar:latest', 'foo.com/bar:latest'],
    ['FOO/bar', 'FOO/bar:latest', 'FOO/bar:latest'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['localhost:5000/x/y:t', 'localhost:5000/x/y:t', 'localhost:5000/x/y:t'],
    ['169.254.169.254/x', '169.254.169.254/x:latest', '169.254.169.254/x:latest'],
    ['[::1]:80/x', '[::1]:80/x:latest', '[::1]:80/x:latest'],
    ['a__b', 'docker.io/library/a__b:latest', 'a__b:latest'],
    ['a--b', 'docker.io/library/a--b:latest', 'a--b:latest'],
    ['ubuntu:Tag', 'docker.io/library/ubuntu:Tag', 'ubuntu:Tag'],
    [`foo@sha256:${hex}`, `docker.io/library/foo@sha256:${hex}`, `foo@sha256:${hex}`],
    [`foo:x@sha256:${hex}`, `docker.io/library/foo@sha256:${hex}`, `foo:x@sha256:${hex}`],
    ['sha256:deadbeef', 'docker.io/library/sha256:deadbeef', 'sha256:deadbeef'],
  ])('%s is %s', (text, full, familiar) => {
    const reference = parseReference(text);
    expect(canonicalName(reference)).toBe(full);
    expect(familiarString(withDefaultTag(reference))).toBe(familiar);
  });
});

describe('what is no name is refused in Docker\'s words', () => {
  const format = 'invalid reference format';
  test.each([
    ['', format], ['foo:', format], [':x', format], ['a b', format], ['-x', format], ['foo ', format], ['foo..bar', format], ['a___b', format], ['a-_b', format],
    ['a/', format], ['/a', format], ['-/b', format], ['a/-', format], ['http://x/y', format], ['foo:BAR/x', format], ['foo@sha256:123', format],
    [`foo:${'a'.repeat(129)}`, format], ['foo\n', format], ['../etc', format], ['foo/../../etc', format],
    ['Foo', `${format}: repository name (library/Foo) must be lowercase`],
    ['x/FOO', `${format}: repository name (x/FOO) must be lowercase`],
    [hex, `invalid repository name (${hex}), cannot specify 64-byte hexadecimal strings`],
    [`${'ab/'.repeat(90)}x`, 'repository name must not be more than 255 characters'],
    [`foo@sha256:${'a'.repeat(32)}`, 'invalid checksum digest length'],
    [`foo@md5:${'a'.repeat(32)}`, 'unsupported digest algorithm'],
  ])('%j', (text, message) => {
    expect(() => parseReference(text)).toThrow(expect.objectContaining({ kind: 'InvalidParameter', message }));
  });
});

test('the tag parameter may be a tag or a digest', () => {
  expect(familiarString(withTag(parseReference('nginx'), '1.22'))).toBe('nginx:1.22');
  expect(familiarString(withTag(parseReference('nginx:old'), `sha256:${hex}`))).toBe(`nginx@sha256:${hex}`);
  for (const bad of ['a:b', 'x/y', '', '-x']) expect(() => withTag(parseReference('nginx'), bad)).toThrow('invalid tag format');
});

test('the familiar name of a repository leaves out only what Docker adds', () => {
  expect(familiarName(parseReference('docker.io/library/nginx:1'))).toBe('nginx');
  expect(familiarName(parseReference('docker.io/user/app'))).toBe('user/app');
  expect(familiarName(parseReference('localhost:5000/library/app'))).toBe('localhost:5000/library/app');
});
