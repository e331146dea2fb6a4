import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { isAllowed, openUpstreams, originOf, parseSettings, readSettings } from './upstreams.ts';

const one = (more: object = {}, settings: object = {}) => JSON.stringify({ upstreams: [{ domain: 'docker.io', allow: ['library/python'], ...more }], ...settings });

test('settings are sizes, patterns and places; what is left out has a sensible value', () => {
  expect(parseSettings('{}')).toEqual({ upstreams: [], diskBytes: 20e9, labBytesPerHour: 4e9, tagSeconds: 300 });
  expect(parseSettings(one({}, { diskBytes: '1.5 GiB', labBytesPerHour: 1000 }))).toMatchObject({ diskBytes: 1.5 * 2 ** 30, labBytesPerHour: 1000 });
  expect(originOf(parseSettings(one()).upstreams[0]!)).toBe('https://registry-1.docker.io');
  expect(originOf(parseSettings(one({ domain: 'a.example:5000' })).upstreams[0]!)).toBe('https://a.example:5000');
  expect(originOf(parseSettings(one({ url: 'http://mirror.example:5000/' })).upstreams[0]!)).toBe('http://mirror.example:5000');
});

test.each([
  ['no JSON', 'it is not JSON'],
  [one({ domain: 'localhost:5000' }), 'upstreams.0.domain: in a lab that name means the lab itself'],
  [one({ domain: 'https://x' }), 'upstreams.0.domain: is no registry\'s name'],
  [one({ allow: [] }), 'upstreams.0.allow: name at least one repository'],
  [one({ allow: ['Library/X'] }), 'upstreams.0.allow.0: is no pattern of a repository\'s name'],
  [one({ username: 'me' }), 'upstreams.0: username and passwordFile belong together'],
  [one({ password: 'secret' }), 'upstreams.0: Unrecognized key: "password"'],
  [one({ ca: 'ca.pem' }), 'upstreams.0.ca: give the whole path'],
  [one({ url: 'ftp://x' }), 'upstreams.0.url: Invalid URL'],
  [one({}, { diskBytes: '20 gigabytes' }), 'diskBytes: "20 gigabytes" is no size'],
  [JSON.stringify({ upstreams: [{ domain: 'a.b', allow: ['x'] }, { domain: 'a.b', allow: ['y'] }] }), 'upstreams: a domain is there twice'],
])('%s is refused in words', (text, words) => {
  expect(() => parseSettings(text)).toThrow(words);
});

test.each([
  ['library/python', 'library/python', true], ['library/python', 'library/python2', false], ['library/*', 'library/node', true], ['library/*', 'library/a/b', false], ['**', 'a/b/c', true],
  ['school/**', 'school/a/b', true], ['school/**', 'schools/a', false], ['a.b/c', 'axb/c', false], ['*', 'library/node', false],
])('%s allows %s: %s', (pattern, repository, allowed) => {
  expect(isAllowed(parseSettings(one({ allow: [pattern] })).upstreams[0]!, repository)).toBe(allowed);
});

test('a changed file holds at once; one that cannot be understood changes nothing and is told of', () => {
  const place = mkdtempSync(join(tmpdir(), 'slipway-upstreams-'));
  try {
    const file = join(place, 'upstreams.json');
    const errors: unknown[] = [];
    const upstreams = openUpstreams(file, error => errors.push(error));
    expect(upstreams.of('docker.io')).toBeUndefined();
    writeFileSync(file, one());
    expect(upstreams.of('docker.io')).toMatchObject({ allow: ['library/python'] });
    writeFileSync(file, '{');
    expect(upstreams.of('docker.io')).toBeDefined();
    expect(upstreams.of('docker.io')).toBeDefined();
    expect(errors).toEqual([expect.objectContaining({ message: expect.stringContaining(`${file}: it is not JSON`) })]);
    rmSync(file);
    expect(upstreams.of('docker.io')).toBeUndefined();
    writeFileSync(file, '{"upstreams":1}');
    expect(openUpstreams(file, error => errors.push(error)).settings().upstreams).toEqual([]);
    expect(errors.at(-1)).toMatchObject({ message: expect.stringContaining('upstreams.json: upstreams: ') });
    expect(() => readSettings(file)).toThrow('upstreams.json: upstreams: ');
  } finally {
    rmSync(place, { recursive: true });
  }
});
