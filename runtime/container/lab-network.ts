// A host's network, for what speaks to registries (registry/network.ts): names are looked up in the host's own /etc/hosts, connections start in
// its network namespace. Called by api/. Never asks the machine's resolver: a name that a lab gives must not leave it.
import { isIP } from 'node:net';
import { SlipwayError } from '../errors.ts';
import { dial } from '../kernel/dial.ts';
import { hostOf, type Network } from '../registry/network.ts';
import { isInsecureRegistry } from './daemon-config.ts';
import { runHelper } from './helper.ts';
import type { Host } from './model.ts';

export function labNetwork(host: Pick<Host, 'ref' | 'broker' | 'daemon'>): Network {
  /** A file of the host; undefined when it is not there. */
  const read = async (path: string) => {
    const { code, stdout } = await runHelper(host, { argv: ['busybox', 'cat', path] });
    return code === 0 ? stdout : undefined;
  };
  const find = async (name: string) => (isIP(name) || name === 'localhost' ? name : addressOf(name, await read('/etc/hosts') ?? ''));
  return {
    async dial(name, port) {
      const address = await find(name);
      if (address === undefined) throw new SlipwayError('Unavailable', `dial tcp: lookup ${name}: no such host`);
      return dial(host.broker, host.ref, address, port);
    },
    lax: async registry => isInsecureRegistry(host.daemon.config, registry, await find(hostOf(registry))),
    authorities: registry => (/^[\w.:[\]-]+$/.test(registry) ? read(`/etc/docker/certs.d/${registry}/ca.crt`) : Promise.resolve(undefined)),
  };
}

/** https://man7.org/linux/man-pages/man5/hosts.5.html */
export function addressOf(name: string, hosts: string): string | undefined {
  for (const line of hosts.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    if (address && isIP(address) && names.some(other => other.toLowerCase() === name.toLowerCase())) return address;
  }
  return undefined;
}
