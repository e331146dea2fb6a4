// Dockerfiles built as dockerd 26.1.5 builds them, with BuildKit and with the classic builder: what is said, the image's configuration, its history.
// What dockerd answered is recorded beside each Dockerfile. With SLIPWAY_TEST_ORACLE (a dockerd's socket, as unix:///…, with busybox) it is asked
// again; with SLIPWAY_RECORD=1 as well, its answers are written down.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectAsDockerd } from './as-dockerd.ts';
import { BUILDX, CLIENTS, createTestLab, type TestLab } from './lab.ts';

const dir = join(import.meta.dirname, 'dockerfiles');
const oracle = process.env.SLIPWAY_TEST_ORACLE;
const records = process.env.SLIPWAY_RECORD === '1' && oracle !== undefined;
if (!oracle) console.warn('SLIPWAY_TEST_ORACLE is not set: dockerd itself is NOT asked again, labs are held against what it answered when it was recorded.');

/** What every context has besides its Dockerfile. */
const FILES = { '.hidden': 'h\n', 'a.txt': 'a\n', 'b.txt': 'b\n', 'd/x': 'x\n', 'd/sub/y': 'y\n' };
const home = mkdtempSync(join(tmpdir(), 'slipway-dockerfiles-'));
const context = (name: string) => join(home, name);
let lab: TestLab;
beforeAll(async () => {
  mkdirSync(join(home, 'cli-plugins'));
  symlinkSync(BUILDX, join(home, 'cli-plugins', 'docker-buildx'));
  for (const name of readdirSync(dir)) {
    for (const [path, text] of Object.entries({ ...FILES, Dockerfile: readFileSync(join(dir, name, 'Dockerfile'), 'utf8') })) {
      mkdirSync(join(context(name), path, '..'), { recursive: true });
      writeFileSync(join(context(name), path), text);
    }
    symlinkSync('a.txt', join(context(name), 'link'));
  }
  lab = await createTestLab('dockerfiles', { pull: ['busybox'] });
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await lab?.dispose();
});

describe.each(readdirSync(dir))('%s', name => {
  test.each(['buildkit', 'classic'] as const)('%s', async builder => {
    const file = join(dir, name, `${builder}.txt`);
    const asked = oracle ? await answerOf(oracle, name, builder) : undefined;
    if (records) writeFileSync(file, asked!);
    expect(existsSync(file), 'dockerd was asked once').toBe(true);
    expectAsDockerd(await answerOf(`unix://${lab.socket}`, name, builder), readFileSync(file, 'utf8'), asked);
  });
});

async function answerOf(dockerHost: string, name: string, builder: 'buildkit' | 'classic'): Promise<string> {
  const docker = (...args: string[]) => run(dockerHost, builder, args);
  const tag = `golden-${name}`;
  const { output, code } = await docker('build', '--no-cache', ...(builder === 'buildkit' ? ['--progress=plain'] : []), '-t', tag, context(name));
  const said = `${(builder === 'buildkit' ? steps : lines)(output)}\n[exit ${code}]\n`;
  if (code !== 0) return said;
  const inspected = JSON.parse((await docker('image', 'inspect', tag)).output) as { Config: { Labels: Record<string, string> | null }; Author: string; Comment: string; RootFS: { Layers: string[] } }[];
  const { Config, Author, Comment, RootFS } = inspected[0]!;
  const labels = Object.entries(Config.Labels ?? {}).filter(([label]) => !/^(org\.opencontainers|slipway)\./.test(label)).sort(([a], [b]) => (a < b ? -1 : 1)); // of the library's busybox
  const below = /^FROM scratch/m.test(readFileSync(join(dir, name, 'Dockerfile'), 'utf8')) ? 0 : (await docker('history', '-q', 'busybox')).output.trim().split('\n').length;
  const history = (await docker('history', '--no-trunc', '--format', '{{json .CreatedBy}} {{.Size}} {{.Comment}}', tag)).output.trim().split('\n');
  await docker('rmi', '-f', tag);
  return [said, JSON.stringify({ ...Config, Image: '', Labels: labels, Author, Comment, layers: RootFS.Layers.length - (below ? 1 : 0) }, null, 1), ...history.slice(0, history.length - below).map(plain), ''].join('\n');
}

function run(dockerHost: string, builder: 'buildkit' | 'classic', args: readonly string[]): Promise<{ output: string; code: number }> {
  return new Promise((resolve, reject) => {
    const env = { PATH: '/usr/bin:/bin', HOME: home, DOCKER_HOST: dockerHost, DOCKER_CONFIG: home, DOCKER_CLI_HINTS: 'false', ...(builder === 'classic' ? { DOCKER_BUILDKIT: '0' } : {}) };
    const child = spawn(CLIENTS[26], [...args], { env: env as unknown as NodeJS.ProcessEnv, stdio: ['ignore', 'pipe', 'pipe'], timeout: 50_000 });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    child.once('error', reject);
    child.once('close', code => resolve({ output, code: code ?? -1 }));
  });
}

const plain = (text: string) => text.replace(/\b[0-9a-f]{64}\b/g, 'ID').replace(/\b[0-9a-f]{12}\b/g, 'SHORTID').replace(/ref \S+: /g, 'ref REF: ').replace(/(of|from) \[.*\]: /g, '$1 […]: ');
const lines = (text: string) => plain(text).replace(/Sending build context to Docker daemon.*?[kM]?B\r?\n?/g, '').replace(/DEPRECATED:[\s\S]*?\n\n/, '').replace(/\r/g, '').trim();

/** BuildKit's steps run beside each other: each by itself, in the order of their names, without numbers and times. */
function steps(text: string): string {
  const found = new Map<string, string[]>();
  const rest: string[] = [];
  for (const line of plain(text).split('\n')) {
    const [, number, words] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (number === undefined) rest.push(line.replace(/^\d+\.\d+ /, 'TIME '));
    else if (number !== '0' && words !== '...') found.set(number, [...found.get(number) ?? [], words!.replace(/^\d+\.\d+ /, 'TIME ').replace(/( \d+\.\d+s)? done$/, ' done').replace(/^(DONE|CACHED).*$/, 'DONE').replace(/[\d.]+k?B done$/, 'BYTES done')]);
  }
  const told = [...found.values()].map(words => [...new Set(words)].filter(word => !/^(transferring|exporting layers|writing image)( (context|dockerfile):)?( ID)?( [\d.]+k?B)?( [\d.]+s)?$/.test(word) && !/^(transferring (context|dockerfile):|writing image \S+|naming to \S+)$/.test(word)).join('\n   ')).sort();
  return [...told, ...rest].join('\n').replace(/\n{2,}/g, '\n').trim();
}
