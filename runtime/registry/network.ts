// The network that a registry is spoken to in: a lab's own, for every name that comes from a lab. Registries, redirects, token realms and layer
// addresses all do, so nothing below this folder ever opens a connection but through the Network it was given. The machine's network is for the
// mirror alone (mirror/machine-network.ts), and the operator's upstreams. Types, and who counts as local.
import type { Duplex } from 'node:stream';

export interface Network {
  /** Name or address as the lab knows it. Rejects with Unavailable and Go's words (`dial tcp 127.0.0.1:5000: connect: connection refused`). */
  dial(name: string, port: number): Promise<Duplex>;
  /** PEM certificates that the lab trusts for this registry (`/etc/docker/certs.d`), besides the well-known ones. */
  authorities(registry: string): Promise<string | undefined>;
  /** Registries that are taken as they come, besides those that are near: the lab's insecure-registries. */
  lax?(registry: string): Promise<boolean>;
  /** No name is too near to have its certificate checked. */
  readonly strict?: boolean;
}

/** The part of `name:port` before the port; brackets of IPv6 addresses go. */
export const hostOf = (registry: string) => registry.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1');

/** Docker speaks plain HTTP to these when they have no TLS, and checks no certificate: https://docs.docker.com/reference/cli/dockerd/#insecure-registries */
export const isInsecure = (registry: string) => /^(localhost|127(\.\d{1,3}){3}|::1)$/.test(hostOf(registry));
