// Builds the native program and the seccomp filters into dist/, when their sources have changed. Run by set-up, with any Node.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, '../../dist');
const WARNINGS = ['-Wall', '-Wextra', '-Wshadow', '-Wformat=2', '-Wconversion', '-Wno-sign-conversion', '-Wstrict-prototypes', '-Werror'];
const HARDENING = ['-D_FORTIFY_SOURCE=2', '-fstack-protector-strong'];
const sources = readdirSync(here).filter(f => f.endsWith('.c')).sort();
const inputs = [...sources, 'native.h', 'filter/filter.c', 'build.mjs'];

export function buildNative() {
  const hash = createHash('sha256');
  for (const file of inputs) hash.update(file).update(readFileSync(join(here, file)));
  const want = hash.digest('hex');
  const stamp = join(out, 'native.stamp');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want && existsSync(join(out, 'slipway-native'))) return false;
  mkdirSync(out, { recursive: true });
  const compile = (target, files, flags) => execFileSync('gcc', ['-std=gnu17', '-O2', ...WARNINGS, ...HARDENING, ...files.map(f => join(here, f)), '-o', `${target}.new`, ...flags], { stdio: 'inherit' });
  compile(join(out, 'slipway-native'), sources, ['-static']);
  renameSync(join(out, 'slipway-native.new'), join(out, 'slipway-native'));
  const filter = join(out, 'seccomp-filter');
  compile(filter, ['filter/filter.c'], ['-lseccomp']);
  renameSync(`${filter}.new`, filter);
  for (const profile of ['full', 'strict']) writeFileSync(join(out, `${profile}.bpf`), execFileSync(filter, [profile]));
  writeFileSync(stamp, want);
  return true;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(buildNative() ? 'native program built' : 'native program is up to date');
