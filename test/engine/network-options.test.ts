// What a user-defined network's options do to packets, and what a container's names do when it is renamed; as dockerd 26.1.5 has it.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestLab, type TestLab } from './lab.ts';

let lab: TestLab;
beforeAll(async () => { lab = await createTestLab('network-options', { pull: ['busybox'] }); });
afterAll(() => lab?.dispose());

const up = (...args: string[]) => lab.ok(['run', '-d', ...args, 'busybox', 'sleep', '1000']);
const sh = (name: string, script: string) => lab.docker(['exec', name, 'sh', '-c', script]);
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
