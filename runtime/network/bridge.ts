// The default network `bridge` of a host: who has which address and which published port. Bookkeeping only; the steps that make
// the links and rules are in endpoint.ts. One per host; rebuilt from the containers' records after a restart.
import { randomBytes } from 'node:crypto';
import type { Endpoint } from '../container/model.ts';
import { SlipwayError } from '../errors.ts';

export const BRIDGE = { name: 'docker0', gateway: '172.17.0.1', prefix: 16, subnet: '172.17.0.0/16' } as const;

/** Docker's three default networks, as GET /networks shows them. */
export interface DefaultNetwork { name: 'bridge' | 'host' | 'none'; id: string; driver: 'bridge' | 'host' | 'null' }

export interface Bridge {
  readonly networks: readonly DefaultNetwork[];
  readonly createdAt: string;
  /** By container id. */
  readonly endpoints: Map<string, Endpoint>;
  /** The lowest free address, or the asked one. */
  allocateAddress(asked: string | null): string;
  /** Throws Docker's "port is already allocated". A port of 0 takes a free one from 32768 up. */
  allocatePort(hostIp: string, port: number, lastPort: number, protocol: string): number;
  releasePort(hostIp: string, port: number, protocol: string): void;
  releaseAddress(ip: string): void;
  /** After a restart of the engine: what a container that still runs has. */
  restore(containerId: string, endpoint: Endpoint): void;
}

export const randomId = () => randomBytes(32).toString('hex');

export function createBridge(networks: readonly DefaultNetwork[], createdAt: string): Bridge {
  const addresses = new Set<string>([BRIDGE.gateway]);
  const ports = new Map<string, Set<string>>(); // "tcp/8080" → the host addresses bound
  let nextHost = 2;

  const taken = (hostIp: string, port: number, protocol: string) => {
    const bound = ports.get(`${protocol}/${port}`);
    if (!bound) return false;
    return isAny(hostIp) ? bound.size > 0 : bound.has(hostIp) || [...bound].some(isAny);
  };

  const endpoints = new Map<string, Endpoint>();
  return {
    networks, createdAt, endpoints,
    restore(containerId, endpoint) {
      endpoints.set(containerId, endpoint);
      addresses.add(endpoint.ip);
      for (const p of endpoint.ports) {
        const key = `${p.protocol}/${p.hostPort}`;
        ports.set(key, (ports.get(key) ?? new Set()).add(p.hostIp));
      }
    },
    allocateAddress(asked) {
      if (asked !== null) {
        if (addresses.has(asked)) throw new SlipwayError('Forbidden', 'Address already in use');
        addresses.add(asked);
        return asked;
      }
      for (let tries = 0; tries < 65_533; tries++) {
        const ip = `172.17.${nextHost >> 8}.${nextHost & 255}`;
        nextHost = nextHost >= 65_534 ? 2 : nextHost + 1;
        if (!addresses.has(ip)) {
          addresses.add(ip);
          return ip;
        }
      }
      throw new SlipwayError('System', 'no available IPv4 addresses on this network\'s address pools: bridge');
    },
    allocatePort(hostIp, port, lastPort, protocol) {
      const [from, to] = port === 0 ? [32_768, 60_999] : [port, Math.max(port, lastPort)];
      for (let candidate = from; candidate <= to; candidate++) {
        if (taken(hostIp, candidate, protocol)) continue;
        const key = `${protocol}/${candidate}`;
        const bound = ports.get(key) ?? new Set();
        ports.set(key, bound.add(hostIp));
        return candidate;
      }
      throw new SlipwayError('System', `Bind for ${hostIp}:${port} failed: port is already allocated`);
    },
    releasePort(hostIp, port, protocol) {
      const key = `${protocol}/${port}`;
      const bound = ports.get(key);
      bound?.delete(hostIp);
      if (bound?.size === 0) ports.delete(key);
    },
    releaseAddress(ip) {
      addresses.delete(ip);
      nextHost = 2; // dockerd reuses the lowest free address
    },
  };
}

const isAny = (ip: string) => ip === '' || ip === '0.0.0.0' || ip === '::';
