import { describe, expect, test } from 'vitest';
import { isIgnored } from './ignore.ts';

describe('.dockerignore excludes', () => {
  test.each<[text: string, name: string, ignored: boolean]>([
    ['Dockerfile', 'Dockerfile', true], ['/Dockerfile', 'Dockerfile', true], ['*', 'Dockerfile', true], ['**', 'a/Dockerfile', true], ['**/Dockerfile', 'a/b/Dockerfile', true], ['**/Dockerfile', 'Dockerfile', true],
    ['# Dockerfile', 'Dockerfile', false], ['*\n!Dockerfile', 'Dockerfile', false], ['*\n!Docker*\nDockerfile', 'Dockerfile', true], ['Docker', 'Dockerfile', false], ['Docker.ile', 'Dockerfile', false], ['sub', 'sub/Dockerfile', true], ['*/x', 'a/b/x', false],
    ['', 'Dockerfile', false], ['Dockerfil?', 'Dockerfile', true], ['./Dockerfile/', 'Dockerfile', true],
  ])('%j: %s, %s', (text, name, ignored) => {
    expect(isIgnored(text, name)).toBe(ignored);
  });
});
