// A registry of the lab's own: from `docker run registry:2` to a pull of what was pushed, in Docker's words. Everything here happens in the
// lab's own network: the registry is a container that the learner has started. The texts are those of dockerd 26.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ShimConnection } from '../../runtime/kernel/shim.ts';
import { createTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';
import { askCapable, CAPABLE, capableLayer } from './archives.ts';
import { token } from './upstream.ts';

const DIGEST = /sha256:[0-9a-f]{64}/g;
const layerIds = (text: string) => text.replace(/^[0-9a-f]{12}: /gm, 'LAYER: ').replace(DIGEST, 'DIGEST').replace(/size: \d+/, 'size: N');

describe.skipIf(dockerd)('a registry in the lab', () => {
  let lab: TestLab;
  const start = async (name: string, port: number, ...options: string[]) => {
    await lab.ok(['run', '-d', '-p', `${port}:5000`, '--name', name, ...options, 'registry:2']);
    await eventually(() => lab.docker(['pull', `localhost:${port}/nothing`]), ({ stderr }) => !/connection refused|EOF|reset/.test(stderr), 'the registry answers');
  };
  beforeAll(async () => {
    lab = await createTestLab('registry', { pull: ['registry:2', 'busybox'] });
    await start('registry', 5000);
  });
  afterAll(() => lab?.dispose());

  test('keeps what was changed, committed and pushed, when container and image are gone', async () => {
    await lab.ok('tag busybox localhost:5000/busybox');
    expect(layerIds(await lab.ok('push localhost:5000/busybox'))).toBe([
      'Using default tag: latest', 'The push refers to repository [localhost:5000/busybox]', 'LAYER: Preparing', 'LAYER: Pushed', 'latest: digest: DIGEST size: N',
    ].join('\n'));
    await lab.ok('rmi localhost:5000/busybox busybox');
    expect(await lab.ok('images -q busybox')).toBe('');
    expect(layerIds(await lab.ok('pull localhost:5000/busybox'))).toBe([
      'Using default tag: latest', 'latest: Pulling from busybox', 'LAYER: Pulling fs layer', 'LAYER: Verifying Checksum', 'LAYER: Download complete', 'LAYER: Pull complete',
      'Digest: DIGEST', 'Status: Downloaded newer image for localhost:5000/busybox:latest', 'localhost:5000/busybox:latest',
    ].join('\n'));
    // The same image may be in the library: its bytes are the lab's own all the same.
    expect(await lab.ok(['inspect', '-f', '{{.GraphDriver.Data.UpperDir}}', 'localhost:5000/busybox'])).toMatch(/^\/var\/lib\/docker\/overlay2\//);

    await lab.ok('run --name changed localhost:5000/busybox touch /root/was-here');
    expect(await lab.ok('diff changed')).toBe('C /root\nA /root/was-here');
    await lab.ok('commit changed localhost:5000/busybox');
    expect(layerIds(await lab.ok('push localhost:5000/busybox')).split('\n').slice(2).sort()).toEqual(['LAYER: Layer already exists', 'LAYER: Preparing', 'LAYER: Preparing', 'LAYER: Pushed', 'latest: digest: DIGEST size: N']);
    await lab.ok('rm changed');
    for (const image of new Set((await lab.ok('images -q localhost:5000/busybox')).split('\n'))) await lab.ok(['rmi', '-f', image]);
    expect((await lab.docker(['run', '--rm', '--pull', 'never', 'localhost:5000/busybox', 'true'])).code).toBe(125);
    await lab.ok('pull localhost:5000/busybox');
    expect(await lab.ok('run --rm localhost:5000/busybox ls /root')).toBe('was-here');
  });

  test('is up to date when there is nothing new, and takes over layers from a neighbour', async () => {
    expect((await lab.ok('pull localhost:5000/busybox')).split('\n').at(-2)).toBe('Status: Image is up to date for localhost:5000/busybox:latest');
    await lab.ok('tag localhost:5000/busybox localhost:5000/me/second:v2');
    const first = (await lab.ok('push localhost:5000/me/second:v2')).split('\n');
    expect(first.filter(line => line.endsWith(': Mounted from busybox'))).toHaveLength(2);
    const again = (await lab.ok('push localhost:5000/me/second:v2')).split('\n');
    expect(again.filter(line => line.endsWith(': Layer already exists'))).toHaveLength(2);
    expect(again.at(-1)).toBe(first.at(-1));
    await lab.ok('tag localhost:5000/busybox localhost:5000/me/second:v3');
    const all = (await lab.ok('push -a localhost:5000/me/second')).split('\n');
    expect(all.filter(line => / digest: /.test(line)).map(line => line.split(':')[0])).toEqual(['v2', 'v3']);
    await lab.ok('rmi localhost:5000/me/second:v2 localhost:5000/me/second:v3');
    expect((await lab.ok('pull -a localhost:5000/me/second')).split('\n').at(-1)).toBe('localhost:5000/me/second');
    expect((await lab.ok(['images', '--format', '{{.Tag}}', 'localhost:5000/me/second'])).split('\n').sort()).toEqual(['v2', 'v3']);
    const digest = DIGEST.exec(again.at(-1)!)![0];
    DIGEST.lastIndex = 0;
    expect(await lab.ok(['pull', '-q', `localhost:5000/me/second@${digest}`])).toBe(`localhost:5000/me/second@${digest}`);
  });

  test('refuses in dockerd\'s words', async () => {
    const failure = async (...args: string[]) => {
      const { code, stdout, stderr } = await lab.docker(args);
      return [code, stdout.split('\n').at(-2) ?? '', stderr];
    };
    expect(await failure('pull', 'localhost:5000/nope')).toEqual([1, 'Using default tag: latest', 'Error response from daemon: manifest for localhost:5000/nope:latest not found: manifest unknown: manifest unknown\n']);
    expect(await failure('pull', 'localhost:5001/x')).toEqual([1, 'Using default tag: latest', 'Error response from daemon: Get "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused\n']);
    expect(await failure('push', 'localhost:5000/absent')).toEqual([1, 'The push refers to repository [localhost:5000/absent]', 'An image does not exist locally with the tag: localhost:5000/absent\n']);
    await lab.ok('tag localhost:5000/busybox localhost:5001/x');
    expect(await failure('push', 'localhost:5001/x')).toEqual([1, 'The push refers to repository [localhost:5001/x]', 'Get "http://localhost:5001/v2/": dial tcp 127.0.0.1:5001: connect: connection refused\n']);
    await lab.ok('tag localhost:5000/busybox mine');
    expect(await failure('push', 'mine')).toEqual([1, 'The push refers to repository [docker.io/library/mine]', expect.stringMatching(/^denied: requested access to the resource is denied\nThis lab/)]);
    expect(await failure('pull', '--platform', 'linux/s390x', 'localhost:5000/busybox')).toEqual([1, 'Using default tag: latest', expect.stringMatching(/was found but does not match the specified platform: wanted linux\/s390x, actual: linux\//)]);
  });

  test('with a password lets in who has logged in, until they log out', async () => {
    // alice, with the password "secret"
    await lab.ok(['volume', 'create', 'auth']);
    await lab.ok(['run', '--rm', '-v', 'auth:/auth', 'registry:2', 'sh', '-c', `perl -e 'print "alice:", crypt("secret", q($2y$05$abcdefghijklmnopqrstuu)), "\\n"' > /auth/htpasswd`]);
    await start('guarded', 5002, '-v', 'auth:/auth', '-e', 'REGISTRY_AUTH=htpasswd', '-e', 'REGISTRY_AUTH_HTPASSWD_REALM=here', '-e', 'REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd');
    await lab.ok('tag localhost:5000/busybox localhost:5002/box');
    expect((await lab.docker(['push', 'localhost:5002/box'])).stderr).toBe('no basic auth credentials\n');
    expect((await lab.docker(['pull', 'localhost:5002/box'])).stderr).toBe('Error response from daemon: Head "http://localhost:5002/v2/box/manifests/latest": no basic auth credentials\n');
    const login = (password: string) => lab.docker(['login', '-u', 'alice', '--password-stdin', 'localhost:5002'], { stdin: password });
    expect(await login('wrong')).toMatchObject({ code: 1, stderr: 'Error response from daemon: login attempt to http://localhost:5002/v2/ failed with status: 401 Unauthorized\n' });
    expect(await login('secret')).toMatchObject({ code: 0, stdout: 'Login Succeeded\n' });
    // What was pulled is kept as it came, and goes on as that, unless somebody has put something else in its place.
    const kept = '/d/overlay2/*/layer.tar.gz';
    const at = (script: string) => lab.ok(['run', '--rm', '-v', '/var/lib/docker:/d', 'busybox', 'sh', '-c', script]);
    await at(`for f in ${kept}; do mv "$f" "$f.own"; echo other | gzip > "$f"; done`);
    expect((await lab.docker(['push', 'localhost:5002/box'])).stderr).toMatch(/^layer sha256:[0-9a-f]{64} is no longer what it was: its files have been changed\n$/);
    await at(`for f in ${kept}; do mv "$f.own" "$f"; done`);
    const manifest = (words: string) => words.match(DIGEST)!.at(-1);
    expect(manifest(await lab.ok('push localhost:5002/box'))).toBe(manifest(await lab.ok('push localhost:5000/busybox')));
    expect((await lab.ok('pull localhost:5002/box')).split('\n').at(-1)).toBe('localhost:5002/box:latest');
    expect(await lab.ok('logout localhost:5002')).toBe('Removing login credentials for localhost:5002');
    expect((await lab.docker(['push', 'localhost:5002/box'])).stderr).toBe('no basic auth credentials\n');
  });

  test('with tokens lets in who has logged in, as far as their token reaches', async () => {
    const place = mkdtempSync(join(tmpdir(), 'slipway-tokens-'));
    let serving: ShimConnection | undefined;
    try {
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=tokens', '-keyout', join(place, 'key'), '-out', join(place, 'crt')], { stdio: 'ignore' });
      const grant = (...access: object[]) => token(join(place, 'key'), join(place, 'crt'), access);
      await lab.ok(['run', '--rm', '-v', 'tokens:/t', 'busybox', 'sh', '-c', 'printf %s "$1" > /t/crt', 'sh', readFileSync(join(place, 'crt'), 'utf8')]);
      // Alice may do all with mine, and read theirs.
      const server = `use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 9, LocalPort => 5300, ReuseAddr => 1) or die; while (my $c = $s->accept) { my ($q, $who) = (scalar <$c>, '');
        while (<$c>) { last if /^\\r?$/; $who = $1 if /^authorization: basic (\\S+)/i } my $ok = $who eq $ARGV[0]; my $t = $q =~ /mine/ ? $ARGV[1] : $q =~ /theirs/ ? $ARGV[2] : $ARGV[3];
        my $b = $ok ? qq({"token":"$t"}) : '{"errors":[{"code":"UNAUTHORIZED","message":"incorrect username or password"}]}';
        printf $c "HTTP/1.1 %s\\r\\nContent-Type: application/json\\r\\nContent-Length: %d\\r\\nConnection: close\\r\\n\\r\\n%s", $ok ? '200 OK' : '401 No', length $b, $b; close $c }`;
      const all = ['pull', 'push'];
      const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/usr/bin/perl', '-e', server.replaceAll('\\\\', '\\'), Buffer.from('alice:secret').toString('base64'), grant({ type: 'repository', name: 'mine', actions: all }), grant({ type: 'repository', name: 'theirs', actions: ['pull'] }), grant()] });
      serving = await ShimConnection.open(socketPath);
      serving.go();
      const option = (name: string, value: string) => ['-e', `REGISTRY_AUTH_TOKEN_${name}=${value}`];
      await start('tokens', 5301, '-v', 'tokens:/t', '-e', 'REGISTRY_AUTH=token', ...option('REALM', 'http://localhost:5300/token'), ...option('SERVICE', 'outside'), ...option('ISSUER', 'outside'), ...option('ROOTCERTBUNDLE', '/t/crt'));
      const login = (password: string) => lab.docker(['login', '-u', 'alice', '--password-stdin', 'localhost:5301'], { stdin: password });
      for (const name of ['mine', 'theirs']) await lab.ok(`tag localhost:5000/busybox localhost:5301/${name}`);
      const said = async (...args: string[]) => (await lab.docker(args)).stderr;
      expect(await said('pull', 'localhost:5301/mine')).toBe('Error response from daemon: Head "http://localhost:5301/v2/mine/manifests/latest": unauthorized: incorrect username or password\n');
      expect(await login('wrong')).toMatchObject({ code: 1, stderr: 'Error response from daemon: Get "http://localhost:5301/v2/": unauthorized: incorrect username or password\n' });
      expect(await login('secret')).toMatchObject({ code: 0, stdout: 'Login Succeeded\n' });
      expect((await lab.ok('push localhost:5301/mine')).split('\n').at(-1)).toMatch(/^latest: digest: /);
      expect(await said('push', 'localhost:5301/theirs')).toBe('denied: requested access to the resource is denied\n');
      expect(await said('pull', 'localhost:5301/theirs')).toBe('Error response from daemon: manifest for localhost:5301/theirs:latest not found: manifest unknown: manifest unknown\n');
      expect(await said('pull', 'localhost:5301/others')).toBe('Error response from daemon: pull access denied for localhost:5301/others, repository does not exist or may require \'docker login\': denied: requested access to the resource is denied\n');
      expect(await lab.ok('pull localhost:5301/mine')).toContain('Status: Image is up to date');
      expect(await lab.ok('logout localhost:5301')).toBe('Removing login credentials for localhost:5301');
      expect(await said('push', 'localhost:5301/mine')).toBe('unauthorized: incorrect username or password\n');
    } finally {
      serving?.signal(9);
      serving?.close();
      rmSync(place, { recursive: true });
    }
  });

  test('shows its manifests to the client itself', async () => {
    const inspect = (...args: string[]) => lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/usr/bin/docker', 'manifest', 'inspect', ...args] }).then(({ socketPath }) => outputOf(socketPath));
    const digest = DIGEST.exec(await lab.ok('pull localhost:5000/busybox'))![0];
    DIGEST.lastIndex = 0;
    expect(`sha256:${createHash('sha256').update(JSON.stringify(JSON.parse(await inspect('--insecure', 'localhost:5000/busybox')), null, 3)).digest('hex')}`).toBe(digest);
    expect(await inspect('localhost:5000/busybox')).toContain('no such manifest: localhost:5000/busybox:latest'); // the client's own word for one that has no TLS
    expect(await inspect('--insecure', 'localhost:5000/nope')).toContain('no such manifest: localhost:5000/nope');
  });

  test('whose bytes are not what their digest names is not believed, and nothing of them stays', async () => {
    await lab.ok(['run', '--name', 'spoiled', 'localhost:5000/busybox', 'dd', 'if=/dev/urandom', 'of=/random', 'bs=1k', 'count=300']);
    await lab.ok('commit spoiled localhost:5000/spoiled');
    await lab.ok('push localhost:5000/spoiled');
    await lab.ok('rm spoiled');
    await lab.ok('rmi localhost:5000/spoiled');
    const blobs = '/var/lib/registry/docker/registry/v2/blobs/sha256';
    await lab.ok(['exec', 'registry', 'sh', '-c', `f=$(find ${blobs} -name data -size +250k -size -400k) && printf x | dd of="$f" bs=1 seek=150000 conv=notrunc`]);
    const disk = () => lab.ok(['run', '--rm', '-v', '/var/lib/docker:/d', 'busybox', 'sh', '-c', 'ls /d/tmp; ls -d /d/overlay2/????????????????????????']);
    await lab.ok('pull -q busybox');
    const before = await disk();
    const { code, stderr } = await lab.docker(['pull', 'localhost:5000/spoiled']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^filesystem layer verification failed for digest sha256:[0-9a-f]{64}\n$/)]);
    expect(await disk()).toBe(before);
    expect(await lab.ok('images -q localhost:5000/spoiled')).toBe('');
  });

  test('is not sent a layer whose files somebody has changed', async () => {
    await lab.ok(['run', '--name', 'tampered', 'localhost:5000/busybox', 'sh', '-c', 'echo one > /evidence']);
    await lab.ok('commit tampered localhost:5000/tampered');
    await lab.ok(['run', '--rm', '-v', '/var/lib/docker:/d', 'busybox', 'sh', '-c', 'for f in /d/overlay2/????????????????????????/diff/evidence; do echo two > "$f"; done']);
    const { code, stderr } = await lab.docker(['push', 'localhost:5000/tampered']);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^layer sha256:[0-9a-f]{64} is no longer what it was: its files have been changed\n$/)]);
    expect((await lab.docker(['pull', 'localhost:5000/tampered'])).stderr).toContain('not found');
    await lab.ok('rm tampered');
    expect(await lab.ok(['run', '--rm', '-v', '/var/lib/docker:/d', 'busybox', 'ls', '/d/tmp'])).toBe('');
  });

  test('that leads elsewhere, by its name, a redirect, a realm, a place to upload to or the address of a layer, leads to places of the lab only', async () => {
    let reached = 0;
    const machine = createServer(socket => { reached++; socket.destroy(); }).listen(0, '::');
    await new Promise(resolve => machine.once('listening', resolve));
    const { port } = machine.address() as AddressInfo;
    const own = Object.values(networkInterfaces()).flat().filter(one => one?.family === 'IPv4' && !one.internal).map(one => one!.address);
    const targets = ['127.0.0.1', 'localhost', '[::1]', '0.0.0.0', '169.254.169.254', ...own.slice(0, 1)].map(address => `${address}:${port}`);
    const config = '{"architecture":"amd64","os":"linux","rootfs":{"type":"layers","diff_ids":["sha256:' + 'a'.repeat(64) + '"]}}';
    const layer = { mediaType: 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', size: 10, digest: `sha256:${'b'.repeat(64)}`, urls: targets.map(target => `http://${target}/layer`) };
    const manifest = JSON.stringify({ schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json', config: { mediaType: 'application/vnd.docker.container.image.v1+json', size: config.length, digest: `sha256:${createHash('sha256').update(config).digest('hex')}` }, layers: [layer] });
    const answer = (head: string, body = '') => `HTTP/1.1 ${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`;
    /** Whatever port it is asked at, the target with that number is where it leads. */
    const server = `use IO::Socket::INET; my @t = @ARGV; for my $n (0 .. $#t) { next if fork; my $s = IO::Socket::INET->new(Listen => 9, LocalPort => 5100 + $n, ReuseAddr => 1) or die;
      while (my $c = $s->accept) { recv $c, my $b, 1, 2; if (ord $b == 22) { close $c; next } my $q = <$c>; while (<$c>) { last if /^\r?$/ } my ($m, $p) = split / /, $q; my $t = $t[$n]; my $a;
        if ($p =~ m{/r/manifests}) { $a = ${JSON.stringify(answer('307 Elsewhere\r\nLocation: http://TARGET/v2/r')).replaceAll('TARGET', '$t')} }
        elsif ($p =~ m{/f/manifests}) { $a = $ENV{MANIFEST} } elsif ($p =~ m{/f/blobs}) { $a = $ENV{CONFIG} }
        elsif ($p =~ m{/p/blobs/uploads}) { $a = ${JSON.stringify(answer('202 Accepted\r\nLocation: http://TARGET/upload')).replaceAll('TARGET', '$t')} } elsif ($p =~ m{/p/blobs}) { $a = ${JSON.stringify(answer('404 Not Found'))} }
        elsif ($p =~ m{^/v2/$} && $n % 2) { $a = ${JSON.stringify(answer('401 Who\r\nWWW-Authenticate: Bearer realm="http://TARGET/token",service="x"')).replaceAll('TARGET', '$t')} } else { $a = ${JSON.stringify(answer('200 OK'))} }
        print $c $a; close $c } } sleep 1000`;
    const { socketPath } = await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/usr/bin/env', `MANIFEST=${answer('200 OK\r\nContent-Type: application/vnd.docker.distribution.manifest.v2+json', manifest)}`, `CONFIG=${answer('200 OK', config)}`, '/usr/bin/perl', '-e', server, ...targets] });
    const serving = await ShimConnection.open(socketPath);
    try {
      serving.go();
      await eventually(() => lab.docker(['pull', `localhost:${5100 + targets.length - 1}/x`]), ({ stderr }) => !/:51\d\d: connect: connection refused/.test(stderr), 'the server in the lab answers');
      await lab.ok('pull -q busybox');
      const said = (await Promise.all(targets.flatMap((target, n) => [
        lab.docker(['pull', `${target}/x`]), lab.docker(['login', '-u', 'me', '-p', 'secret', target]), lab.docker(['pull', `localhost:${5100 + n}/r`]), lab.docker(['pull', `localhost:${5100 + n}/f`]),
        lab.ok(`tag busybox localhost:${5100 + n}/p`).then(() => lab.docker(['push', `localhost:${5100 + n}/p`])),
      ]))).map(({ code, stderr }) => [code, stderr.split('\n')[0]!] as const);
      for (const [code, line] of said) expect(code, line).toBe(1);
      // It was the lab's own loopback that was tried, and nothing listens there.
      expect(said.filter(([, line]) => line.includes(`127.0.0.1:${port}: connect: connection refused`)).length).toBeGreaterThan(5);
      expect(reached).toBe(0);
      await fetch(`http://127.0.0.1:${port}`).catch(() => {});
      expect(reached, 'the machine itself reaches it').toBe(1);
    } finally {
      serving.signal(9);
      serving.close();
      machine.close();
    }
  });

  test('is left in the middle of a pull, by who goes away or by its own death: nothing stays, and the next pull is whole', async () => {
    await lab.ok(['run', '--name', 'large', 'localhost:5000/busybox', 'dd', 'if=/dev/urandom', 'of=/large', 'bs=1M', 'count=30']);
    await lab.ok('commit large localhost:5000/large');
    await lab.ok('push localhost:5000/large');
    await lab.ok('rm large');
    await lab.ok('rmi localhost:5000/large');
    const disk = () => lab.ok(['run', '--rm', '-v', '/var/lib/docker:/d', 'busybox', 'sh', '-c', 'ls /d/tmp; ls -d /d/overlay2/????????????????????????']);
    const before = await disk();
    const leaving = lab.start(['pull', 'localhost:5000/large']);
    await eventually(() => leaving.output.stdout, text => text.includes('Pulling fs layer'), 'the pull begins');
    leaving.kill();
    await leaving.ended;
    await eventually(disk, now => now === before, 'what was begun is taken away');

    const dying = lab.start(['pull', 'localhost:5000/large']);
    await eventually(() => dying.output.stdout, text => text.includes('Pulling fs layer'), 'the pull begins');
    await lab.ok('kill registry');
    expect(await dying.ended).toMatchObject({ code: 1, stderr: expect.stringMatching(/connection refused\n$/) });
    expect(await disk()).toBe(before);
    await lab.ok('start registry');
    await eventually(() => lab.docker(['pull', 'localhost:5000/nothing']), ({ stderr }) => !/connection refused|EOF|reset/.test(stderr), 'the registry answers');
    await lab.ok('pull localhost:5000/large');
    expect(await lab.ok('run --rm localhost:5000/large stat -c %s /large')).toBe(String(30 << 20));
  });

  test('with TLS is believed by name when the lab knows its certificate, and at localhost without', async () => {
    const place = mkdtempSync(join(tmpdir(), 'slipway-tls-'));
    try {
      execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=registry.lab', '-addext', 'subjectAltName=DNS:registry.lab', '-keyout', join(place, 'key'), '-out', join(place, 'crt')], { stdio: 'ignore' });
      const [key, certificate] = ['key', 'crt'].map(name => readFileSync(join(place, name), 'utf8')) as [string, string];
      await lab.ok(['run', '--rm', '-v', 'tls:/tls', 'busybox', 'sh', '-c', 'printf %s "$1" > /tls/key; printf %s "$2" > /tls/crt', 'sh', key, certificate]);
      await start('secure', 5443, '-v', 'tls:/tls', '-e', 'REGISTRY_HTTP_TLS_CERTIFICATE=/tls/crt', '-e', 'REGISTRY_HTTP_TLS_KEY=/tls/key');
      await lab.ok('tag localhost:5000/busybox localhost:5443/box');
      expect((await lab.ok('push localhost:5443/box', { client: 28 })).split('\n').at(-1)).toMatch(/^latest: digest: /);

      const inHost = (script: string, ...args: string[]) => lab.ok(['run', '--rm', '-v', '/etc:/e', 'busybox', 'sh', '-c', script, 'sh', ...args]);
      const pull = () => lab.docker(['pull', 'registry.lab:5443/box'], { client: 28 });
      expect((await pull()).stderr).toMatch(/^Error response from daemon: Get "https:\/\/registry\.lab:5443\/v2\/": dial tcp: lookup registry\.lab: no such host\n/);
      await inHost('echo "172.17.0.1 registry.lab" >> /e/hosts');
      expect((await pull()).stderr).toBe('Error response from daemon: Get "https://registry.lab:5443/v2/": tls: failed to verify certificate: x509: certificate signed by unknown authority\n');
      await inHost('mkdir -p /e/docker/certs.d/registry.lab:5443 && printf %s "$1" > /e/docker/certs.d/registry.lab:5443/ca.crt', certificate);
      expect((await pull()).stdout.trim().split('\n').at(-1)).toBe('registry.lab:5443/box:latest');
    } finally {
      rmSync(place, { recursive: true });
    }
  });

  test('keeps capabilities and attributes of files', async () => {
    await lab.ok('import - localhost:5000/capable', { stdin: await capableLayer() });
    await lab.ok('push -q localhost:5000/capable');
    const layers = () => lab.ok(['image', 'inspect', '-f', '{{json .RootFS.Layers}}', 'localhost:5000/capable']);
    const pushed = await layers();
    await lab.ok('rmi localhost:5000/capable');
    await lab.ok('pull -q localhost:5000/capable');
    expect([await layers(), await lab.ok(askCapable('localhost:5000/capable'))]).toEqual([pushed, CAPABLE]);
  });

  test('is asked about an image without pulling it, and the library is searched', async () => {
    expect((await lab.api('GET', '/v1.45/distribution/localhost:5000/busybox/json')).json()).toMatchObject({
      Descriptor: { mediaType: 'application/vnd.docker.distribution.manifest.v2+json', digest: expect.stringMatching(DIGEST) }, Platforms: [{ os: 'linux' }],
    });
    const found = (await lab.ok(['search', '--no-trunc', '--format', '{{.Name}}: {{.Description}}', 'regis'])).split('\n');
    expect(found).toEqual([expect.stringMatching(/^registry: A registry/)]);
  });
});
