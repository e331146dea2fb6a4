import { createServer, type AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { parseSettings } from '../registry/upstreams.ts';
import { isNearby, machineNetwork } from './machine-network.ts';

test.each([
  ['127.0.0.1', true], ['127.9.9.9', true], ['0.0.0.0', true], ['169.254.169.254', true], ['::1', true], ['::', true], ['fe80::1', true], ['::ffff:127.0.0.1', true], ['224.0.0.1', true], ['255.255.255.255', true],
  ['10.0.0.1', false], ['192.168.1.1', false], ['8.8.8.8', false], ['2001:db8::1', false], ['::ffff:8.8.8.8', false],
])('%s is this machine or its link: %s', (address, nearby) => {
  expect(isNearby(address)).toBe(nearby);
});

test('an upstream elsewhere leads to nothing on this machine; one that the operator has put here may', async () => {
  let reached = 0;
  const server = createServer(socket => { reached++; socket.destroy(); }).listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  const upstream = (url: string) => parseSettings(JSON.stringify({ upstreams: [{ domain: 'registry.example', url, allow: ['**'] }] })).upstreams[0]!;
  try {
    const elsewhere = machineNetwork(upstream('https://registry.example'));
    for (const name of ['127.0.0.1', 'localhost', '169.254.169.254']) await expect(elsewhere.dial(name, port)).rejects.toThrow(/: connect: permission denied$/);
    expect(reached).toBe(0);
    const here = machineNetwork(upstream(`http://127.0.0.1:${port}`));
    (await here.dial('127.0.0.1', port)).destroy();
    await expect(here.dial('localhost', port)).rejects.toThrow(/permission denied$/);
    await expect(here.dial('no-such-host.invalid', port)).rejects.toThrow('dial tcp: lookup no-such-host.invalid: no such host');
  } finally {
    await new Promise(resolve => server.close(resolve));
  }
});
