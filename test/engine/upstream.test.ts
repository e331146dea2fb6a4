// Images of registries outside that the operator allows: fetched once, unpacked once, shared by all labs, whatever the registry does. The registries are
// real ones (upstream.ts); only the operator's file says that there are any. SLIPWAY_PULLERS=40 lets as many labs pull at once, SLIPWAY_LARGE_MB=1000 makes the
// large layer larger.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Transform } from 'node:stream';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { STORE_UID_BASE } from '../../runtime/ids.ts';
import { brokerVerbs } from '../../runtime/kernel/protocol.ts';
import { brokerSocket, registrySocket, upstreamLayersDir, upstreamsFile } from '../../runtime/paths.ts';
import { RpcClient } from '../../runtime/rpc.ts';
import { readStatus } from '../../runtime/supervisor/status.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';
import { openOutside, type Asked, type Outside } from './upstream.ts';

const PULLERS = Number(process.env.SLIPWAY_PULLERS ?? 4);
const DOMAIN = 'registry.example';
const all = process.env.SLIPWAY_CRASH_POINTS === 'all';
const MB = 1 << 20;
/** How much any of our processes may grow while a layer goes through, however large it is. */
const MAY_GROW = 30; // MiB
const LARGE_MB = Number(process.env.SLIPWAY_LARGE_MB ?? 112);

describe.skipIf(dockerd)('a registry outside', () => {
  let outside: Outside;
  let labs: TestLab[];
  let lab: TestLab;
  const broker = new RpcClient(brokerSocket, brokerVerbs);
  /** The operator's file; `url` is where the registry is said to be. */
  const allow = (url: string, more: object = {}, settings: object = {}) => writeFileSync(upstreamsFile, JSON.stringify({ upstreams: [{ domain: DOMAIN, url, allow: ['school/**'], ...more }], tagSeconds: 0, ...settings }));
  const shared = () => (existsSync(upstreamLayersDir) ? readdirSync(upstreamLayersDir) : []);
  const unpacking = async () => (await broker.call('listHosts', {})).filter(host => host.lab.startsWith('layer-')).map(host => host.lab);
  const pull = (name: string, from = lab) => from.docker(['pull', `${DOMAIN}/${name}`]);
  const failure = async (name: string) => {
    const { code, stderr } = await pull(name);
    expect(code, stderr).toBe(1);
    return stderr;
  };
  const random = (size: number) => [{ random: randomBytes(size) }];
  const fetched = (digest: string): Asked[] => outside.asked.filter(({ method, path }) => method === 'GET' && path.endsWith(`/blobs/${digest}`));
  const inHost = async (one: TestLab, script: string) => (await outputOf((await one.engine.call('exec', { lab: one.lab!.id, host: 'h1', argv: ['/bin/sh', '-c', script] })).socketPath)).trim();

  beforeAll(async () => {
    outside = await openOutside();
    labs = await Promise.all(Array.from({ length: PULLERS }, (_, at) => createTestLab(`outside-${at}`)));
    lab = labs[0]!;
    allow(outside.counted);
  });
  afterEach(() => {
    outside.spoil = undefined;
    allow(outside.counted);
  });
  afterAll(async () => {
    await Promise.all(labs.map(one => one.dispose()));
    await eventually(unpacking, left => left.length === 0, 'that nothing is unpacked any more');
    for (const layer of shared()) await broker.call('unshareLayer', { layer });
    broker.close();
    rmSync(upstreamsFile, { force: true });
    await outside.release();
  });

  test('gives its image in dockerd\'s words, to as many labs as want it at once, by one download of each layer', async () => {
    const { layers, digest } = await outside.put('school/tool:1', [{ hello: 'from outside' }, { random: randomBytes(3 * MB) }], { busybox: true });
    const told = await Promise.all(labs.map(one => one.ok(`pull ${DOMAIN}/school/tool:1`)));
    for (const text of told) {
      expect(text.split('\n').filter(line => !/^[0-9a-f]{12}: /.test(line))).toEqual(['1: Pulling from school/tool', `Digest: ${digest}`, `Status: Downloaded newer image for ${DOMAIN}/school/tool:1`, `${DOMAIN}/school/tool:1`]);
      for (const layer of layers) expect(text.split('\n').filter(line => line.startsWith(layer.slice(7, 19))).map(line => line.slice(14))).toEqual(['Pulling fs layer', 'Verifying Checksum', 'Download complete', 'Pull complete']);
    }
    for (const layer of layers) expect(fetched(layer)).toHaveLength(1);
    expect(shared()).toHaveLength(3);
    for (const one of labs.slice(0, 2)) expect(await one.ok(`run --rm ${DOMAIN}/school/tool:1 cat /hello`)).toBe('from outside');
    expect((await lab.ok(`pull ${DOMAIN}/school/tool:1`)).split('\n').at(-2)).toBe(`Status: Image is up to date for ${DOMAIN}/school/tool:1`);

    // By digest, all tags, and another image on the same layers: nothing of it is fetched again.
    await lab.ok(`pull ${DOMAIN}/school/tool@${digest}`);
    await outside.put('school/tool:2', [{ hello: 'from outside' }], { busybox: true });
    const all = await labs[1]!.ok(`pull -a ${DOMAIN}/school/tool`);
    expect(all.split('\n').filter(line => line.includes('Already exists'))).toHaveLength(2);
    expect((await labs[1]!.ok(['images', '--format', '{{.Tag}}', `${DOMAIN}/school/tool`])).split('\n').sort()).toEqual(['1', '2']);
    for (const layer of layers) expect(fetched(layer)).toHaveLength(1);
    expect(await unpacking()).toEqual([]);

    // Nobody on this machine owns a file in it, and overlayfs's marks in it are those of unpacking.
    const files = shared().map(layer => join(upstreamLayersDir, layer, 'h1/docker/overlay2'));
    const uids = new Set(execFileSync('find', [...files, '-printf', '%U\n'], { encoding: 'utf8' }).trim().split('\n').map(Number));
    for (const uid of uids) expect(uid - STORE_UID_BASE).toSatisfy((own: number) => own >= 0 && own < 65536);
    expect(execFileSync('getfattr', ['-R', '-h', '-d', '-m', 'overlay', '--absolute-names', ...files], { encoding: 'utf8' })).toBe('');

    // Each lab's own view; nobody's to change.
    await labs[1]!.ok(`rmi ${DOMAIN}/school/tool:1 ${DOMAIN}/school/tool:2`);
    expect(await lab.ok(`run --rm ${DOMAIN}/school/tool:1 cat /hello`)).toBe('from outside');
    const upper = await lab.ok(['inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', `${DOMAIN}/school/tool:1`]);
    expect(upper).toMatch(/^\/var\/lib\/docker\/layers\/up\//);
    expect(await inHost(lab, `touch ${upper}/x 2>&1; mount -o remount,rw,bind /var/lib/docker/layers 2>&1; touch ${upper}/x 2>&1; rm -rf ${upper}/random 2>&1; ls ${upper}`)).toMatch(/Read-only[^]*(permission denied|not permitted)[^]*Read-only[^]*random$/i);
  });

  test('is built upon, saved, and pushed elsewhere, with the very layers that it gave', async () => {
    const { layers } = await outside.put('school/base:1', [{ one: 'one' }], { busybox: true });
    for (const builder of ['0', '1']) {
      await inHost(lab, `printf 'FROM ${DOMAIN}/school/base:1\nRUN echo two > /two\n' | DOCKER_BUILDKIT=${builder} docker build -q -t built-${builder} -`);
      expect(await lab.ok(`run --rm built-${builder} cat /one /two`)).toBe('onetwo');
    }
    await lab.ok(`pull -q ${DOMAIN}/school/base:1`);
    await inHost(lab, `cd /root && docker save -o saved.tar ${DOMAIN}/school/base:1 && docker rmi ${DOMAIN}/school/base:1 && docker load -i saved.tar`);
    expect(await lab.ok(`run --rm ${DOMAIN}/school/base:1 cat /one`)).toBe('one');
    await lab.ok('rmi -f built-0 built-1');
    await lab.ok(['image', 'rm', '-f', `${DOMAIN}/school/base:1`]);
    await lab.ok(`pull -q ${DOMAIN}/school/base:1`);
    await lab.ok('run -d -p 5000:5000 --name registry registry:2');
    await lab.ok(`tag ${DOMAIN}/school/base:1 localhost:5000/base`);
    await eventually(() => lab.docker(['push', 'localhost:5000/base']), ({ code }) => code === 0, 'the push');
    await lab.ok(`rmi ${DOMAIN}/school/base:1 localhost:5000/base`);
    const again = await lab.ok('pull localhost:5000/base');
    for (const layer of layers) expect(again).toContain(layer.slice(7, 19));
    await lab.ok('rm -fv registry');
  });

  test('is known by its certificate, and lets the operator in by password or token; labs never see either', async () => {
    await outside.put('school/private:1', random(1000));
    allow(outside.tls);
    expect(await failure('school/private:1')).toBe(`Error response from daemon: Get "${outside.tls}/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority\n`);
    allow(outside.tls, { ca: `${outside.place}/crt` });
    expect((await pull('school/private:1')).stderr).toBe('');
    for (const way of ['guarded', 'tokens'] as const) {
      const [url, image] = [outside[way], `school/private:${way}`];
      await outside.put(image, random(1000));
      allow(url);
      expect(await failure(image)).toMatch(/no basic auth credentials\n$|unauthorized: incorrect username or password\n$/);
      allow(url, { username: 'operator', passwordFile: `${outside.place}/key` }); // which only root can read
      expect(await failure(image)).toBe('Error response from daemon: the password for this registry cannot be read: whoever runs this Slipway finds more in its log\n');
      allow(url, { username: 'operator', passwordFile: `${outside.place}/crt` });
      expect(await failure(image)).toMatch(/unauthorized: (authentication required|incorrect username or password)\n$/);
      allow(url, { username: 'operator', passwordFile: `${outside.place}/password` });
      expect((await pull(image)).stderr).toBe('');
    }
  });

  test('that breaks off in the midst of a layer is gone on with from there', async () => {
    const { layers: [layer] } = await outside.put('school/broken:1', random(4 * MB));
    let left = 2;
    outside.spoil = (answer, response, { path }) => {
      if (!path.endsWith(layer!) || left-- <= 0) return void answer.pipe(response);
      let seen = 0;
      answer.on('data', (chunk: Buffer) => {
        response.write(chunk);
        if ((seen += chunk.length) > MB) response.destroy();
      });
    };
    expect((await pull('school/broken:1')).stderr).toBe('');
    expect(fetched(layer!).map(({ range }) => range !== undefined)).toEqual([false, true, true]);
  });

  test('that gives other bytes than it promised is not believed, by any of those who wait, and nothing stays', async () => {
    const { layers: [layer] } = await outside.put('school/wrong:1', random(MB));
    const before = shared();
    outside.spoil = (answer, response, { path }) => {
      let at = 0;
      answer.pipe(new Transform({ transform(chunk: Buffer, _encoding, done) {
        const target = 500_000 - at;
        at += chunk.length;
        if (path.endsWith(layer!) && target >= 0 && target < chunk.length) chunk[target] = chunk[target]! ^ 1;
        done(null, chunk);
      } })).pipe(response);
    };
    for (const { code, stderr } of await Promise.all(labs.map(one => pull('school/wrong:1', one)))) expect([code, stderr]).toEqual([1, `filesystem layer verification failed for digest ${layer}\n`]);
    await eventually(unpacking, left => left.length === 0, 'that nothing is unpacked any more');
    expect(shared()).toEqual(before);
    expect(await lab.ok(`images -q ${DOMAIN}/school/wrong`)).toBe('');
    outside.spoil = undefined;
    expect((await pull('school/wrong:1')).stderr).toBe('');
  });

  test('that is slow is seen to get on; who leaves is not missed, and when all have left nothing goes on', async () => {
    const { layers: [layer] } = await outside.put('school/slow:1', random(300_000));
    outside.spoil = (answer, response, { path }) => {
      if (!path.endsWith(layer!)) return void answer.pipe(response);
      void (async () => {
        for await (const chunk of answer as AsyncIterable<Buffer>) for (let at = 0; at < chunk.length && !response.destroyed; at += 20_000) {
          response.write(chunk.subarray(at, at + 20_000));
          await delay(60);
        }
        response.end();
      })();
    };
    const leaving = lab.start(['pull', `${DOMAIN}/school/slow:1`]);
    await eventually(() => fetched(layer!).length, count => count === 1, 'the download begins');
    const staying = labs[1]!.api('POST', `/v1.45/images/create?fromImage=${DOMAIN}/school/slow&tag=1`);
    await delay(200);
    leaving.kill();
    const lines = (await staying).text.trim().split('\r\n').map(line => JSON.parse(line) as { status?: string; progressDetail?: { current: number; total: number } });
    const seen = lines.filter(({ status }) => status === 'Downloading').map(({ progressDetail }) => progressDetail!.current);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(lines.at(-1)!.status).toMatch(/^Status: Downloaded newer image/);
    expect(fetched(layer!)).toHaveLength(1);

    const { layers: [another] } = await outside.put('school/slow:2', random(600_000));
    outside.spoil = (answer, response, { path }) => { if (path.endsWith(another!)) answer.once('data', (chunk: Buffer) => { response.write(chunk); answer.pause(); }); else answer.pipe(response); };
    const alone = lab.start(['pull', `${DOMAIN}/school/slow:2`]);
    await eventually(unpacking, one => one.length === 1, 'that it is unpacked');
    alone.kill();
    await eventually(unpacking, one => one.length === 0, 'that nobody unpacks it');
    outside.spoil = undefined;
    expect((await pull('school/slow:2')).stderr).toBe('');
  });

  test('that is away: what was had stays to be had, what was not is an error in dockerd\'s words', async () => {
    await outside.put('school/kept:1', random(1000));
    await lab.ok(`pull -q ${DOMAIN}/school/kept:1`);
    allow(outside.open);
    await outside.stop();
    try {
      expect((await pull('school/kept:1', labs[1])).stderr).toBe('');
      expect(await failure('school/new:1')).toBe(`Error response from daemon: Get "${outside.open}/v2/": dial tcp ${outside.open.slice(7)}: connect: connection refused\n`);
    } finally {
      await outside.start();
    }
    expect(await failure('school/new:1')).toBe(`Error response from daemon: manifest for ${DOMAIN}/school/new:1 not found: manifest unknown: manifest unknown\n`);
  });

  test('may be another Slipway: its library, in the distribution protocol', async () => {
    const front = createServer((question, response) => {
      request({ socketPath: registrySocket, path: question.url!, method: question.method!, headers: question.headers }, answer => answer.pipe(response.writeHead(answer.statusCode!, answer.headers))).end();
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    try {
      allow(`http://127.0.0.1:${(front.address() as AddressInfo).port}`, { allow: ['library/**'] });
      expect(await lab.ok(`run --rm ${DOMAIN}/library/busybox:latest echo there`)).toBe('there');
      const described = (await lab.api('GET', `/v1.45/distribution/${DOMAIN}/library/busybox/json`)).json() as { Descriptor: { digest: string } };
      expect(described).toMatchObject({ Descriptor: { digest: expect.stringMatching(/^sha256:/) }, Platforms: [{ os: 'linux' }] });
      expect((await lab.api('GET', '/v1.45/distribution/busybox/json')).json()).toMatchObject({ Descriptor: { digest: described.Descriptor.digest } });
    } finally {
      front.closeAllConnections();
      await new Promise(resolve => front.close(resolve));
    }
  });

  test('gives a large layer, which goes on to a registry in the lab, without any of our processes growing by more than a little', { timeout: 60_000 + LARGE_MB * 1000 }, async () => {
    await outside.put('school/warm:1', random(16 * MB)); // code is compiled, pools are filled
    await outside.put('school/huge:1', random(LARGE_MB * MB));
    await lab.ok('pull -q registry:2');
    await lab.ok('run -d -p 5000:5000 --name registry registry:2');
    const through = async (name: string) => {
      await lab.ok(`pull ${DOMAIN}/school/${name}:1`, { patienceMs: LARGE_MB * 1000 });
      await lab.ok(`tag ${DOMAIN}/school/${name}:1 localhost:5000/${name}`);
      await lab.ok(`push localhost:5000/${name}`, { patienceMs: LARGE_MB * 1000 });
    };
    await through('warm');
    const resident = () => readStatus()!.services.map(({ name, pid }) => [name, Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024] as const);
    const before = new Map(resident());
    const most = new Map(before);
    const looking = setInterval(() => { for (const [name, now] of resident()) most.set(name, Math.max(now, most.get(name)!)); }, 50);
    try {
      await through('huge');
    } finally {
      clearInterval(looking);
    }
    for (const [name, size] of most) expect(size - before.get(name)!, `${name}, in MiB`).toBeLessThan(MAY_GROW);
    await lab.ok('rm -fv registry');
    await lab.ok(`rmi ${DOMAIN}/school/huge:1 localhost:5000/huge ${DOMAIN}/school/warm:1 localhost:5000/warm registry:2`);
  });

  test('gives what is allowed, as much as is allowed, and not more', async () => {
    const { layers } = await outside.put('school/large:1', random(400_000));
    expect(await failure('other/thing:1')).toBe(`Error response from daemon: pull access denied for ${DOMAIN}/other/thing, repository does not exist or may require 'docker login': denied: requested access to the resource is denied\nFrom ${DOMAIN} this lab can have school/**.\n`);
    allow(outside.counted, {}, { labBytesPerHour: 1000 });
    expect(await failure('school/large:1')).toMatch(/^toomanyrequests: You have reached your pull rate limit\.\nA lab may have 1kB an hour/);
    allow(outside.counted, {}, { diskBytes: 300_000 });
    // All that is there is in use, or too new to be out of use.
    expect(await failure('school/large:1')).toMatch(/^write: no space left on device\nThe room for images from registries outside is full \(300kB\)/);
    expect(fetched(layers[0]!)).toHaveLength(0);

    // What no lab has any more makes room.
    await outside.put('school/old:1', random(300_000));
    allow(outside.counted);
    await lab.ok(`pull -q ${DOMAIN}/school/old:1`);
    const before = shared();
    for (const one of labs) await one.ok('system prune -af');
    allow(outside.counted, {}, { diskBytes: 3_000_000 });
    expect((await pull('school/large:1')).stderr).toBe('');
    expect(shared().length).toBeLessThan(before.length);
  });

  test('whose image was on its way when a process of ours died is had by asking again, and nothing of before is left', async () => {
    for (const service of all ? ['engine', 'mirror', 'broker'] : ['engine', 'mirror']) {
      const { layers: [layer] } = await outside.put(`school/${service}:1`, random(MB));
      outside.spoil = (answer, response, { path }) => { if (path.endsWith(layer!)) answer.once('data', (chunk: Buffer) => { response.write(chunk); answer.pause(); }); else answer.pipe(response); };
      const before = shared();
      const dying = lab.start(['pull', `${DOMAIN}/school/${service}:1`]);
      await eventually(() => fetched(layer!).length, count => count > 0, 'the download begins');
      await eventually(unpacking, one => one.length === 1, 'that it is unpacked');
      await crash(service);
      outside.spoil = undefined;
      if (service === 'broker') dying.kill(); // it is not missed until the layer is whole
      await dying.ended;
      await eventually(() => lab.docker(['version']), ({ code }) => code === 0, 'the engine');
      await eventually(unpacking, left => left.length === 0, 'that nothing is unpacked any more');
      expect(shared()).toEqual(before);
      expect((await pull(`school/${service}:1`)).stderr).toBe('');
    }
  });
});
