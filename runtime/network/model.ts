// The nouns of networks: a network as it is recorded, and the networks of a host with what is taken in them. Types only.
import type { Endpoint, PublishedPort } from '../container/model.ts';

export interface Subnet {
  subnet: string;
  /** What `inspect` shows: '' when the user gave a subnet without a gateway. */
  shownGateway: string;
  /** The bridge's own address; '' for internal networks' IPv6. */
  gateway: string;
  range: string;
  aux: Record<string, string>;
}

/** What is persisted of a network. */
export interface Network {
  readonly id: string;
  readonly name: string;
  readonly driver: 'bridge' | 'host' | 'null' | 'macvlan' | 'ipvlan';
  readonly createdAt: string;
  readonly builtin: boolean;
  readonly internal: boolean;
  readonly ipv6: boolean;
  readonly attachable: boolean;
  readonly labels: Readonly<Record<string, string>>;
  readonly options: Readonly<Record<string, string>>;
  readonly ipamOptions: Readonly<Record<string, string>> | null;
  readonly subnets: readonly Subnet[];
  /** Subnets were asked for by the user: only then may addresses be. */
  readonly ownSubnets: boolean;
  /** The bridge's link in the host, or the parent of containers' links; '' where there is none. */
  readonly link: string;
  /** What `--scope` said; it changes nothing. */
  readonly scope?: string;
  /** Only settings for others (`--config-only`), and in those the name of the network that they came from. */
  readonly configOnly?: true;
  readonly configFrom?: string;
}

export interface Networks {
  /** In order of creation, the three default ones first. */
  all(): readonly Network[];
  /** By name, id or unambiguous id prefix; null when there is none. */
  find(ref: string): Network | null;
  /** Throws `network x not found`. */
  resolve(ref: string): Network;
  add(network: Network): void;
  remove(network: Network): void;
  /** Endpoints of running containers in it, by container id. */
  members(network: Network): ReadonlyMap<string, Endpoint>;
  /** Both are bookkeeping; idempotent. */
  join(containerId: string, endpoint: Endpoint): void;
  leave(containerId: string, endpoint: Endpoint): void;
  /** The asked address, or the lowest free one, of the network's subnet of that version; null when it has none of that version. Taken until `leave`. */
  allocateAddress(network: Network, version: 4 | 6, asked: string | null): { ip: string; prefix: number; gateway: string } | null;
  releaseAddress(network: Network, ip: string): void;
  /** The same at all of these addresses. Throws Docker's "port is already allocated". A port of 0 takes a free one from 32768 up. */
  allocatePort(hostIps: readonly string[], port: number, lastPort: number, protocol: PublishedPort['protocol']): number;
  releasePort(hostIp: string, port: number, protocol: PublishedPort['protocol']): void;
  /** The first default pool that overlaps with no network. Throws Docker's words when none is left. */
  freePool(version: 4 | 6): string;
  overlapping(subnet: string): boolean;
}
