// hashpipe as set-up compiles it, with the processor's instructions and without.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const compiler = spawnSync('gcc', ['--version']).status === 0;
if (!compiler) console.warn('There is no gcc: hashpipe is NOT tested.');
const home = mkdtempSync(join(tmpdir(), 'slipway-hashpipe-'));
afterAll(() => rmSync(home, { recursive: true }));

describe.skipIf(!compiler).each([['by the processor', []], ['without its help', ['-DSHA256_PLAIN']]])('a digest %s', (_name, flags) => {
  const program = join(home, `hashpipe${flags.length}`);
  if (compiler) execFileSync('gcc', ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', ...flags, join(import.meta.dirname, 'hashpipe.c'), join(import.meta.dirname, 'sha256.c'), '-o', program]);
  const [from, to, sum, kept] = ['from', 'to', 'sum', 'kept'].map(name => join(home, name)) as [string, string, string, string];

  test.each([0, 1, 55, 56, 63, 64, 65, 119, 120, 128, 262_144, 1_000_003])('of %i bytes is right, and they pass as they are, from pipe to pipe and from file to file', size => {
    const bytes = randomBytes(size);
    writeFileSync(from, bytes);
    for (const line of ['cat "$1" | "$0" "$3" "$4" | cat > "$2"', '"$0" "$3" "$4" < "$1" > "$2"']) {
      execFileSync('sh', ['-c', line, program, from, to, sum, kept]);
      expect(readFileSync(sum, 'utf8')).toBe(`${createHash('sha256').update(bytes).digest('hex')}\n`);
      expect(readFileSync(to).equals(bytes) && readFileSync(kept).equals(bytes)).toBe(true);
    }
  });

  test('is none when a file cannot be made, and it ends with who reads', () => {
    expect(spawnSync(program, [join(home, 'no/where'), ''], { input: 'x' })).toMatchObject({ status: 1, stderr: Buffer.from(`${join(home, 'no/where')}: No such file or directory\n`) });
    expect(spawnSync('sh', ['-c', '"$0" "" "" < /dev/zero | head -c 5 | wc -c', program], { timeout: 10_000, encoding: 'utf8' }).stdout.trim()).toBe('5');
  });
});
