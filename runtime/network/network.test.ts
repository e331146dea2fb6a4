import { describe, expect, it } from 'vitest';
import { createBodySchema } from '../container/config.ts';
import { addressText, parseAddress } from './addresses.ts';
import { newNetwork, type NetworkRequest } from './create-network.ts';
import { defaultNetwork } from './default-networks.ts';
import type { Network } from './model.ts';
import { createNetworks } from './networks.ts';
import { createPorts } from './ports.ts';
import { wantedPorts } from './port-bindings.ts';
import { publishRules } from './rules.ts';

const networks = (known: Network[] = [defaultNetwork({ name: 'bridge', id: '0', driver: 'bridge' }, '')]) => createNetworks(known, () => {});
const request = (asked: Partial<NetworkRequest> & { config?: Partial<NetworkRequest['ipam']['config'][number]>[] } = {}): NetworkRequest => ({
  name: 'n', driver: 'bridge', scope: '', internal: false, ipv6: false, attachable: false, ingress: false, configOnly: false, configFrom: '', labels: {}, options: {}, ...asked,
  ipam: { driver: '', options: {}, config: (asked.config ?? []).map(c => ({ subnet: '', gateway: '', range: '', aux: {}, ...c })) },
});

describe('addresses', () => {
  it('gives the lowest free one', () => {
    const all = networks();
    const take = () => all.allocateAddress(all.resolve('bridge'), 4, null)!.ip;
    expect([take(), take()]).toEqual(['172.17.0.2', '172.17.0.3']);
    all.releaseAddress(all.resolve('bridge'), '172.17.0.2');
    expect(take()).toBe('172.17.0.2');
  });

  it.each(['::', '::1', 'fd00:1::2', '1:2:3:4:5:6:7:8', 'fe80::1:0:0:1', '10.0.0.255'])('reads and writes %s', text => {
    const { value, version } = parseAddress(text)!;
    expect(addressText(value, version)).toBe(text);
  });

  it('keeps to the range of a network, and says when it is full', () => {
    const all = networks();
    const network = newNetwork(all, request({ config: [{ subnet: '10.0.0.0/29', range: '10.0.0.4/31' }] }), '');
    all.add(network);
    expect(network.subnets[0]!.gateway).toBe('10.0.0.4');
    expect(all.allocateAddress(network, 4, null)!.ip).toBe('10.0.0.5');
    expect(() => all.allocateAddress(network, 4, null)).toThrow(`no available IPv4 addresses on this network's address pools: n (${network.id})`);
    expect(all.allocateAddress(network, 4, '10.0.0.2')!.ip).toBe('10.0.0.2');
    expect(() => all.allocateAddress(network, 4, '10.0.0.2')).toThrow('Address already in use');
  });
});

describe('a new network', () => {
  it.each<[NetworkRequest, string]>([
    [request({ config: [{ subnet: '172.17.4.0/24' }] }), 'Pool overlaps with other one on this address space'],
    [request({ config: [{ subnet: '10.1.1.5/24' }] }), 'invalid network config:\ninvalid subnet 10.1.1.5/24: it should be 10.1.1.0/24'],
    [request({ config: [{ subnet: 'banana' }] }), 'invalid network config:\ninvalid subnet banana: invalid CIDR block notation'],
    [request({ ipv6: true }), 'could not find an available, non-overlapping IPv6 address pool among the defaults to assign to the network'],
    [request({ driver: 'nosuch' }), 'plugin "nosuch" not found'],
    [request({ name: '' }), 'invalid name:'],
  ])('%o is refused', (asked, why) => {
    expect(() => newNetwork(networks(), asked, '')).toThrow(why);
  });

  it('takes the first default pool that is free', () => {
    const all = networks();
    for (const name of ['a', 'b']) all.add(newNetwork(all, request({ name }), ''));
    expect(['a', 'b'].map(name => all.resolve(name).subnets[0]!.subnet)).toEqual(['172.18.0.0/16', '172.19.0.0/16']);
  });
});

describe('host ports', () => {
  it('are refused when taken at the same address; who binds them finds out about others', () => {
    const ports = createPorts();
    ports.allocate(['0.0.0.0', '::'], 8080, 8080, 'tcp');
    expect(() => ports.allocate(['::'], 8080, 8080, 'tcp')).toThrow('Bind for :::8080 failed: port is already allocated');
    expect(ports.allocate(['127.0.0.1'], 8080, 8080, 'tcp')).toBe(8080);
    expect(ports.allocate(['0.0.0.0', '::'], 8080, 8080, 'udp')).toBe(8080);
    ports.release('::', 8080, 'tcp');
    expect(ports.allocate(['::'], 8080, 8080, 'tcp')).toBe(8080);
  });

  it('are the next of a range that nobody has, at whatever address, and any free one for 0', () => {
    const ports = createPorts();
    expect([ports.allocate(['127.0.0.1'], 8000, 8002, 'tcp'), ports.allocate(['0.0.0.0', '::'], 8000, 8002, 'tcp'), ports.allocate(['127.0.0.1'], 8000, 8002, 'tcp')]).toEqual([8000, 8001, 8002]);
    expect(() => ports.allocate(['0.0.0.0', '::'], 8000, 8002, 'tcp')).toThrow('Bind for 0.0.0.0:8000 failed');
    expect(ports.allocate(['0.0.0.0', '::'], 0, 0, 'tcp')).toBe(32_768);
  });
});

describe('published ports', () => {
  const wanted = (body: Record<string, unknown>) => {
    const parsed = createBodySchema.parse(body);
    return wantedPorts(parsed, parsed.HostConfig);
  };

  it('come from -p, and with -P from what is exposed', () => {
    expect(wanted({ ExposedPorts: { '80/tcp': {}, '53/udp': {} }, HostConfig: { PublishAllPorts: true, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } } })).toEqual([
      { containerPort: 80, protocol: 'tcp', hostIp: '', hostPort: 8080, lastHostPort: 8080 },
      { containerPort: 53, protocol: 'udp', hostIp: '', hostPort: 0, lastHostPort: 0 },
    ]);
  });

  it('go to every address where the one asked for is none', () => {
    const of = (hostIp: string) => wanted({ HostConfig: { PortBindings: { '80/tcp': [{ HostIp: hostIp, HostPort: '8080' }] } } })[0]!.hostIp;
    expect(['banana', '1.2.3.4 }; flush ruleset', '127.0.0.1', '0:0::1'].map(of)).toEqual(['', '', '127.0.0.1', '::1']);
  });

  it.each(['0', '99999', 'http', '-1'])('refuses %s', port => expect(() => wanted({ HostConfig: { PortBindings: { [`${port}/tcp`]: [] } } })).toThrow('invalid port specification'));

  it('become elements of the packet rules\' maps', () => {
    expect(publishRules('172.17.0.2', [
      { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 }, { containerPort: 53, protocol: 'udp', hostIp: '127.0.0.1', hostPort: 5353 }, { containerPort: 80, protocol: 'tcp', hostIp: '::', hostPort: 8080 },
    ])).toBe('add element ip docker tcp_any { 8080 : 172.17.0.2 . 80 }\nadd element ip docker udp_at { 127.0.0.1 . 5353 : 172.17.0.2 . 53 }\n');
  });
});
