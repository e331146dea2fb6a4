// What a user-defined network's options do to packets, and what a container's names do when it is renamed; as dockerd 26.1.5 has it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLab, dockerd, eventually, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('network-options', { profile: 'full', pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const up = (...args: string[]) => lab.ok(['run', '-d', ...args, 'busybox', 'sleep', '1000']);
const sh = (name: string, script: string) => lab.docker(['exec', name, 'sh', '-c', script]);
/** As root of the host, with its own programs. */
const onHost = (script: string) => lab.docker(['run', '--rm', '--privileged', '--network', 'host', '-v', '/:/host', 'busybox', 'chroot', '/host', 'sh', '-c', script]);
const pings = async (from: string, to: string) => (await sh(from, `ping -c1 -W1 ${to}`)).code === 0;

test('containers do not see each other where inter-container communication is off, but see the gateway', async () => {
  await lab.ok('network create -o com.docker.network.bridge.enable_icc=false --subnet 10.72.0.0/24 apart');
  await up('--name', 'apart1', '--network', 'apart');
  await up('--name', 'apart2', '--network', 'apart');
  expect([await pings('apart1', 'apart2'), await pings('apart2', '10.72.0.2'), await pings('apart1', '10.72.0.1')]).toEqual([false, false, true]);
  await lab.ok('rm -f apart1 apart2');
  await lab.ok('network rm apart');
});

test('the MTU asked for is that of both ends and of the bridge', async () => {
  await lab.ok('network create -o com.docker.network.driver.mtu=1234 small');
  await up('--name', 'small1', '--network', 'small');
  expect((await sh('small1', 'cat /sys/class/net/eth0/mtu')).stdout.trim()).toBe('1234');
  expect((await sh('small1', 'ping -c1 -W2 -s 3000 small1')).code).toBe(0);
  await lab.ok('rm -f small1');
  await lab.ok('network rm small');
});

test('a renamed container answers to its new name and alias at once, and no longer to the old one', async () => {
  await lab.ok('network create renamed');
  await up('--name', 'asker', '--network', 'renamed');
  await up('--name', 'before', '--network', 'renamed', '--network-alias', 'alias');
  await lab.ok('rename before after');
  expect([await pings('asker', 'after'), await pings('asker', 'alias'), await pings('asker', 'before')]).toEqual([true, true, false]);
  expect(JSON.parse(await lab.ok(['inspect', '-f', '{{json .NetworkSettings.Networks.renamed.DNSNames}}', 'after']))).toEqual(['after', 'alias', expect.stringMatching(/^[0-9a-f]{12}$/)]);
  await lab.ok('rm -f after asker');
  await lab.ok('network rm renamed');
});

test('-P publishes every exposed port, of the image and of the command, at free ports', async () => {
  const id = await lab.ok(['run', '-d', '-P', '--expose', '81', '--expose', '90-91/udp', 'busybox', 'sleep', '1000']);
  const lines = (await lab.ok(['port', id])).split('\n').filter(line => !line.includes('[::]'));
  expect(lines.map(line => line.replace(/\d+$/, 'PORT'))).toEqual(['81/tcp -> 0.0.0.0:PORT', '90/udp -> 0.0.0.0:PORT', '91/udp -> 0.0.0.0:PORT']);
  const ports = lines.map(line => Number(/\d+$/.exec(line)![0]));
  expect(ports.every(port => port >= 32_768 && port <= 60_999)).toBe(true);
  await lab.ok(['rm', '-f', id]);
});

test('a container can take the address of one that has gone', async () => {
  await lab.ok('network create --subnet 10.73.0.0/29 tight');
  for (let round = 0; round < 8; round++) expect(await lab.ok('run --rm --network tight --ip 10.73.0.6 busybox hostname -i')).toBe('10.73.0.6');
  await lab.ok('network rm tight');
});

test.skipIf(dockerd)('a published port is held on IPv4 and IPv6, reached by both, and let go', async () => {
  await lab.ok('run -d --name six -p 18720:80 busybox httpd -f -h /etc');
  const name = (await sh('six', 'hostname')).stdout;
  for (const address of ['127.0.0.1', '[::1]']) expect((await onHost(`curl -s -m5 http://${address}:18720/hostname`)).stdout).toBe(name);
  expect((await onHost('ss -Htln sport = 18720 | wc -l; nc -l 18720')).stdout.trim()).toBe('2');
  await lab.ok('rm -f six');
  expect((await onHost('ss -Htln sport = 18720 | wc -l')).stdout.trim()).toBe('0');
});

test.skipIf(dockerd)('a port that a program of the host has is not published over its head', async () => {
  const busy = lab.start(['run', '--rm', '--name', 'listener', '--network', 'host', 'busybox', 'nc', '-l', '-p', '18721']);
  await eventually(() => onHost('ss -Htln sport = 18721 | wc -l'), ({ stdout }) => stdout.trim() === '1', 'a program that listens');
  expect((await lab.docker(['run', '--rm', '-p', '18721:80', 'busybox', 'true'])).stderr).toMatch(/Error starting userland proxy: listen tcp\d (0\.0\.0\.0|\[::\]):18721: bind: address already in use\.\n$/);
  await lab.ok('rm -f listener');
  await busy.ended;
  await lab.ok('run --rm -p 18721:80 busybox true');
});

test.skipIf(dockerd)('bridges and packet rules that root has taken away are missed in words, and there again', async () => {
  await lab.ok('run -d --name lasting -p 18722:80 busybox httpd -f -h /etc');
  const answers = async () => (await onHost('curl -s -m2 http://127.0.0.1:18722/hostname')).code === 0;
  await onHost('nft flush ruleset');
  expect(await answers()).toBe(true); // by its proxy, as on any Docker host
  await lab.ok('run --rm busybox true'); // which needs none of them
  expect((await lab.docker(['run', '--rm', '-p', '18723:80', 'busybox', 'true'])).stderr).toMatch(/the packet rules of docker are gone from this host.*made anew: try again\.\n$/);
  await lab.ok('run --rm -p 18723:80 busybox true');
  expect(await answers()).toBe(true);
  await onHost('ip link delete docker0');
  expect((await lab.docker(['run', '--rm', 'busybox', 'true'])).stderr).toMatch(/could not find bridge docker0: route ip\+net: no such network interface\./);
  expect(await lab.ok('run --rm busybox wget -T5 -qO- http://172.17.0.1:18722/hostname')).toBe((await sh('lasting', 'hostname')).stdout.trim());
  expect(await answers()).toBe(true);
  await lab.ok('rm -f lasting');
});

test.skipIf(dockerd)('containers hang on a link of the host with the driver macvlan, and reach each other there', async () => {
  if ((await onHost('ip link add up0 type veth peer name down0 && ip link set up0 up && ip link set down0 up && ip link add try0 link up0 type macvlan && ip link delete try0')).code !== 0) return console.warn('this kernel has no macvlan: NOT tried.');
  await lab.ok('network create -d macvlan -o parent=up0 --subnet 10.74.0.0/24 wire');
  await up('--name', 'hung', '--network', 'wire');
  expect((await sh('hung', 'ip -o link show eth0; ip route')).stdout).toMatch(/eth0@if\d+[^]*default via 10\.74\.0\.1 dev eth0/);
  await up('--name', 'late');
  await lab.ok('network connect wire late');
  expect(await pings('late', '10.74.0.2')).toBe(true);
  await lab.ok('network disconnect wire late');
  expect((await sh('late', 'ip -o link')).stdout).not.toContain('eth1');
  await lab.ok('rm -f hung late');
  await lab.ok('network rm wire');
  expect((await onHost('ip link show up0')).code).toBe(0); // which is not ours to remove
});
