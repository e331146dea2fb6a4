// What dockerd 26.1.5 answered to command lines, recorded in recorded/*.txt, is what a lab answers: output, errors and exit codes, word for word.
// Each block is a shell script with `docker` in its PATH, its output, and a line of dashes. With SLIPWAY_TEST_ORACLE (a dockerd's socket, as unix:///…, with
// the images busybox and debian:bookworm) dockerd is asked again; with SLIPWAY_RECORD=1 as well, its answers are written down.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { expectAsDockerd } from './as-dockerd.ts';
import { BUILDX, CLIENTS, createTestLab, type TestLab } from './lab.ts';

const dir = join(import.meta.dirname, 'recorded');
const oracle = process.env.SLIPWAY_TEST_ORACLE;
const records = process.env.SLIPWAY_RECORD === '1' && oracle !== undefined;
if (!oracle) console.warn('SLIPWAY_TEST_ORACLE is not set: dockerd itself is NOT asked again, labs are held against what it answered when it was recorded.');

const home = mkdtempSync(join(tmpdir(), 'slipway-recorded-'));
symlinkSync(CLIENTS[26], join(home, 'docker'));
// `b` builds with BuildKit and shows what its steps have not said: errors, above all. `c` does so with the classic builder.
mkdirSync(join(home, 'buildx', 'cli-plugins'), { recursive: true });
symlinkSync(BUILDX, join(home, 'buildx', 'cli-plugins', 'docker-buildx'));
for (const [name, how] of [['b', "case \" $* \" in *' -q '*) ;; *) set -- --progress=plain \"$@\" ;; esac\nDOCKER_CONFIG=$HOME/buildx docker build --no-cache \"$@\" 2>&1 | sed '/^#/d; /^$/d'"], ['c', "DOCKER_BUILDKIT=0 docker build --no-cache \"$@\" 2>&1 | sed '/^DEPRECATED/,/^$/d; /^Sending/d; /^ --->/d; /^Step 1/d'"]] as const) {
  writeFileSync(join(home, name), `#!/bin/bash\n${how}\nexit \${PIPESTATUS[0]}\n`, { mode: 0o755 });
}
let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('recorded', { pull: ['busybox', 'debian:bookworm'] }); });
afterAll(async () => {
  rmSync(home, { recursive: true });
  await lab?.dispose();
});

interface Block { script: string; answer: string }
const BETWEEN = '\n----\n';
const blocksOf = (file: string): Block[] => readFileSync(join(dir, file), 'utf8').split(BETWEEN).map(text => text.trim()).filter(Boolean).map(text => {
  const [script = '', answer = ''] = text.split(/\n>\n?/);
  return { script: script.replace(/^\$ /, ''), answer };
});

describe.each(readdirSync(dir).filter(file => file.endsWith('.txt')))('%s', file => {
  const blocks = blocksOf(file);
  test.each(blocks)('$script', async block => {
    const asked = oracle ? await answerOf(oracle, block.script) : undefined;
    if (records) block.answer = asked!;
    expectAsDockerd(await answerOf(`unix://${lab.socket}`, block.script), block.answer, asked);
  });
  if (records) afterAll(() => writeFileSync(join(dir, file), blocks.map(b => `$ ${b.script}\n>\n${b.answer}`).join(BETWEEN) + '\n'));
});

/** Output and errors in the order they came, without what differs each time. */
function answerOf(dockerHost: string, script: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { PATH: `${home}:/usr/bin:/bin`, HOME: home, DOCKER_HOST: dockerHost, DOCKER_CONFIG: home, DOCKER_CLI_HINTS: 'false', LC_ALL: 'C.UTF-8' };
    const child = spawn('bash', ['-c', `exec 2>&1\n${script}`], { env: env as unknown as NodeJS.ProcessEnv, cwd: home, stdio: ['ignore', 'pipe', 'ignore'], timeout: 50_000 });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.once('error', reject);
    child.once('close', code => resolve(`${plain(output)}[exit ${code}]`));
  });
}

const plain = (text: string) => text.replaceAll('\r\n', '\n')
  .replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'SHORTID')
  .replace(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d| \+0000 UTC)/g, 'TIME')
  .replaceAll(home, 'HOME').replaceAll('/var/tmp/refdocker/data', '/var/lib/docker')
  .replace(/^\d+\.\d{2,3} /gm, 'TIME ').replace(/ref \S+: /g, 'ref REF: ').replace(/buildkit-mount\d+/g, 'buildkit-mountN').replace(/overlay2\/[a-z0-9]{25}/g, 'overlay2/ID')
  .replace(/[ \t]+$/gm, '');
