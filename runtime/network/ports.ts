// Which ports of a host are published, and by which of its addresses. Bookkeeping of networks.ts. As dockerd's, it knows what one and the same
// address has given away; that 0.0.0.0 holds a port of 127.0.0.1 too is found out by who binds it (proxies.ts).
import { SlipwayError } from '../errors.ts';

/** Where dockerd looks for a free one: the kernel's range for outgoing connections. */
const [FIRST, LAST] = [32_768, 60_999];

export function createPorts() {
  const ports = new Map<string, Set<string>>(); // "tcp/8080" → the host addresses bound

  /** For a port that the user names: bound at this very address. For one to be found: bound at any that would be in the way. */
  const isTaken = (hostIp: string, port: number, protocol: string) => ports.get(`${protocol}/${port}`)?.has(hostIp) ?? false;
  const isInTheWay = (hostIp: string, port: number, protocol: string) =>
    [...ports.get(`${protocol}/${port}`) ?? []].some(bound => bound === hostIp || (isV6(bound) === isV6(hostIp) && (isAny(bound) || isAny(hostIp))));
  const take = (hostIp: string, port: number, protocol: string) => {
    const key = `${protocol}/${port}`;
    ports.set(key, (ports.get(key) ?? new Set()).add(hostIp));
  };

  return {
    take,
    /** The same port at all of these addresses. */
    allocate(hostIps: readonly string[], port: number, lastPort: number, protocol: string): number {
      const [from, to] = port === 0 ? [FIRST, LAST] : [port, Math.max(port, lastPort)];
      for (let candidate = from; candidate <= to; candidate++) {
        if (hostIps.some(ip => (from === to ? isTaken : isInTheWay)(ip, candidate, protocol))) continue;
        for (const ip of hostIps) take(ip, candidate, protocol);
        return candidate;
      }
      const at = hostIps.find(ip => isTaken(ip, port, protocol)) ?? hostIps[0]!;
      throw new SlipwayError('System', `Bind for ${at}:${port} failed: port is already allocated`);
    },
    release(hostIp: string, port: number, protocol: string) {
      const key = `${protocol}/${port}`;
      const bound = ports.get(key);
      bound?.delete(hostIp);
      if (bound?.size === 0) ports.delete(key);
    },
  };
}

const isAny = (ip: string) => ip === '0.0.0.0' || ip === '::';
const isV6 = (ip: string) => ip.includes(':');
