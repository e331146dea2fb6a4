// What networks leave behind (nothing), and what they survive: the end of the engine. SLIPWAY_CONNECTS=10000 is the long form.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, type TestLab } from './lab.ts';

/** Each is a connect and a disconnect. */
const CONNECTS = Number(process.env.SLIPWAY_CONNECTS ?? 40);

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('lasting-networks', { pull: ['busybox'] });
  await lab.ok('network create lasting');
  await lab.ok('run -d --name stays --network lasting -p 18790:80 busybox httpd -f -h /etc');
  await lab.ok('run -d --name asks --network lasting busybox sleep 1000');
});
afterAll(() => lab?.dispose());

const inHost = (command: string) => lab.ok(['run', '--rm', '--network', 'host', 'busybox', 'sh', '-c', command]);

test('connecting and disconnecting again and again leaves nothing behind', async () => {
  const links = () => inHost('ip -o link | grep -c veth');
  await lab.ok('run -d --name moving busybox sleep 1000');
  const before = await links();
  for (let round = 0; round < CONNECTS; round++) {
    expect((await lab.api('POST', '/networks/lasting/connect', { Container: 'moving', EndpointConfig: { Aliases: [`a${round}`] } })).status).toBe(200);
    expect((await lab.api('POST', '/networks/lasting/disconnect', { Container: 'moving' })).status).toBe(200);
  }
  expect(await links()).toBe(before);
  expect(await lab.ok('exec moving ip -o link')).toMatch(/^1: lo:.*\n\d+: eth0@\S+:.*$/);
  expect((await lab.docker(['exec', 'asks', 'nslookup', `a${CONNECTS - 1}`])).stdout).toContain('NXDOMAIN');
  await lab.ok('rm -f moving');
}, 60_000 + CONNECTS * 500);

test.skipIf(dockerd)('a new engine finds networks, addresses, names and ports as they were', async () => {
  const inspect = () => lab.ok('network inspect lasting');
  const before = await inspect();
  await crash('engine');
  expect(await inspect()).toBe(before);
  expect((await lab.docker(['exec', 'asks', 'ping', '-c1', '-W2', 'stays'])).code).toBe(0);
  expect(await lab.ok('run --rm --network lasting busybox ping -c1 -W2 stays')).toContain('0% packet loss');
  expect((await lab.docker(['run', '--rm', '-p', '18790:80', 'busybox', 'true'])).stderr).toContain('port is already allocated');
  expect((await lab.docker(['network', 'create', 'lasting'])).stderr).toContain('network with name lasting already exists');
  await lab.ok('rm -f stays asks');
  await lab.ok('network rm lasting');
});
