// Which ports of a host are published, and by which of its addresses. Bookkeeping of networks.ts.
import { SlipwayError } from '../errors.ts';

export function createPorts() {
  const ports = new Map<string, Set<string>>(); // "tcp/8080" → the host addresses bound

  const isTaken = (hostIp: string, port: number, protocol: string) => {
    const bound = ports.get(`${protocol}/${port}`);
    if (!bound) return false;
    return isAny(hostIp) ? bound.size > 0 : bound.has(hostIp) || [...bound].some(isAny);
  };
  const take = (hostIp: string, port: number, protocol: string) => {
    const key = `${protocol}/${port}`;
    ports.set(key, (ports.get(key) ?? new Set()).add(hostIp));
  };

  return {
    take,
    allocate(hostIp: string, port: number, lastPort: number, protocol: string): number {
      const [from, to] = port === 0 ? [32_768, 60_999] : [port, Math.max(port, lastPort)];
      for (let candidate = from; candidate <= to; candidate++) {
        if (isTaken(hostIp, candidate, protocol)) continue;
        take(hostIp, candidate, protocol);
        return candidate;
      }
      throw new SlipwayError('System', `Bind for ${hostIp}:${port} failed: port is already allocated`);
    },
    release(hostIp: string, port: number, protocol: string) {
      const key = `${protocol}/${port}`;
      const bound = ports.get(key);
      bound?.delete(hostIp);
      if (bound?.size === 0) ports.delete(key);
    },
  };
}

const isAny = (ip: string) => ip === '' || ip === '0.0.0.0' || ip === '::';
