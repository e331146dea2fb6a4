// The machine's own network, for the mirror: the operator's upstreams and where these lead. An upstream may send on to other hosts (where its layers
// lie, who gives tokens), but to none that is this machine itself or only reachable from it, unless the operator's address is such a one. Called by
// upstream.ts alone; nothing of a lab is ever dialled here.
import { readFile } from 'node:fs/promises';
import { BlockList, createConnection, isIPv6, type Socket } from 'node:net';
import { lookup } from 'node:dns/promises';
import { SlipwayError } from '../errors.ts';
import type { Network } from '../registry/network.ts';
import { hostnameOf, type Upstream } from '../registry/upstreams.ts';

/** A registry that does not even accept a connection for so long is away. */
const CONNECT_MS = 10_000;

const nearby = new BlockList();
for (const [net, bits] of [['0.0.0.0', 8], ['127.0.0.0', 8], ['169.254.0.0', 16], ['224.0.0.0', 3]] as const) nearby.addSubnet(net, bits);
for (const [net, bits] of [['::', 127], ['fe80::', 10], ['ff00::', 8]] as const) nearby.addSubnet(net, bits, 'ipv6');
/** Itself, its link, or many at once; also as IPv4 written in IPv6. */
export const isNearby = (address: string) => nearby.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');

export function machineNetwork(upstream: Upstream): Network {
  const configured = hostnameOf(upstream);
  return {
    strict: true,
    async dial(name, port) {
      const { address } = await lookup(name).catch((error: unknown) => {
        throw new SlipwayError('Unavailable', `dial tcp: lookup ${name}: no such host`, { cause: error });
      });
      if (name !== configured && isNearby(address)) throw new SlipwayError('Unavailable', `dial tcp ${at(address, port)}: connect: permission denied`);
      return connect(address, port);
    },
    authorities: async () => (upstream.ca === undefined ? undefined : readFile(upstream.ca, 'utf8')),
  };
}

const at = (address: string, port: number) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);

/** In Go's words, as all errors of registries. */
const WORDS: Readonly<Record<string, string>> = { ECONNREFUSED: 'connection refused', EHOSTUNREACH: 'no route to host', ENETUNREACH: 'network is unreachable', ETIMEDOUT: 'connection timed out' };

function connect(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: address, port });
    const fail = (why: string, cause?: Error) => {
      socket.destroy();
      reject(new SlipwayError('Unavailable', `dial tcp ${at(address, port)}: ${why}`, { cause }));
    };
    const onError = (error: NodeJS.ErrnoException) => fail(`connect: ${WORDS[error.code ?? ''] ?? error.message}`, error);
    socket.setTimeout(CONNECT_MS, () => fail('i/o timeout'));
    socket.once('error', onError);
    socket.once('connect', () => {
      socket.off('error', onError).setTimeout(0).removeAllListeners('timeout');
      resolve(socket);
    });
  });
}
