// Images: pull from the built-in library with Docker's progress, list, inspect, history, tag, rmi, and what the library lacks.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, dockerd, type TestLab } from './lab.ts';

describe.skipIf(dockerd)('images', () => {
  let lab: TestLab;
  beforeAll(async () => { lab = await createTestLab('images'); });
  afterAll(() => lab?.dispose());

  test('a new lab has none', async () => {
    expect(await lab.ok('images')).toBe('REPOSITORY   TAG       IMAGE ID   CREATED   SIZE');
  });

  test('run pulls what is not there, and says so', async () => {
    const { stdout, stderr, code } = await lab.docker(['run', '--rm', 'busybox', 'echo', 'hello']);
    expect([stdout, code]).toEqual(['hello\n', 0]);
    expect(stderr.split('\n').filter(Boolean)).toEqual([
      "Unable to find image 'busybox:latest' locally", 'latest: Pulling from library/busybox', expect.stringMatching(/^[0-9a-f]{12}: Pulling fs layer$/),
      expect.stringMatching(/: Verifying Checksum$/), expect.stringMatching(/: Download complete$/), expect.stringMatching(/: Pull complete$/),
      expect.stringMatching(/^Slipway's own busybox \S+, made from .*: it stands in for the official image$/), expect.stringMatching(/^Digest: sha256:[0-9a-f]{64}$/), 'Status: Downloaded newer image for busybox:latest',
    ]);
  });

  test('what is there is up to date', async () => {
    const lines = (await lab.ok('pull busybox')).split('\n');
    expect(lines).toEqual(['Using default tag: latest', 'latest: Pulling from library/busybox', expect.stringMatching(/^Slipway's own busybox /), expect.stringMatching(/^Digest: sha256:/), 'Status: Image is up to date for busybox:latest', 'docker.io/library/busybox:latest']);
    expect(await lab.ok('pull -q busybox')).toBe('docker.io/library/busybox:latest');
  });

  test('layers that another image brought are there already', async () => {
    await lab.ok('pull -q debian:bookworm');
    expect(await lab.ok('pull nginx:1.22')).toMatch(/: Already exists\n/);
  });

  test('on a terminal the progress is drawn', async () => {
    await lab.ok('rmi busybox');
    const terminal = lab.terminal(['pull', 'busybox'], { cols: 160 }); // the client draws bars from 110 columns up
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen).toMatch(/Pull complete/);
    expect(terminal.screen).toMatch(/\[=+>\s*\]/);
  });

  test('list, filters and formats', async () => {
    expect((await lab.ok(['images', '--format', '{{.Repository}}:{{.Tag}}'])).split('\n').sort()).toEqual(['busybox:latest', expect.stringMatching(/^debian:/), 'nginx:1.22']);
    expect(await lab.ok(['images', '-q', 'busybox'])).toMatch(/^[0-9a-f]{12}$/);
    expect(await lab.ok(['images', '--filter', 'reference=ngin*', '--format', '{{.Repository}}'])).toBe('nginx');
    expect(await lab.ok(['images', '--digests', '--format', '{{.Digest}}', 'busybox'])).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await lab.docker(['images', '--filter', 'nope=1'])).toMatchObject({ stderr: "Error response from daemon: invalid filter 'nope'\n", code: 1 });
  });

  test('inspect and history', async () => {
    const [nginx] = JSON.parse(await lab.ok('image inspect nginx:1.22')) as [Record<string, any>];
    expect(nginx).toMatchObject({ RepoTags: ['nginx:1.22'], Os: 'linux', Config: { ExposedPorts: { '80/tcp': {} } }, RootFS: { Type: 'layers' } });
    expect(nginx.RootFS.Layers.length).toBeGreaterThan(1);
    expect((await lab.ok('history nginx:1.22')).split('\n')[0]).toMatch(/^IMAGE\s+CREATED\s+CREATED BY\s+SIZE\s+COMMENT$/);
  });

  test('tag and rmi', async () => {
    await lab.ok('tag busybox mine/box:1');
    expect(await lab.ok('rmi mine/box:1')).toBe('Untagged: mine/box:1');
    await lab.ok('run -d --name imuser busybox sleep 1000');
    expect(await lab.docker(['rmi', 'busybox'])).toEqual({ stdout: '', code: 1, stderr: expect.stringMatching(/^Error response from daemon: conflict: unable to remove repository reference "busybox" \(must force\) - container [0-9a-f]{12} is using its referenced image [0-9a-f]{12}\n$/) });
    await lab.ok('rm -f imuser');
    const removed = (await lab.ok('rmi busybox')).split('\n');
    expect(removed[0]).toBe('Untagged: busybox:latest');
    expect(removed.at(-1)).toMatch(/^Deleted: sha256:[0-9a-f]{64}$/);
    expect(await lab.docker(['rmi', 'busybox'])).toEqual({ stdout: '', stderr: 'Error response from daemon: No such image: busybox:latest\n', code: 1 });
  });

  test.each([['alpine', /busybox/], ['ubuntu', /debian/], ['nginx:9', /nearest it has is nginx:1\./], ['somebody/thing', /./]])('the library has no %s: Docker\'s error, then what there is', async (image, hint) => {
    const { stdout, stderr, code } = await lab.docker(['run', '--rm', image, 'true']);
    expect([stdout, code]).toEqual(['', 125]);
    const lines = stderr.trim().split('\n');
    expect(lines[0]).toMatch(/^Unable to find image '/);
    expect(lines[1]).toMatch(/^docker: Error response from daemon: (pull access denied for|manifest for) /);
    expect(lines.slice(2).join('\n')).toMatch(hint);
  });

  test('another platform is not there', async () => {
    expect(await lab.docker(['pull', '--platform', 'linux/s390x', 'busybox'])).toMatchObject({ code: 1, stderr: 'Error response from daemon: no matching manifest for linux/s390x in the manifest list entries\n' });
  });

  test('a registry\'s address is dialled in the lab\'s own network only', async () => {
    const { stderr, code } = await lab.docker(['pull', '127.0.0.1:22/x']);
    expect([code, stderr]).toEqual([1, 'Error response from daemon: Get "http://127.0.0.1:22/v2/": dial tcp 127.0.0.1:22: connect: connection refused\n']);
    const outside = await lab.docker(['pull', '169.254.169.254/x']);
    expect([outside.code, outside.stderr]).toEqual([1, expect.stringMatching(/^Error response from daemon: Get "https:\/\/169\.254\.169\.254\/v2\/": dial tcp 169\.254\.169\.254:443: connect: network is unreachable\nThis lab has no way to a registry/)]);
  });

  test('hello-world explains itself', async () => {
    const { stdout, code } = await lab.docker(['run', '--rm', 'hello-world']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/Hello from Docker!|Hello/)]);
  });

  test('an image\'s configuration takes effect', async () => {
    expect(await lab.ok('run --rm debian sh -c pwd')).toBe('/');
    await lab.ok('run -d --name imnginx -p 8080:80 nginx:1.22');
    expect(await lab.ok(['inspect', '-f', '{{json .Config.ExposedPorts}}', 'imnginx'])).toBe('{"80/tcp":{}}');
    expect(await lab.ok('port imnginx')).toContain('80/tcp -> 0.0.0.0:8080');
    await lab.ok('rm -f imnginx');
  });
});
