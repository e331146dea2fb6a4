// /etc/docker/daemon.json of a lab: what it changes, when, and what is said of the rest. The programs are those that a learner would use.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestLab, dockerd, eventually, outputOf, type TestLab } from './lab.ts';

describe.skipIf(dockerd)('daemon.json', () => {
  let lab: TestLab;
  const shell = async (script: string) => (await outputOf((await lab.engine.call('exec', { lab: lab.lab!.id, host: 'h1', argv: ['/bin/bash', '-c', script] })).socketPath)).replaceAll('\r', '').trim();
  const write = (config: unknown) => shell(`mkdir -p /etc/docker; cat > /etc/docker/daemon.json <<'END'\n${typeof config === 'string' ? config : JSON.stringify(config)}\nEND`);
  const info = async (field: string) => lab.ok(['info', '--format', `{{${field}}}`]);
  const state = (name: string) => lab.ok(['inspect', '-f', '{{.State.Status}} {{.State.StartedAt}}', name]);
  beforeAll(async () => { lab = await createTestLab('daemon', { pull: ['busybox'] }); });
  afterAll(() => lab?.dispose());

  test('nothing changes before the daemon is told to look; reload takes on what dockerd would, restart everything', async () => {
    await write({ 'log-driver': 'local', labels: ['room=4'], debug: true, 'default-shm-size': '16M', 'default-ulimits': { nofile: { Name: 'nofile', Soft: 100, Hard: 200 } }, dns: ['192.0.2.53'], init: true, 'no-new-privileges': true,
      'default-address-pools': [{ base: '10.77.0.0/16', size: 24 }], 'insecure-registries': ['reg.lab:5000', '10.0.0.0/8'], 'registry-mirrors': ['https://mirror.example'] });
    expect(await info('.LoggingDriver}} {{.Labels}} {{.Debug')).toBe('json-file [] false');
    const reloaded = await shell('systemctl reload docker 2>&1');
    expect(reloaded).toContain('in effect: labels, debug, insecure-registries');
    expect(reloaded).toContain('log-driver, default-shm-size, default-ulimits, dns, init, no-new-privileges, default-address-pools: in effect after a restart');
    expect(await info('.LoggingDriver}} {{.Labels}} {{.Debug}} {{.RegistryConfig.InsecureRegistryCIDRs}} {{.RegistryConfig.Mirrors}} {{(index .RegistryConfig.IndexConfigs "reg.lab:5000").Secure')).toBe('json-file [room=4] true [10.0.0.0/8 127.0.0.0/8] [https://mirror.example/] false');
    const events = await lab.api('GET', `/v1.45/events?since=1&until=${Date.now() / 1000}&filters=${encodeURIComponent('{"type":["daemon"]}')}`);
    expect(events.json()).toMatchObject({ Type: 'daemon', Action: 'reload', Actor: { Attributes: { labels: '["room=4"]', debug: 'true' } } });

    await lab.ok('run -d --init --name plain busybox sleep 1000');
    await lab.ok('run -d --init --name back --restart always busybox sleep 1000');
    const before = await state('back');
    expect(await shell('service docker restart 2>&1')).toMatch(/in effect: log-driver.*\nregistry-mirrors has no effect but on docker info/);
    expect(await state('plain')).toContain('exited');
    await eventually(() => state('back'), now => now.startsWith('running') && now !== before, 'the start by its policy');
    expect(await info('.LoggingDriver')).toBe('local');
    expect(await lab.ok(['inspect', '-f', '{{.HostConfig.LogConfig.Type}}', 'plain'])).toBe('json-file');

    expect(await lab.ok(['run', '--name', 'new', 'busybox', 'sh', '-c', 'ulimit -Sn; ulimit -Hn; df -m /dev/shm | tail -1 | awk "{print \\$2}"; grep -o 192.0.2.53 /etc/resolv.conf; cat /proc/1/comm; grep NoNewPrivs /proc/self/status'])).toBe('100\n200\n16\n192.0.2.53\ndocker-init\nNoNewPrivs:\t1');
    expect(await lab.ok(['inspect', '-f', '{{.HostConfig.LogConfig.Type}} {{.HostConfig.ShmSize}} {{.HostConfig.Ulimits}} {{.HostConfig.Dns}}', 'new'])).toBe('local 16777216 [] []');
    expect(await lab.ok('run --rm --ulimit nofile=50:60 --shm-size 8m --init=false --log-driver json-file busybox sh -c ulimit${IFS}-Sn;cat${IFS}/proc/1/comm')).toBe('50\ncat');
    expect(await lab.ok(['exec', 'back', 'sh', '-c', 'ulimit -Sn'])).toBe('100');
    await lab.ok('network create pooled');
    await lab.ok('network create second');
    expect(await lab.ok(['network', 'inspect', '-f', '{{(index .IPAM.Config 0).Subnet}}', 'pooled', 'second'])).toBe('10.77.0.0/24\n10.77.1.0/24');
    await lab.ok('network rm pooled second');
  });

  test('with live-restore containers go on', async () => {
    await write({ 'live-restore': true });
    await shell('systemctl restart docker');
    await lab.ok('rm -f plain back new');
    await lab.ok('run -d --name goes-on busybox sleep 1000');
    const before = await state('goes-on');
    await write({ 'live-restore': true, labels: ['again=1'] });
    expect(await shell('systemctl restart docker 2>&1')).toBe('in effect: live-restore, labels');
    expect([await state('goes-on'), await info('.LiveRestoreEnabled}} {{.Labels')]).toEqual([before, 'true [again=1]']);
  });

  test('a registry without TLS that has a name of its own is spoken to once it is among the insecure ones, by name or by block', async () => {
    await lab.ok('pull -q registry:2');
    await lab.ok('run -d --name reg -p 5000:5000 registry:2');
    await shell(`echo -e "${await lab.ok(['inspect', '-f', '{{.NetworkSettings.IPAddress}}', 'reg'])} reg.lab other.lab\\n127.0.0.1 near.lab" >> /etc/hosts`);
    await lab.ok('tag busybox reg.lab:5000/mine');
    const push = () => lab.docker(['push', '-q', 'reg.lab:5000/mine']);
    const refused = (name: string) => expect.objectContaining({ code: 1, stderr: expect.stringMatching(new RegExp(`^(Error response from daemon: )?Get "https://${name}:5000/v2/": http: server gave HTTP response to HTTPS client\n$`)) });
    expect(await eventually(push, ({ stderr }) => !/connection refused/.test(stderr), 'the registry answers')).toEqual(refused('reg.lab'));
    await write({ 'live-restore': true, 'insecure-registries': ['reg.lab:5000'] });
    await shell('systemctl reload docker');
    expect(await push()).toMatchObject({ code: 0, stdout: 'reg.lab:5000/mine:latest\n' });
    expect(await lab.docker(['pull', 'other.lab:5000/mine'])).toEqual(refused('other.lab'));
    await write({ 'live-restore': true, 'insecure-registries': ['172.17.0.0/16'] });
    await shell('systemctl reload docker');
    expect(await lab.ok('pull -q other.lab:5000/mine')).toBe('other.lab:5000/mine:latest');
    await write({ 'live-restore': true, labels: ['again=1'] });
    await shell('systemctl reload docker');
    expect(await push()).toEqual(refused('reg.lab'));
    expect(await lab.ok('pull -q near.lab:5000/mine')).toBe('near.lab:5000/mine:latest'); // 127.0.0.0/8 is one of them by itself
    await lab.ok('rm -f reg');
  });

  test('a file that dockerd would not start with changes nothing, and is told in its words; only root may', async () => {
    await write('{"debug": true,}');
    const refused = 'unable to configure the Docker daemon with file /etc/docker/daemon.json: invalid character \'}\' looking for beginning of object key string';
    expect(await shell('systemctl restart docker 2>&1; echo $?; dockerd --validate 2>&1; echo $?')).toBe(`${refused}\n1\n${refused}\n1`);
    expect(await info('.Labels}} {{.Debug')).toBe('[again=1] false');
    expect(await shell('echo \'{"data-root":"/x"}\' > /tmp/other.json; dockerd --validate --config-file /tmp/other.json 2>&1; echo "{}" | tee /tmp/other.json >/dev/null; dockerd --validate --config-file=/tmp/other.json 2>&1')).toBe('unable to configure the Docker daemon with file /tmp/other.json: data-root: images and containers of this host are at /var/lib/docker\nconfiguration OK');
    expect(await shell('su - learner -c "systemctl restart docker 2>&1"; systemctl restart nginx 2>&1 | head -1; systemctl is-active docker')).toBe('docker: this takes root: try sudo\nSystem has not been booted with systemd as init system (PID 1). Can\'t operate.\nactive');
    await shell('rm /etc/docker/daemon.json; mkdir /etc/docker/daemon.json');
    expect(await shell('systemctl reload docker 2>&1')).toContain('cannot be read');
    await shell('rmdir /etc/docker/daemon.json; head -c 40000 /dev/zero | tr "\\0" " " > /etc/docker/daemon.json');
    expect(await shell('systemctl reload docker 2>&1')).toContain('it may have 32768 bytes');
  });

  test('it is read again when the host boots', async () => {
    await lab.ok('rm -f goes-on');
    await write({ labels: ['boot=1'] });
    await lab.engine.call('suspendLab', { lab: lab.lab!.id });
    await lab.engine.call('resumeLab', { lab: lab.lab!.id });
    expect(await info('.Labels}} {{.LiveRestoreEnabled')).toBe('[boot=1] false');
  });
});
