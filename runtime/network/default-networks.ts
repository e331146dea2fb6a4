// Docker's three default networks of a host. Their ids are the lab's record's; nothing else about them can be chosen.
import { randomBytes } from 'node:crypto';
import type { Network } from './model.ts';

export const BRIDGE = { name: 'docker0', gateway: '172.17.0.1', prefix: 16, subnet: '172.17.0.0/16' } as const;

/** As the lab's record has it. */
export interface DefaultNetwork { name: 'bridge' | 'host' | 'none'; id: string; driver: 'bridge' | 'host' | 'null' }

export const randomId = () => randomBytes(32).toString('hex');

export function defaultNetwork({ name, id, driver }: DefaultNetwork, createdAt: string): Network {
  const isBridge = name === 'bridge';
  return {
    id, name, driver, createdAt, builtin: true, internal: false, ipv6: false, attachable: false, labels: {}, ipamOptions: null, ownSubnets: false, link: isBridge ? BRIDGE.name : '',
    subnets: isBridge ? [{ subnet: BRIDGE.subnet, shownGateway: BRIDGE.gateway, gateway: BRIDGE.gateway, range: '', aux: {} }] : [],
    options: isBridge ? {
      'com.docker.network.bridge.default_bridge': 'true', 'com.docker.network.bridge.enable_icc': 'true', 'com.docker.network.bridge.enable_ip_masquerade': 'true',
      'com.docker.network.bridge.host_binding_ipv4': '0.0.0.0', 'com.docker.network.bridge.name': BRIDGE.name, 'com.docker.network.driver.mtu': '1500',
    } : {},
  };
}
