import { expect, test } from 'vitest';
import { chainIds, digestOfBytes, digestSchema, isDigest, type DiffId } from './digest.ts';

const diffId = (letter: string) => `sha256:${letter.repeat(64)}` as DiffId;

test('the chain id of the lowest layer is its diff id, and of any other the digest of the chain below and its own', () => {
  const [a, b, c] = [diffId('a'), diffId('b'), diffId('c')];
  const chain = chainIds([a, b, c]);
  expect(chain[0]).toBe(a);
  expect(chain[1]).toBe(digestOfBytes(`${a} ${b}`));
  expect(chain[2]).toBe(digestOfBytes(`${chain[1]} ${c}`));
  expect(chainIds([])).toEqual([]);
});

test('a digest is sha256 and 64 small hexadecimal digits, nothing else', () => {
  expect(digestOfBytes('')).toBe('sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  for (const bad of ['', 'abc', `sha512:${'a'.repeat(64)}`, `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`, `sha256:${'a'.repeat(64)}\n`, `sha256:../${'a'.repeat(61)}`]) {
    expect(isDigest(bad), bad).toBe(false);
    expect(digestSchema.safeParse(bad).success, bad).toBe(false);
  }
});
