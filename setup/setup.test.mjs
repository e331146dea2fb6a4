import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { networkChecks } from './doctor/network.mjs';
import { compareLocks } from './node-modules.mjs';
import { root } from './shell.mjs';
import { hashOf } from './stamp.mjs';

const start = (argv, options = {}) => spawnSync(process.execPath, argv, { encoding: 'utf8', cwd: root, ...options });

test('an unknown command of set-up says what there is and exits with 2', () => {
  const { status, stderr } = start(['setup/run.mjs', 'fly']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^usage: .*start/);
});

test('an unknown command of slipway exits with 2', () => {
  const { status, stderr } = start(['bin/slipway', 'fly']);
  expect(status).toBe(2);
  expect(stderr).toContain('there is no command "fly"');
});

test('without root, set-up says in one sentence what it needs, unless there is sudo', () => {
  const { status, stdout } = start(['--input-type=module', '-e', `
    process.getuid = () => 1000;
    const { privilegeProblem } = await import(${JSON.stringify(join(root, 'setup', 'machine.mjs'))});
    const { have } = await import(${JSON.stringify(join(root, 'setup', 'shell.mjs'))});
    console.log(JSON.stringify({ sudo: have('sudo'), problem: privilegeProblem({ ask: false }) ?? null }));
  `]);
  expect(status).toBe(0);
  const { sudo, problem } = JSON.parse(stdout);
  if (sudo) expect(problem).toBeNull();
  else expect(problem).toMatch(/^Slipway sets up labs as root: run npm start as root, or install sudo\.$/);
});

test('the doctor says how ports of labs are opened in browsers', async () => {
  const { look } = networkChecks.find(check => check.id === 'previews');
  const names = ['SLIPWAY_PREVIEW', 'SLIPWAY_PREVIEW_DOMAIN', 'SLIPWAY_URL', 'SLIPWAY_LISTEN'];
  const before = names.map(name => process.env[name]);
  const says = async (...values) => {
    names.forEach((name, at) => { if (values[at]) process.env[name] = values[at]; else delete process.env[name]; });
    const { state, found } = await look();
    return `${state}: ${found}`;
  };
  try {
    expect(await says()).toBe('fine: each on an origin of its own, *.localhost');
    expect(await says('', '', '', '0.0.0.0')).toMatch(/^degraded: on the site's own origin, in a sandbox/);
    expect(await says('path')).toMatch(/^degraded: on the site's own origin, in a sandbox/);
    expect(await says('off')).toMatch(/^fine: not opened/);
    expect(await says('domain', '', 'https://labs.example')).toMatch(/^degraded: only where the site is opened as localhost/);
    expect(await says('', 'localhost', 'https://labs.example')).toBe('fine: each on an origin of its own below localhost');
  } finally {
    names.forEach((name, at) => { if (before[at] === undefined) delete process.env[name]; else process.env[name] = before[at]; });
  }
});

test('the doctor answers in JSON, each finding with a state, and a remedy where something is missing', () => {
  const { stdout } = start(['bin/slipway', 'doctor', '--json']);
  const { ok, findings } = JSON.parse(stdout);
  expect(typeof ok).toBe('boolean');
  expect(findings.map(finding => finding.id)).toEqual(expect.arrayContaining(['userns', 'overlay-userns', 'idmap', 'cgroup', 'loop-btrfs', 'nftables', 'seccomp', 'runtime']));
  for (const { state, found, todo, lost } of findings) {
    expect(['fine', 'degraded', 'missing', 'untried']).toContain(state);
    expect(found).not.toBe('');
    if (state === 'missing') expect(todo).toBeTruthy();
    if (state === 'degraded') expect(lost).toBeTruthy();
  }
});

let scratch;
beforeEach(() => {
  mkdirSync(join(root, 'dist'), { recursive: true });
  scratch = mkdtempSync(join(root, 'dist', 'test-'));
});
afterEach(() => rmSync(scratch, { recursive: true }));
const inScratch = name => join(scratch, name).slice(root.length + 1);

test('a hash of inputs changes with a content, a name, or a new file, and with nothing else', () => {
  writeFileSync(join(scratch, 'a'), 'one');
  const before = hashOf([inScratch('.')]);
  writeFileSync(join(scratch, 'a'), 'one');
  expect(hashOf([inScratch('.')])).toBe(before);
  writeFileSync(join(scratch, 'b.test.ts'), 'two');
  expect(hashOf([inScratch('.')])).not.toBe(before);
  expect(hashOf([inScratch('.')], { skip: path => path.endsWith('.test.ts') })).toBe(before);
  writeFileSync(join(scratch, 'a'), 'two');
  expect(hashOf([inScratch('.')], { skip: path => path.endsWith('.test.ts') })).not.toBe(before);
  expect(hashOf([inScratch('absent')])).toBe(hashOf([]));
});

const lock = { '': {}, 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/b-darwin': { version: '1.0.0', integrity: 'y', optional: true } };
test.each([
  ['the same', { 'node_modules/a': { version: '1.0.0', integrity: 'x' } }, true],
  ['another version', { 'node_modules/a': { version: '1.0.1', integrity: 'z' } }, false],
  ['one missing', {}, false],
  ['one too many', { 'node_modules/a': { version: '1.0.0', integrity: 'x' }, 'node_modules/c': { version: '1.0.0', integrity: 'q' } }, false],
])('npm ci is skipped only when what is installed is what the lock asks for: %s', (_name, installed, same) => {
  expect(compareLocks(lock, installed)).toBe(same);
});
