// docker build as it is: the stock command with buildx, no variables set. What Dockerfiles come to is in dockerfiles.test.ts; here is what goes
// around them: contexts of all kinds, secrets, results as files, the cache, and that nothing is left of a build that failed, was left or died.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { tar } from './archives.ts';
import { BUILDX, createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

const home = mkdtempSync(join(tmpdir(), 'slipway-buildkit-'));
const env = { DOCKER_CONFIG: join(home, 'config'), HOME: home };
let lab: TestLab;
beforeAll(async () => {
  mkdirSync(join(home, 'config', 'cli-plugins'), { recursive: true });
  symlinkSync(BUILDX, join(home, 'config', 'cli-plugins', 'docker-buildx'));
  lab = await createTestLab('buildkit', { pull: ['busybox'] });
});
afterAll(async () => {
  rmSync(home, { recursive: true });
  await lab?.dispose();
});

/** A directory with these files. */
function context(files: Record<string, string>): string {
  const dir = mkdtempSync(join(home, 'context-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(dir, path, '..'), { recursive: true });
    writeFileSync(join(dir, path), text);
  }
  return dir;
}
const build = (args: readonly string[], stdin: string | Buffer = '') => lab.docker(['build', ...args], { env, stdin });
const inLab = async (script: string) => execFileSync(process.execPath, ['runtime/cli/main.ts', 'lab', 'exec', lab.lab!.id, '--no-tty', '--', 'sh', '-c', script], { encoding: 'utf8' });
const nothingLeft = async () => {
  await eventually(() => inLab('ls /var/lib/docker/tmp /run/docker/build /run/docker/bundles 2>/dev/null | grep -v : ; grep -c /var/lib/docker/tmp /proc/self/mountinfo; ls /run/docker/netns 2>/dev/null | wc -l; true'), text => text.trim() === '0\n0', 'nothing being left');
  expect(await lab.ok('ps -aq')).toBe('');
};

test('docker build, with no variable set: BuildKit\'s words, and the second time from the cache', async () => {
  const dir = context({ Dockerfile: 'FROM busybox\nCOPY a /a\nRUN cat /a\n', a: 'hello\n' });
  const first = await build(['-t', 'plain', dir]);
  expect(first).toMatchObject({ code: 0, stdout: '' });
  expect(first.stderr).toMatch(/#\d \[2\/3\] COPY a \/a\n#\d DONE/);
  expect(first.stderr).toMatch(/#\d \d\.\d+ hello\n/);
  expect(first.stderr).toMatch(/naming to docker.io\/library\/plain( [\d.]+s)? done/);
  const second = await build(['-t', 'plain', dir]);
  expect(second.stderr.match(/CACHED/g)).toHaveLength(3);
  expect(await lab.ok('run --rm plain cat /a')).toBe('hello');
  const id = /writing image (\S+)/.exec(first.stderr)![1]!;
  expect(second.stderr).toContain(id);
  expect((await build(['-q', dir])).stdout).toBe(`${id}\n`);
  writeFileSync(join(dir, 'a'), 'changed\n');
  expect((await build(['--progress=plain', dir])).stderr).toMatch(/#\d \d\.\d+ changed\n/);
});

test('without buildx the client says so and takes the classic builder', async () => {
  const { stdout, stderr, code } = await lab.docker(['build', '-'], { stdin: await tar([{ name: 'Dockerfile', body: 'FROM busybox\nRUN echo x\n' }]) });
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('DEPRECATED: The legacy builder is deprecated') });
  expect(stdout).toContain('Step 2/2 : RUN echo x');
});

test('on a terminal progress is drawn', async () => {
  const dir = context({ Dockerfile: 'FROM busybox\nRUN echo drawn\n' });
  const terminal = lab.terminal(['--config', env.DOCKER_CONFIG, 'build', '--no-cache', dir], { cols: 120 });
  await terminal.shows(/\[\+\] Building \d+\.\ds \(\d+\/\d+\)/);
  await terminal.shows('FINISHED');
  expect(await terminal.ended).toBe(0);
});

describe('contexts', () => {
  test.each<[string, readonly string[], () => Promise<string | Buffer> | string, RegExp]>([
    ['a Dockerfile alone on standard input', ['-'], () => 'FROM busybox\nRUN echo alone\n', /alone\n/],
    ['an archive on standard input', ['-'], () => tar([{ name: 'Dockerfile', body: 'FROM busybox\nCOPY in /in\nRUN cat /in\n' }, { name: 'in', body: 'archived\n' }]), /archived\n/],
    ['a Dockerfile on standard input beside a directory', ['-f', '-', 'DIR'], () => 'FROM busybox\nCOPY in /in\nRUN cat /in\n', /beside\n/],
    ['another directory by name, and an image', ['--build-context', 'more=DIR', '--build-context', 'base=docker-image://busybox', '-f', 'DIR/other', 'DIR'], () => '', /beside\n/],
  ])('%s', async (_, args, stdin, shown) => {
    const dir = context({ in: 'beside\n', other: 'FROM base\nCOPY --from=more in /in\nRUN cat /in\n' });
    const { stderr, code } = await build(['--no-cache', '--progress=plain', ...args.map(arg => arg.replace('DIR', dir))], await stdin());
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(shown) });
  });

  test('.dockerignore keeps files on the client, and links lead no further than the context', async () => {
    const dir = context({ 'Dockerfile': 'FROM busybox\nCOPY . /c\nRUN find /c | sort | tr "\\n" " "\n', '.dockerignore': '# not these\n*.log\n!keep.log\nnode_modules\n', 'a.log': '', 'keep.log': '', 'node_modules/x': '', 'src/b': '' });
    const { stderr } = await build(['--no-cache', '--progress=plain', dir]);
    expect(stderr).toContain('/c /c/.dockerignore /c/Dockerfile /c/keep.log /c/src /c/src/b ');
    const out = context({ Dockerfile: 'FROM busybox\nCOPY link /x\n' });
    symlinkSync('/etc/hostname', join(out, 'link'));
    expect(await build([out])).toMatchObject({ code: 1, stderr: expect.stringContaining('"/link": not found') });
  });

  test('a large file and many small ones arrive as they are', async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, n) => [`many/${n}`, `${n}\n`]));
    const dir = context({ ...files, Dockerfile: 'FROM busybox\nCOPY . /c\nRUN cd /c && sha256sum large | cut -c 1-16; cat many/* | sha256sum | cut -c 1-16\n', large: 'x'.repeat(5 << 20) });
    const { stderr, code } = await build(['--no-cache', '--progress=plain', dir]);
    const sums = execFileSync('sh', ['-c', 'export LC_ALL=C; cd "$1" && sha256sum large | cut -c 1-16; cat many/* | sha256sum | cut -c 1-16', 'sh', dir], { encoding: 'utf8' }).trim().split('\n');
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(sums[0]!) });
    expect(stderr).toContain(sums[1]!);
  });

  test.each(['https://example.com/x.git', 'https://example.com/x.tar.gz'])('%s is refused: a lab fetches nothing', async url => {
    expect(await build([url])).toMatchObject({ code: 1, stderr: expect.stringContaining(`this lab's builder fetches nothing from a network: ${url} cannot be the context of a build`) });
  });
});

test('a secret is seen by its step and by nobody after', async () => {
  const dir = context({ Dockerfile: 'FROM busybox\nRUN --mount=type=secret,id=key wc -c < /run/secrets/key; stat -c %a /run/secrets/key\n', key: 'open sesame 4711 by night' });
  const { stderr, code } = await build(['--no-cache', '--progress=plain', '--secret', `id=key,src=${join(dir, 'key')}`, '-t', 'secretive', dir]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/ 25\n#\d \d\.\d+ 400\n/) });
  expect((await lab.docker(['run', '--rm', 'secretive', 'ls', '/run/secrets'])).code).toBe(1);
  expect(await lab.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}', 'secretive'])).not.toContain('sesame');
  if (!dockerd) {
    expect(await inLab('grep -rls "sesame 4711" /var/lib/docker /run 2>/dev/null; true')).toBe('');
    await nothingLeft();
  }
});

test('names, --iidfile and --metadata-file', async () => {
  const dir = context({ Dockerfile: 'FROM busybox\nLABEL a=b\n' });
  const [iid, metadata] = [join(home, 'iid'), join(home, 'metadata')];
  expect(await build(['-t', 'one', '-t', 'two:x', '--iidfile', iid, '--metadata-file', metadata, '--label', 'c=d', dir])).toMatchObject({ code: 0 });
  const id = readFileSync(iid, 'utf8');
  expect(JSON.parse(readFileSync(metadata, 'utf8'))).toMatchObject({ 'containerimage.config.digest': id, 'image.name': 'docker.io/library/one,docker.io/library/two:x' });
  expect(await lab.ok(['image', 'inspect', '-f', '{{.Id}} {{json .RepoTags}} {{json .Config.Labels}}', 'two:x'])).toMatch(new RegExp(`^${id} \\["one:latest","two:x"\\] .*"a":"b","c":"d"`));
});

test('-o: the files themselves, in a directory or an archive', async () => {
  const dir = context({ Dockerfile: 'FROM busybox AS b\nRUN mkdir /o && echo made > /o/made && ln -s made /o/link && ln /o/made /o/again && chmod 750 /o/made\nFROM scratch\nCOPY --from=b /o /\n' });
  const out = join(home, 'out');
  expect(await build(['-o', out, dir])).toMatchObject({ code: 0, stderr: expect.stringContaining('exporting to client directory') });
  expect(execFileSync('find', [out, '-mindepth', '1', '-printf', '%f %y %m %l\n'], { encoding: 'utf8' }).split('\n').sort().join('\n').trim()).toBe('again f 750 \nlink l 777 made\nmade f 750');
  expect(await build(['-o', `type=tar,dest=${out}.tar`, dir])).toMatchObject({ code: 0 });
  expect(execFileSync('tar', ['-xOf', `${out}.tar`, 'again'], { encoding: 'utf8' })).toBe('made\n');
  expect(await build(['-o', 'type=registry', dir])).toMatchObject({ code: 1 });
});

test('the cache: what it holds, and letting go of it', async () => {
  const dir = context({ Dockerfile: 'FROM busybox\nRUN --mount=type=cache,target=/c echo kept > /c/f\nRUN head -c 100000 /dev/zero > /big\n' });
  await build(['-t', 'cached', dir]);
  const du = await lab.docker(['buildx', 'du', '--verbose'], { env });
  expect(du.stdout).toMatch(/Description:\s+\[stage-0 3\/3\] RUN head/);
  expect(du.stdout).toMatch(/Type:\s+exec\.cachemount/);
  expect(await lab.ok(['system', 'df', '--format', '{{.Type}} {{.TotalCount}}'])).toMatch(/^Build Cache [1-9]/m);
  await lab.ok('rmi cached');
  expect(await lab.ok(['builder', 'prune', '-af'], { env })).toMatch(/Total:\s+[1-9]/);
  expect(await lab.ok(['builder', 'prune', '-af'])).toBe('Total reclaimed space: 0B'); // without buildx: POST /build/prune
  expect((await build(['--progress=plain', dir])).stderr).not.toMatch(/RUN.*\n#\d CACHED/);
  if (!dockerd) {
    await lab.ok(['builder', 'prune', '-af'], { env });
    await eventually(() => inLab('ls /var/lib/docker/buildkit/cache 2>/dev/null | wc -l'), text => text.trim() === '0', 'the cache mount going');
  }
});

test('buildx: what there is to build with', async () => {
  expect(await lab.ok(['buildx', 'ls'], { env })).toMatch(/^default\*\s+docker\s+\n \\_ default\s+\\_ default\s+running\s+\S+\s+linux\/amd64/m);
  expect(await lab.ok(['buildx', 'inspect'], { env })).toMatch(/Driver:\s+docker/);
  await lab.ok(['buildx', 'create', '--name', 'other'], { env });
  expect(await lab.docker(['buildx', 'build', '--builder', 'other', '-'], { env, stdin: 'FROM busybox\n' })).toMatchObject({ code: 1, stderr: expect.stringContaining('pull access denied for moby/buildkit') });
  await lab.ok(['buildx', 'rm', '-f', 'other'], { env });
});

test('an image with empty layers is saved and loaded as it is', async () => {
  await build(['-t', 'saved', '-'], 'FROM busybox\nRUN true\nRUN echo x > /x\nRUN true\n');
  const id = await lab.ok(['image', 'inspect', '-f', '{{.Id}} {{len .RootFS.Layers}}', 'saved']);
  expect(id).toMatch(/ 4$/);
  const archive = join(home, 'saved.tar');
  await lab.ok(['save', '-o', archive, 'saved']);
  await lab.ok(['rmi', 'saved']);
  await lab.ok(['builder', 'prune', '-af']);
  await lab.ok(['load', '-i', archive]);
  expect(await lab.ok(['image', 'inspect', '-f', '{{.Id}} {{len .RootFS.Layers}}', 'saved'])).toBe(id);
  expect(await lab.ok('run --rm saved cat /x')).toBe('x');
});

test('archives under zstd are unpacked: a context, and what ADD finds in it', async () => {
  const inner = zstdCompressSync(await tar([{ name: 'inner', body: 'unpacked\n' }]));
  const dir = context({ Dockerfile: 'FROM busybox\nADD t.tar.zst /t\nRUN cat /t/inner\n' });
  writeFileSync(join(dir, 't.tar.zst'), inner);
  expect((await build(['--no-cache', '--progress=plain', dir])).stderr).toContain('unpacked');
  const outer = zstdCompressSync(await tar([{ name: 'Dockerfile', body: 'FROM busybox\nRUN echo whole\n' }]));
  expect((await lab.docker(['build', '--no-cache', '-'], { stdin: outer })).stdout).toContain('whole');
});

describe.skipIf(dockerd)('nothing is left', () => {
  test('of a build that failed', async () => {
    const dir = context({ Dockerfile: 'FROM busybox AS slow\nRUN sleep 100\nFROM busybox\nRUN --mount=type=bind,from=busybox,target=/m --mount=type=cache,target=/c exit 3\nCOPY --from=slow /x /x\n' });
    expect(await build([dir])).toMatchObject({ code: 1, stderr: expect.stringContaining('did not complete successfully: exit code: 3') });
    await nothingLeft();
  });

  test('of a build whose client has gone', async () => {
    const dir = context({ Dockerfile: 'FROM busybox\nRUN --mount=type=bind,from=busybox,target=/m echo begun; sleep 1000\n' });
    const running = lab.start(['build', '--progress=plain', dir], { env });
    await expect.poll(() => running.output.stderr, { timeout: 20_000 }).toContain('begun');
    expect(await lab.ok('ps -aq')).toBe('');
    running.kill();
    await nothingLeft();
    expect((await build(['-q', '-'], 'FROM busybox\n')).code).toBe(0);
  });

  test('of a build whose engine died', async () => {
    const dir = context({ Dockerfile: 'FROM busybox\nRUN --mount=type=bind,from=busybox,target=/m --mount=type=secret,id=key echo begun; sleep 1000\n', key: 'secret' });
    const running = lab.start(['build', '--progress=plain', '--secret', `id=key,src=${join(dir, 'key')}`, dir], { env });
    await expect.poll(() => running.output.stderr, { timeout: 20_000 }).toContain('begun');
    await crash('engine');
    expect(await running.ended).toMatchObject({ code: 1 });
    await eventually(() => lab.docker(['version']), ({ code }) => code === 0, 'the engine');
    await nothingLeft();
    expect(await inLab('ps ax | grep -c "[s]leep 1000"; true')).toBe('0\n');
    expect((await build(['-q', '-'], 'FROM busybox\n')).code).toBe(0);
  });
});

describe.skipIf(dockerd)('a client that does not keep to the protocol harms nobody', () => {
  const talk = (head: string, then: Buffer) => new Promise<string>(resolve => {
    const socket = connect(lab.socket);
    let said = '';
    socket.on('data', data => { said += data.toString('latin1'); });
    socket.on('error', () => {});
    socket.once('close', () => resolve(said));
    socket.write(head);
    if (then.length) socket.write(then);
    setTimeout(() => socket.destroy(), 300);
  });
  test('connections that were taken over end with their clients', async () => {
    for (let n = 0; n < 520; n++) { // more than a host may have
      await new Promise<void>(resolve => {
        const socket = connect(lab.socket);
        socket.on('error', () => {}).once('close', () => resolve()).once('data', () => socket.destroy());
        socket.write(n % 2 ? upgrade('/grpc') : upgrade('/session', 'X-Docker-Expose-Session-Uuid: abc\r\n'));
      });
    }
    expect((await lab.docker(['version'])).code).toBe(0);
  });

  const upgrade = (path: string, more = '') => `POST ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n${more}\r\n`;
  test.each([
    ['no upgrade', 'POST /grpc HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n', Buffer.alloc(0), /^HTTP\/1.1 400 /],
    ['another protocol', 'POST /grpc HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n', Buffer.alloc(0), /^HTTP\/1.1 400 /],
    ['rubbish for HTTP/2', upgrade('/grpc'), Buffer.alloc(100_000, 'x'), /^HTTP\/1.1 101 /],
    ['a session without an id', upgrade('/session'), Buffer.alloc(0), /^HTTP\/1.1 400 /],
    ['rubbish for a session', upgrade('/session', 'X-Docker-Expose-Session-Uuid: abc\r\n'), Buffer.alloc(100_000, 'x'), /^HTTP\/1.1 101 /],
  ])('%s', async (_, head, then, said) => {
    expect(await talk(head, then)).toMatch(said);
    expect((await build(['-q', '-'], 'FROM busybox\n')).code).toBe(0);
  });
});

