import { expect, test } from 'vitest';
import { parsePlatform, THIS_ARCHITECTURE } from './platform.ts';

test.each([
  ['', null], ['linux/arm64', { os: 'linux', architecture: 'arm64' }], ['linux/arm/v7', { os: 'linux', architecture: 'arm' }], ['x86_64', { os: 'linux', architecture: 'amd64' }],
  ['linux', { os: 'linux', architecture: THIS_ARCHITECTURE }], ['windows/amd64', { os: 'windows', architecture: 'amd64' }],
])('%j means %j', (text, platform) => expect(parsePlatform(text)).toEqual(platform));

test('what is none is refused in the words of containerd', () => {
  expect(() => parsePlatform('bogus/arm64/x/y')).toThrow('"bogus/arm64/x/y": cannot parse platform specifier: invalid argument');
  expect(() => parsePlatform('bogus')).toThrow('"bogus": unknown operating system or architecture: invalid argument');
});
