import { expect, test } from 'vitest';
import { ignorePatterns, parseRequest } from './request.ts';

test('attributes of docker build', () => {
  expect(parseRequest({ 'filename': 'D', 'target': 't', 'build-arg:A': '1', 'label:b': '2', 'no-cache': '', 'add-hosts': 'x=1.2.3.4,y=::1', 'force-network-mode': 'none', 'context:base': 'docker-image://busybox', 'ulimit': 'nofile=1:2', 'shm-size': '1024' })).toMatchObject({
    filename: 'D', target: 't', buildArgs: { A: '1' }, labels: { b: '2' }, noCache: true, network: 'none', namedContexts: new Map([['base', 'docker-image://busybox']]),
    hostOptions: { ExtraHosts: ['x:1.2.3.4', 'y:::1'], ShmSize: 1024, Ulimits: [{ Name: 'nofile', Soft: 1, Hard: 2 }] },
  });
  expect(parseRequest({})).toMatchObject({ filename: 'Dockerfile', noCache: false, pull: false, network: '' });
});
test.each<[Record<string, string>, string]>([
  [{ nonsense: '1' }, 'does not know the option nonsense'], [{ 'force-network-mode': 'x' }, 'unsupported network mode "x"'], [{ platform: 'linux/amd64,linux/arm64' }, 'multiple platforms'], [{ 'shm-size': '-1' }, 'invalid value "-1" for shm-size'], [{ ulimit: 'x' }, 'invalid ulimit: x'],
])('%j is refused: %s', (attrs, words) => expect(() => parseRequest(attrs)).toThrow(words));

test('.dockerignore: comments, blanks, slashes and exceptions', () => {
  expect(ignorePatterns('\uFEFF# comment\n\n /a/ \n!./b\r\nc/../d\n  \n*.log\n')).toEqual(['a', '!b', 'd', '*.log']);
});
