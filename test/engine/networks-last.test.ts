// What networks leave behind (nothing), and what they survive: the end of the engine. SLIPWAY_CONNECTS=10000 is the long form.
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStatus } from '../../runtime/supervisor/status.ts';
import { crash } from '../run-instance.ts';
import { createTestLab, dockerd, type TestLab } from './lab.ts';

/** Each is a connect and a disconnect. */
const CONNECTS = Number(process.env.SLIPWAY_CONNECTS ?? 40);
/** Containers that publish a port in a network with names, and end. */
const STARTS = Math.ceil(CONNECTS / 10);
/** The engine may use this much more memory in the end: its heap breathes. */
const BREATH_BYTES = 48 << 20;

let lab: TestLab;
beforeAll(async () => {
  lab = await createTestLab('lasting-networks', { pull: ['busybox'] });
  await lab.ok('network create lasting');
  await lab.ok('run -d --name stays --network lasting -p 18790:80 busybox httpd -f -h /etc');
  await lab.ok('run -d --name asks --network lasting busybox sleep infinity');
});
afterAll(() => lab?.dispose());

/** Links, proxies of ports, files about networks, published ports. */
const traces = () => lab.ok(['run', '--rm', '--network', 'host', '--pid', 'host', '-v', '/run/docker:/there:ro', 'busybox', 'sh', '-c',
  'ip -o link | grep -c veth; ps | grep -c "[d]ocker-proxy"; find /there | sed "s/[0-9a-f]\\{12,\\}/ID/g" | sort; cat /proc/net/tcp /proc/net/tcp6 | grep -c " 0A "']);
const engineBytes = () => {
  const pid = readStatus()?.services.find(({ name }) => name === 'engine')?.pid;
  return pid ? Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) << 10 : 0;
};

test('connecting and disconnecting, starting and ending with a published port, again and again, leaves nothing behind', async () => {
  await lab.ok('run -d --name moving busybox sleep infinity');
  const turn = async (round: number) => {
    expect((await lab.api('POST', '/networks/lasting/connect', { Container: 'moving', EndpointConfig: { Aliases: [`a${round}`], Links: ['stays:linked'] } })).status).toBe(200);
    expect((await lab.api('POST', '/networks/lasting/disconnect', { Container: 'moving' })).status).toBe(200);
    if (round % 10 === 0) await lab.ok('run --rm --network lasting -p 18791:80 -p 127.0.0.1:18792:53/udp --link stays:linked busybox true');
  };
  await turn(0); // directories that are there once and for all
  const before = await traces();
  const bytes = engineBytes();
  for (let round = 1; round <= CONNECTS; round++) await turn(round);
  expect(await traces()).toBe(before);
  expect(await lab.ok('exec moving ip -o link')).toMatch(/^1: lo:.*\n\d+: eth0@\S+:.*$/);
  expect((await lab.docker(['exec', 'asks', 'nslookup', `a${CONNECTS}`])).stdout).toContain('NXDOMAIN');
  await lab.ok('rm -f moving');
  if (CONNECTS >= 1000) console.warn(`engine: ${bytes >> 20} MiB before, ${engineBytes() >> 20} MiB after ${CONNECTS} connects and ${STARTS} starts`);
  if (!dockerd) expect(engineBytes() - bytes).toBeLessThan(BREATH_BYTES);
}, 60_000 + CONNECTS * 800);

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
