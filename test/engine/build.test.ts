// The classic builder, through the stock client. What is expected was said by dockerd for the same Dockerfiles, ids apart.
import { beforeAll, afterAll, describe, expect, test } from 'vitest';
import { tar, type Entry } from './archives.ts';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('build', { pull: ['busybox'] }); });
afterAll(() => lab.dispose());

/** What the builder says, without the client's own words on old builders. */
async function build(dockerfile: string, { args = [], files = [] }: { args?: string[]; files?: Entry[] } = {}) {
  const { stdout, stderr, code } = await lab.docker(['build', ...args, '-'], { stdin: await tar([{ name: 'Dockerfile', body: dockerfile }, ...files]) });
  const said = stderr.replace(/^DEPRECATED:[\s\S]*?\n\n/, '');
  return { said: stdout.replace(/^Sending build context[^\n]*\n/, '').replace(/\b[0-9a-f]{12}\b/g, 'ID'), error: said, code };
}
const lines = (...all: string[]) => `${all.join('\n')}\n`;
const FILES: Entry[] = [{ name: 'a.txt', body: 'a' }, { name: 'b.txt', body: 'b' }, { name: 'd', type: 'directory' }, { name: 'd/x', body: 'x' }];

test('steps, containers, images and names are told as dockerd tells them, and again from the cache', async () => {
  const dockerfile = 'ARG V=latest\nFROM busybox:$V\nENV A=1 B="two words"\nRUN echo hi > /f && echo out\nCOPY a.txt /w/\nWORKDIR /w\nCMD ["cat", "a.txt"]\n';
  const step = (number: number, text: string, ...said: string[]) => [`Step ${number}/7 : ${text}`, ...said];
  const ran = (...output: string[]) => [' ---> Running in ID', ...output, ' ---> Removed intermediate container ID', ' ---> ID'];
  const first = await build(dockerfile, { args: ['-t', 'one:1', '-t', 'one:2'], files: FILES });
  expect(first).toEqual({ code: 0, error: '', said: lines(
    ...step(1, 'ARG V=latest'), ...step(2, 'FROM busybox:$V', ' ---> ID'), ...step(3, 'ENV A=1 B="two words"', ...ran()), ...step(4, 'RUN echo hi > /f && echo out', ...ran('out')),
    ...step(5, 'COPY a.txt /w/', ' ---> ID'), ...step(6, 'WORKDIR /w', ...ran()), ...step(7, 'CMD ["cat", "a.txt"]', ...ran()), 'Successfully built ID', 'Successfully tagged one:1', 'Successfully tagged one:2',
  ) });
  expect(await lab.ok('run --rm one:2')).toBe('a');
  const cached = [' ---> Using cache', ' ---> ID'];
  const second = await build(dockerfile, { args: ['-t', 'one:1'], files: FILES });
  expect(second.said).toBe(lines(
    ...step(1, 'ARG V=latest'), ...step(2, 'FROM busybox:$V', ' ---> ID'), ...step(3, 'ENV A=1 B="two words"', ...cached), ...step(4, 'RUN echo hi > /f && echo out', ...cached),
    ...step(5, 'COPY a.txt /w/', ...cached), ...step(6, 'WORKDIR /w', ...cached), ...step(7, 'CMD ["cat", "a.txt"]', ...cached), 'Successfully built ID', 'Successfully tagged one:1',
  ));
  const changed = await build(dockerfile, { files: [{ name: 'a.txt', body: 'other' }] });
  expect(changed.said.match(/Using cache/g)).toHaveLength(2);
  expect((await build(dockerfile, { args: ['--no-cache'], files: FILES })).said).not.toContain('cache');
});

test('history names every step', async () => {
  const created = (await lab.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'one:1'])).split('\n');
  expect(created.slice(0, 5)).toEqual([
    '/bin/sh -c #(nop)  CMD ["cat" "a.txt"]', '/bin/sh -c #(nop) WORKDIR /w', expect.stringMatching(/^\/bin\/sh -c #\(nop\) COPY file:[0-9a-f]{64} in \/w\/ $/), '/bin/sh -c echo hi > /f && echo out', '/bin/sh -c #(nop)  ENV A=1 B=two words',
  ]);
});

test.each([
  ['FROM busybox\nRUN echo hi; exit 7\n', 'The command \'/bin/sh -c echo hi; exit 7\' returned a non-zero code: 7\n', 7],
  ['FROM busybox\nFOO x\n', 'Error response from daemon: dockerfile parse error on line 2: unknown instruction: FOO (did you mean FROM?)\n', 1],
  ['FROM busybox\nCOPY nope /x\n', 'COPY failed: file not found in build context or excluded by .dockerignore: stat nope: file does not exist\n', 1],
  ['RUN x\n', 'Error response from daemon: no build stage in current context\n', 1],
  ['', 'Error response from daemon: the Dockerfile (Dockerfile) cannot be empty\n', 1],
  ['FROM busybox\nENV\n', 'Error response from daemon: dockerfile parse error on line 2: ENV requires at least one argument\n', 1],
  ['FROM busybox\nCOPY a.txt b.txt /nodir\n', 'When using COPY with more than one source file, the destination must be a directory and end with a /\n', 1],
  ['FROM busybox\nRUN --mount=type=cache,target=/x true\n', 'the --mount option requires BuildKit. Refer to https://docs.docker.com/go/buildkit/ to learn how to build images with BuildKit enabled\n', 1],
])('%j fails as with dockerd', async (dockerfile, error, code) => {
  expect(await build(dockerfile, { files: FILES })).toMatchObject({ error, code });
});

describe('COPY and ADD', () => {
  test.each([
    ['COPY d /to', 'find /to | sort', '/to\n/to/x'],
    ['COPY *.txt /to/', 'cat /to/*', 'ab'],
    ['COPY a.txt new', 'cat /new', 'a'],
    ['COPY ["a.txt", "/with space/"]', 'cat "/with space/a.txt"', 'a'],
    ['COPY --chown=3:4 a.txt /own', 'stat -c %u:%g:%a /own', '3:4:644'],
    ['ADD t.tar /t/', 'cat /t/inside', 'in'],
    ['COPY t.tar /t/', 'ls /t', 't.tar'],
    ['ENV D=/else\nCOPY a.txt $D/${NO:-n}', 'cat /else/n', 'a'],
  ])('%s', async (instruction, look, seen) => {
    const files = [...FILES, { name: 't.tar', body: await tar([{ name: 'inside', body: 'in' }]) }];
    expect(await build(`FROM busybox\n${instruction}\n`, { args: ['-t', 'copied'], files })).toMatchObject({ code: 0, error: '' });
    expect(await lab.ok(['run', '--rm', 'copied', 'sh', '-c', look])).toBe(seen);
  });
  test('a link of the context leads no further than the context', async () => {
    expect(await build('FROM busybox\nCOPY link /x\n', { files: [{ name: 'link', type: 'symlink', linkname: '/etc/hostname' }] })).toMatchObject({ code: 1, error: expect.stringContaining('stat link: file does not exist') });
  });
});

test('stages: files of one in another, a stage as a base, a target', async () => {
  const dockerfile = 'FROM busybox AS tools\nRUN echo made > /made\nFROM tools AS more\nRUN echo more >> /made\nFROM scratch\nCOPY --from=more /made /only\nCOPY --from=0 /made /first\nCMD ["x"]\n';
  expect(await build(dockerfile, { args: ['-t', 'staged'] })).toMatchObject({ code: 0, error: '' });
  await lab.ok('create --name staged staged');
  expect((await lab.docker(['cp', 'staged:/only', '-'])).stdout).toContain('made\nmore\n');
  expect(await lab.ok(['image', 'inspect', '-f', '{{len .RootFS.Layers}}', 'staged'])).toBe('2');
  expect(await build(dockerfile, { args: ['-t', 'staged:more', '--target', 'more'] })).toMatchObject({ code: 0 });
  expect(await lab.ok('run --rm staged:more cat /made')).toBe('made\nmore');
  expect(await build(dockerfile, { args: ['--target', 'nope'] })).toMatchObject({ code: 1, error: 'Error response from daemon: target stage "nope" could not be found\n' });
});

test('build arguments, and a warning for those that nobody asked for', async () => {
  const { said } = await build('ARG B=busybox\nFROM $B\nARG Z=1\nRUN echo "[$Z$Y]"\n', { args: ['--build-arg', 'Z=3', '--build-arg', 'Y=9', '--label', 'q=1', '-t', 'argued'] });
  expect(said).toContain('\n[3]\n');
  expect(said).toContain('Step 5/5 : LABEL q=1\n');
  expect(said).toContain('[Warning] One or more build-args [Y] were not consumed\n');
  expect(await lab.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'argued'])).toContain('|1 Z=3 /bin/sh -c echo "[$Z$Y]"');
});

test('triggers run in the child, once', async () => {
  await build('FROM busybox\nONBUILD RUN echo trig > /t\n', { args: ['-t', 'mother'] });
  const { said } = await build('FROM mother\nRUN cat /t\n', { args: ['-t', 'child'] });
  expect(said).toBe(lines('Step 1/2 : FROM mother', '# Executing 1 build trigger', ' ---> Running in ID', ' ---> Removed intermediate container ID', ' ---> ID', 'Step 2/2 : RUN cat /t', ' ---> Running in ID', 'trig', ' ---> Removed intermediate container ID', ' ---> ID', 'Successfully built ID', 'Successfully tagged child:latest'));
  expect(await lab.ok(['image', 'inspect', '-f', '{{.Config.OnBuild}}', 'child'])).toBe('[]');
});

test('-q says the id alone; steps are images of their own, shown by -a and gone with the last name', async () => {
  const { stdout } = await lab.docker(['build', '-q', '-t', 'quiet', '-'], { stdin: await tar([{ name: 'Dockerfile', body: 'FROM busybox\nENV q=1\nENV r=2\n' }]) });
  expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  const parent = await lab.ok(['image', 'inspect', '-f', '{{.Parent}}', 'quiet']);
  expect((await lab.ok('images -q --no-trunc')).split('\n')).not.toContain(parent);
  expect((await lab.ok('images -aq --no-trunc')).split('\n')).toContain(parent);
  expect((await lab.ok('rmi quiet')).split('\n')).toEqual(['Untagged: quiet:latest', `Deleted: ${stdout.trim()}`, `Deleted: ${parent}`]);
});

test('a build ends with its client', async () => {
  const running = lab.start(['build', '-'], { stdin: await tar([{ name: 'Dockerfile', body: 'FROM busybox\nRUN sleep 1000\n' }]) });
  await expect.poll(() => running.output.stdout, { timeout: 20_000 }).toContain('Running in');
  running.kill();
  await expect.poll(() => lab.ok('ps -aq --filter status=running'), { timeout: 20_000 }).toBe('');
});
