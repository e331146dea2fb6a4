import { describe, expect, it } from 'vitest';
import { createBodySchema } from '../container/config.ts';
import { createBridge } from './bridge.ts';
import { wantedPorts } from './port-bindings.ts';
import { publishRules } from './rules.ts';

describe('the default bridge', () => {
  it('gives the lowest free address', () => {
    const bridge = createBridge([], '');
    expect([bridge.allocateAddress(null), bridge.allocateAddress(null)]).toEqual(['172.17.0.2', '172.17.0.3']);
    bridge.releaseAddress('172.17.0.2');
    expect(bridge.allocateAddress(null)).toBe('172.17.0.2');
  });

  it('refuses a port that is taken, on all addresses or on the same one', () => {
    const bridge = createBridge([], '');
    bridge.allocatePort('0.0.0.0', 8080, 8080, 'tcp');
    expect(() => bridge.allocatePort('127.0.0.1', 8080, 8080, 'tcp')).toThrow('Bind for 127.0.0.1:8080 failed: port is already allocated');
    expect(bridge.allocatePort('0.0.0.0', 8080, 8080, 'udp')).toBe(8080);
    bridge.releasePort('0.0.0.0', 8080, 'tcp');
    expect(bridge.allocatePort('127.0.0.1', 8080, 8080, 'tcp')).toBe(8080);
    expect(bridge.allocatePort('127.0.0.2', 8080, 8080, 'tcp')).toBe(8080);
  });

  it('takes the next of a range, and any free one for 0', () => {
    const bridge = createBridge([], '');
    expect([bridge.allocatePort('0.0.0.0', 8000, 8001, 'tcp'), bridge.allocatePort('0.0.0.0', 8000, 8001, 'tcp')]).toEqual([8000, 8001]);
    expect(bridge.allocatePort('0.0.0.0', 0, 0, 'tcp')).toBe(32_768);
  });
});

describe('published ports', () => {
  const wanted = (body: Record<string, unknown>) => {
    const parsed = createBodySchema.parse(body);
    return wantedPorts(parsed, parsed.HostConfig);
  };

  it('come from -p, and with -P from what is exposed', () => {
    expect(wanted({ ExposedPorts: { '80/tcp': {}, '53/udp': {} }, HostConfig: { PublishAllPorts: true, PortBindings: { '80/tcp': [{ HostIp: '', HostPort: '8080' }] } } })).toEqual([
      { containerPort: 53, protocol: 'udp', hostIp: '0.0.0.0', hostPort: 0, lastHostPort: 0 },
      { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080, lastHostPort: 8080 },
    ]);
  });

  it.each(['0', '99999', 'http', '-1'])('refuses %s', port => expect(() => wanted({ HostConfig: { PortBindings: { [`${port}/tcp`]: [] } } })).toThrow('invalid port specification'));

  it('become elements of the packet rules\' maps', () => {
    expect(publishRules('172.17.0.2', [
      { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 }, { containerPort: 53, protocol: 'udp', hostIp: '127.0.0.1', hostPort: 5353 },
    ])).toBe('add element ip docker tcp_any { 8080 : 172.17.0.2 . 80 }\nadd element ip docker udp_at { 127.0.0.1 . 5353 : 172.17.0.2 . 53 }\n');
  });
});
