// The image library as a learner uses it: each image run the way people run it, in one lab; what its tags claim, what its layers share, what it says of
// itself. With SLIPWAY_LIBRARY_LABS=50 the last test takes so many labs.
import { execFile, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { assetsDir, layersDir, libraryDir, poolDir } from '../../runtime/paths.ts';
import { until } from '../run-instance.ts';
import { askCapable, CAPABLE, capableLayer } from './archives.ts';
import { createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

const LABS = Number(process.env.SLIPWAY_LIBRARY_LABS ?? 2);
/** A builder is a Slipway that starts and stops, and waits for a set-up that runs. */
const PATIENCE_MS = 60_000;
const TEN = ['busybox', 'debian:bookworm', 'debian:trixie', 'nginx:1.22', 'nginx:1.26', 'httpd:2.4', 'redis:7', 'postgres:15', 'python:3.11', 'node'];

/** The environments of all there are. */
const processes = () => readdirSync('/proc').filter(name => /^\d+$/.test(name)).map(pid => {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'utf8');
  } catch {
    return ''; // it has ended
  }
});

describe.skipIf(dockerd)('the library', () => {
  let lab: TestLab;
  beforeAll(async () => { lab = await createTestLab('library'); });
  afterAll(() => lab?.dispose());

  const inspect = async (image: string) => (JSON.parse(await lab.ok(['image', 'inspect', image])) as { Config: Record<string, any>; RootFS: { Layers: string[] }; RepoTags: string[] }[])[0]!;
  const logs = (name: string) => lab.docker(['logs', name]).then(({ stdout, stderr }) => stdout + stderr);
  const page = async (url: string) => (await lab.docker(['run', '--rm', '--network', 'host', 'busybox', 'wget', '-qO-', url])).stdout;

  test('says at pull that it stands in for the official image; scripts see nothing of it', async () => {
    const lines = (await lab.ok('pull redis:7')).split('\n');
    expect(lines.slice(-4)).toEqual([expect.stringMatching(/^Slipway's own redis 7\.\S+, made from Debian's packages/), expect.stringMatching(/^Digest: /), 'Status: Downloaded newer image for redis:7', 'docker.io/library/redis:7']);
    expect(await lab.docker(['pull', '-q', 'redis:7'])).toEqual({ stdout: 'docker.io/library/redis:7\n', stderr: '', code: 0 });
    expect((await lab.ok('pull slipway/hello')).split('\n').slice(-3)[0]).toMatch(/^Digest: /);
  });

  test('is searched by name and by what it is for', async () => {
    const search = async (...args: string[]) => (await lab.ok(['search', '--format', '{{.Name}}|{{.Description}}|{{.StarCount}}|{{.IsOfficial}}', ...args])).split('\n');
    expect(await search('nginx')).toEqual(['nginx|Web server, reverse proxy and load balancer|0|[OK]']);
    expect((await search('database'))[0]).toBe('postgres|PostgreSQL, a relational database|0|[OK]');
    expect((await search('hello')).map(line => line.split('|')[0])).toEqual(['hello-world', 'slipway/hello']);
    expect((await search('slipway', '--filter', 'is-official=false')).every(line => line.startsWith('slipway/') && line.endsWith('|'))).toBe(true);
  });

  test.each([
    ['nginx:1.22', 'nginx -v'], ['nginx:1.26', 'nginx -v'], ['httpd:2.4', 'httpd -v'], ['redis:7', 'redis-server --version'], ['postgres:15', 'postgres --version'], ['python:3.11', 'python --version'],
    ['node', 'node --version'], ['registry:2', 'registry --version'], ['busybox', 'busybox'], ['debian:bookworm', 'cat /etc/debian_version'], ['debian:trixie', 'cat /etc/debian_version'],
  ])('%s is the version that each of its tags claims', async (image, says) => {
    await lab.ok(['pull', '-q', image]);
    const said = await lab.ok(['run', '--rm', '--entrypoint', 'sh', image, '-c', `${says} 2>&1`]);
    const { manifests } = JSON.parse(readFileSync(join(libraryDir, 'index.json'), 'utf8')) as { manifests: { digest: string; annotations: Record<string, string> }[] };
    const name = (one: (typeof manifests)[number]) => one.annotations['org.opencontainers.image.ref.name']!;
    const { digest } = manifests.find(one => name(one) === (image.includes(':') ? image : `${image}:latest`))!;
    const versions = manifests.filter(one => one.digest === digest).flatMap(one => /^(\d+(?:\.\d+)*)(?:-slim)?$/.exec(name(one).split(':')[1]!)?.[1] ?? []);
    expect(versions.length).toBeGreaterThan(0);
    for (const version of versions) expect(said, `${image} as ${version}`).toMatch(new RegExp(`(?<![\\d.])${version.replaceAll('.', '\\.')}(?!\\d)`));
    const labels = (await inspect(image)).Config.Labels as Record<string, string>;
    expect(labels).toMatchObject({ 'org.opencontainers.image.version': versions.toSorted((a, b) => b.length - a.length)[0], 'slipway.image.stand-in': expect.stringContaining('stands in') });
  });

  test('images built upon one another share layers, and history tells how each came to be', async () => {
    const layers = async (image: string) => (await inspect(image)).RootFS.Layers;
    const [bookworm] = await layers('debian:bookworm');
    const [trixie] = await layers('debian:trixie');
    for (const image of ['nginx:1.22', 'redis:7', 'postgres:15', 'python:3.11', 'registry:2']) expect((await layers(image))[0], image).toBe(bookworm);
    for (const image of ['nginx:1.26', 'httpd:2.4', 'node']) expect((await layers(image))[0], image).toBe(trixie);
    expect(bookworm).not.toBe(trixie);
    const history = (await lab.ok(['history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Size}}', 'nginx:1.26'])).split('\n');
    expect(history[0]).toBe('CMD ["nginx" "-g" "daemon off;"]|0B');
    expect(history.at(-1)).toMatch(/^# mmdebstrap --variant=minbase trixie\|\d/);
    expect(history.filter(line => line.startsWith('RUN ') && /\|[\d.]+MB$/.test(line))).toHaveLength(1);
  });

  test('a web server of each kind: pages from their places, logs on the output, ended by its own signal', async () => {
    for (const [image, name, port, html, log] of [['nginx:1.22', 'old', 8001, '/usr/share/nginx/html', 'GET / HTTP'], ['nginx', 'new', 8002, '/usr/share/nginx/html', 'GET / HTTP'], ['httpd:2.4', 'apache', 8003, '/usr/local/apache2/htdocs', 'GET / HTTP']] as const) {
      await lab.ok(['run', '-d', '--name', name, '-p', `${port}:80`, image]);
      await eventually(() => page(`http://127.0.0.1:${port}/`), text => /Welcome to nginx|It works!/.test(text), `${image} answering`);
      await lab.ok(['exec', name, 'sh', '-c', `echo mine > ${html}/index.html`]);
      expect(await page(`http://127.0.0.1:${port}/`)).toBe('mine\n');
      await eventually(() => logs(name), text => text.includes(log), `${image} logging`);
      await lab.ok(['stop', '-t', '5', name]);
      expect(await lab.ok(['inspect', '-f', '{{.State.ExitCode}}', name])).toBe('0');
    }
    expect(await lab.ok('run --rm httpd:2.4 htpasswd -nbB me secret')).toMatch(/^me:\$2y\$/);
    await lab.ok('run -d --name who -p 8004:80 slipway/whoami');
    await eventually(() => page('http://127.0.0.1:8004/'), text => /^Hostname: [0-9a-f]{12}\nIP: 172\./.test(text), 'whoami answering');
  });

  test('redis: a server that runs as redis, with a volume, and a client in another container', async () => {
    await lab.ok('network create data');
    await lab.ok('run -d --name cache --network data redis:7 --save 60 1');
    const cli = (...args: string[]) => lab.docker(['run', '--rm', '--network', 'data', 'redis:7', 'redis-cli', '-h', 'cache', ...args]);
    await eventually(() => cli('ping'), ({ stdout }) => stdout === 'PONG\n', 'redis answering');
    expect([(await cli('set', 'greeting', 'hello')).stdout, (await cli('get', 'greeting')).stdout]).toEqual(['OK\n', 'hello\n']);
    expect((await cli('config', 'get', 'save')).stdout).toBe('save\n60 1\n');
    expect(await lab.ok(['exec', 'cache', 'sh', '-c', 'stat -c %U /proc/1 /data'])).toBe('redis\nredis');
    expect(await lab.ok(['inspect', '-f', '{{range .Mounts}}{{.Type}} {{.Destination}}{{end}}', 'cache'])).toBe('volume /data');
    expect(await lab.ok('run --rm --user 999 --cap-drop ALL --entrypoint redis-server redis:7 --version')).toContain('v=7.');
    await lab.ok('rm -fv cache');
  });

  test('postgres: refuses without a password, makes a cluster with one, keeps it in the volume', async () => {
    const refused = await lab.docker(['run', '--rm', 'postgres:15']);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/^Error: Database is uninitialized and superuser password is not specified\.\n.*\n.*POSTGRES_PASSWORD=/)]);
    await lab.ok('run -d --name db --network data -v pgdata:/var/lib/postgresql/data -e POSTGRES_PASSWORD=x -e POSTGRES_DB=shop postgres:15');
    const psql = (password: string, sql: string) => lab.docker(['run', '--rm', '--network', 'data', '-e', `PGPASSWORD=${password}`, 'postgres:15', 'psql', '-h', 'db', '-U', 'postgres', '-tAc', sql, 'shop']);
    await eventually(() => logs('db'), text => /init process complete; ready for start up[\s\S]*database system is ready to accept connections/.test(text), 'postgres being ready');
    expect(await psql('x', 'create table t (n int); insert into t values (41); select n + 1 from t')).toMatchObject({ stdout: expect.stringMatching(/42\n$/), code: 0 });
    expect((await psql('wrong', 'select 1')).stderr).toContain('password authentication failed for user "postgres"');
    expect(await lab.ok(['exec', 'db', 'psql', '-U', 'postgres', '-tAc', 'show server_encoding'])).toBe('UTF8');
    expect(await lab.ok(['exec', 'db', 'stat', '-c', '%U', '/proc/1'])).toBe('postgres');
    await lab.ok('stop -t 10 db');
    expect(await lab.ok(['inspect', '-f', '{{.State.ExitCode}} {{.Config.StopSignal}}', 'db'])).toBe('0 SIGINT');
    await lab.ok('start db');
    await eventually(() => psql('x', 'select n from t'), ({ stdout }) => stdout === '41\n', 'the row being there again');
    await lab.ok('rm -fv db');
  });

  test('python, node and the two Debians, a line each', async () => {
    expect(await lab.ok(['run', '--rm', 'python:3.11', 'python', '-c', 'import sys, ssl, sqlite3, json; print(sum(range(10)), sys.version_info[:2])'])).toBe('45 (3, 11)');
    expect(await lab.ok(['run', '--rm', 'python:3.11', 'pip', '--version'])).toMatch(/^pip \d+.*\(python 3\.11\)$/);
    expect(await lab.ok(['run', '--rm', 'node', '-e', 'console.log([1,2,3].map(n => n * n).join())'])).toBe('1,4,9');
    expect(await lab.ok(['run', '--rm', '-u', 'node', 'node', 'sh', '-c', 'cd && pwd && id -u'])).toBe('/home/node\n1000');
    for (const suite of ['bookworm', 'trixie']) expect(await lab.ok(['run', '--rm', `debian:${suite}`, 'sh', '-c', '. /etc/os-release; echo $VERSION_CODENAME; dpkg --audit'])).toBe(suite);
    expect(await lab.ok('run --rm slipway/hello:1.0')).toBe('Hello from slipway/hello, version 1.0.');
    expect(await lab.ok('run --rm slipway/hello')).toBe('Hello from slipway/hello, version 2.0.');
    expect(await lab.ok(['run', '--rm', '--cap-drop', 'ALL', '--cap-add', 'NET_RAW', 'slipway/nettools', 'sh', '-c', 'ip -br addr && ping -c1 -W2 127.0.0.1 && dig -v && tcpdump --version && iperf3 -v && command -v nft && curl -V'])).toMatch(/1 received[\s\S]*curl \d/);
  });

  test('what an image says of ports, volumes, users and directories is what people know of it', async () => {
    const said = async (image: string) => {
      const { Config } = await inspect(image);
      return [Object.keys(Config.ExposedPorts ?? {}).join(), Object.keys(Config.Volumes ?? {}).join(), Config.WorkingDir || '', Config.StopSignal ?? '', (Config.Entrypoint ?? []).join(' '), (Config.Cmd ?? []).join(' ')];
    };
    expect(await Promise.all(['nginx', 'httpd:2.4', 'redis:7', 'postgres:15', 'python:3.11', 'node', 'registry:2'].map(said))).toEqual([
      ['80/tcp', '', '', 'SIGQUIT', '/docker-entrypoint.sh', 'nginx -g daemon off;'],
      ['80/tcp', '', '/usr/local/apache2', 'SIGWINCH', '', 'httpd-foreground'],
      ['6379/tcp', '/data', '/data', '', 'docker-entrypoint.sh', 'redis-server'],
      ['5432/tcp', '/var/lib/postgresql/data', '', 'SIGINT', 'docker-entrypoint.sh', 'postgres'],
      ['', '', '', '', '', 'python3'],
      ['', '', '', '', 'docker-entrypoint.sh', 'node'],
      ['5000/tcp', '/var/lib/registry', '', '', '/entrypoint.sh', '/etc/docker/registry/config.yml'],
    ]);
  });

  test('an operator adds an image of their own, which labs pull at once, and removes it', async () => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-image-'));
    const slipway = async (...args: string[]) => promisify(execFile)(process.execPath, ['bin/slipway', 'image', ...args], { encoding: 'utf8' });
    const name = `ours/library-${process.pid}:1`;
    try {
      await lab.ok(['run', '--name', 'made', 'busybox', 'sh', '-c', 'echo from the operator >/word']);
      await lab.ok('cp - made:/', { stdin: await capableLayer() });
      const id = await lab.ok(['commit', '-c', 'CMD ["cat", "/word"]', 'made', name]);
      await lab.ok(['save', '-o', join(home, 'ours.tar'), name]);
      await lab.ok(['rmi', name]);
      expect((await slipway('add', join(home, 'ours.tar'))).stdout).toBe(`${name}\n`);
      expect((await slipway('ls')).stdout).toMatch(new RegExp(`^${name} .* you$`, 'm'));
      expect(await lab.ok(['pull', '-q', name])).toBe(`docker.io/${name}`);
      expect([await lab.ok(['run', '--rm', name]), await lab.ok(['image', 'inspect', '-f', '{{.Id}}', name])]).toEqual(['from the operator', id]);
      expect(await lab.ok(askCapable(name)), 'capabilities of a file, in the layers that labs share').toBe(CAPABLE);
      await expect(slipway('add', join(home, 'ours.tar'), '--tag', 'nginx')).rejects.toMatchObject({ stderr: expect.stringContaining('nginx:latest comes with Slipway') });
    } finally {
      await slipway('rm', name);
      rmSync(home, { recursive: true });
    }
    // Who has pulled it keeps it, whole: for save, and for a registry of their own.
    const [id, archive] = [await lab.ok(['image', 'inspect', '-f', '{{.Id}}', name]), join(tmpdir(), `slipway-kept-${process.pid}.tar`)];
    await lab.ok(['save', '-o', archive, name]);
    await lab.ok('run -d --name shelf -p 5000:5000 registry:2');
    await lab.ok(['tag', name, 'localhost:5000/kept']);
    await eventually(() => lab.docker(['push', 'localhost:5000/kept']), ({ code }) => code === 0, 'the push');
    await lab.ok(['rm', '-f', 'shelf']);
    await lab.ok(['rmi', '-f', id]);
    await lab.ok(['load', '-i', archive]);
    rmSync(archive);
    expect([await lab.ok(['run', '--rm', name]), await lab.ok(['image', 'inspect', '-f', '{{.Id}}', name])]).toEqual(['from the operator', id]);
    await lab.ok(['rmi', name]);
    expect((await lab.docker(['pull', name])).stderr).toContain(`pull access denied for ${name.split(':')[0]}`);
  });

  test('of a folder whose build is killed nothing is left: no process, no lab, no file', async () => {
    const home = mkdtempSync(join(tmpdir(), 'slipway-folder-'));
    writeFileSync(join(home, 'Dockerfile'), 'FROM busybox\nRUN sleep 1000\n');
    const child = spawn(process.execPath, ['bin/slipway', 'image', 'add', home, '--tag', 'never/built'], { stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    try {
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
      const ended = new Promise(resolve => child.once('close', resolve));
      await until(() => /RUN sleep 1000/.test(said) || child.exitCode !== null, PATIENCE_MS);
      expect(child.exitCode, said).toBe(null);
      process.kill(-child.pid!, 'SIGKILL');
      await ended;
      const places = ['/run/slipway-builder', join(assetsDir, 'builder')];
      await until(() => !places.some(place => existsSync(place)) && !processes().some(environment => environment.includes('SLIPWAY_INSTANCE=builder')), PATIENCE_MS);
      expect(readdirSync(join(poolDir, 'labs/builder'))).toEqual([]);
    } finally {
      rmSync(home, { recursive: true });
    }
  }, 2 * PATIENCE_MS);

  test(`${LABS} labs with the same ten images keep their layers once`, async () => {
    /** Without those of upstreams, which have nothing to do with the library. */
    const used = (path: string) => Number(execFileSync('du', ['-s', '--block-size=1', '--exclude=up', path], { encoding: 'utf8' }).split('\t')[0]);
    const layersBefore = used(layersDir);
    const labs = await Promise.all(Array.from({ length: LABS }, (_one, at) => createTestLab(`sharing-${at}`)));
    try {
      for (const one of labs) for (const image of TEN) await one.ok(['pull', '-q', image]);
      execFileSync('btrfs', ['filesystem', 'sync', poolDir]);
      const own = await Promise.all(labs.map(async one => (await one.engine.call('inspectLab', { lab: one.lab!.id })).usage.diskBytes));
      expect(used(layersDir)).toBe(layersBefore);
      // What the images take together is a hundred times that.
      expect(Math.max(...own)).toBeLessThan(4 * 2 ** 20);
      if (LABS > 2) console.info(`layers ${Math.round(layersBefore / 1e6)} MB, the same with ${LABS} labs of ten images; each lab's own disk ${Math.round(Math.min(...own) / 1e3)}–${Math.round(Math.max(...own) / 1e3)} kB`);
    } finally {
      await Promise.all(labs.map(one => one.dispose()));
    }
  }, 30_000 + LABS * 5_000);
});
