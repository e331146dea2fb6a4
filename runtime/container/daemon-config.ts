// What /etc/docker/daemon.json of a host may change: what its containers are made with when they do not say it themselves, which registries need no
// certificate, and what `docker info` shows. Read by lab/daemon-file.ts, kept by lab/daemon.ts. Pure.
import { isIP } from 'node:net';
import { contains, parseAddress, parseBlock } from '../network/addresses.ts';
import type { HostConfig } from './config.ts';
import type { ContainerRecord } from './model.ts';

export interface DaemonConfig {
  logDriver: string;
  logOptions: Readonly<Record<string, string>>;
  shmBytes: number;
  ulimits: readonly { Name: string; Soft: number; Hard: number }[];
  ipcMode: string;
  /** '' is Docker's own choice, which depends on the version of cgroups. */
  cgroupnsMode: string;
  dns: readonly string[];
  dnsOptions: readonly string[];
  dnsSearch: readonly string[];
  init: boolean;
  noNewPrivileges: boolean;
  /** `name:port`, or blocks of addresses. */
  insecureRegistries: readonly string[];
  mirrors: readonly string[];
  labels: readonly string[];
  /** Of networks that ask for no subnet; none: Docker's own. */
  addressPools: readonly { base: string; size: number }[];
  debug: boolean;
  experimental: boolean;
  /** Containers go on while the daemon restarts. */
  liveRestore: boolean;
}

export const DAEMON_DEFAULTS: DaemonConfig = {
  logDriver: 'json-file', logOptions: {}, shmBytes: 64 << 20, ulimits: [], ipcMode: 'private', cgroupnsMode: '', dns: [], dnsOptions: [], dnsSearch: [], init: false, noNewPrivileges: false,
  insecureRegistries: [], mirrors: [], labels: [], addressPools: [], debug: false, experimental: false, liveRestore: false,
};

/** What is decided when a container is created, and shown by inspect from then on. */
export function createdWith(daemon: DaemonConfig, asked: HostConfig): Pick<HostConfig, 'LogConfig' | 'ShmSize' | 'IpcMode'> {
  const driver = asked.LogConfig.Type || daemon.logDriver;
  return {
    LogConfig: { Type: driver, Config: { ...(driver === daemon.logDriver ? daemon.logOptions : {}), ...asked.LogConfig.Config } },
    ShmSize: asked.ShmSize || daemon.shmBytes,
    IpcMode: asked.IpcMode || daemon.ipcMode,
  };
}

/** What is decided at each start, and not shown by inspect. */
export function startedWith(daemon: DaemonConfig, record: ContainerRecord): ContainerRecord {
  const h = record.hostConfig;
  const own = h.Ulimits ?? [];
  const ulimits = [...own, ...daemon.ulimits.filter(({ Name }) => !own.some(u => u.Name === Name))];
  const isSaid = (h.SecurityOpt ?? []).some(option => option.startsWith('no-new-privileges'));
  return {
    ...record,
    hostConfig: {
      ...h,
      Ulimits: ulimits, Init: h.Init ?? daemon.init,
      Dns: h.Dns?.length ? h.Dns : [...daemon.dns], DnsOptions: h.DnsOptions?.length ? h.DnsOptions : [...daemon.dnsOptions], DnsSearch: h.DnsSearch?.length ? h.DnsSearch : [...daemon.dnsSearch],
      ...(daemon.noNewPrivileges && !isSaid ? { SecurityOpt: [...(h.SecurityOpt ?? []), 'no-new-privileges'] } : {}),
    },
  };
}

/** Plain HTTP, and no certificate asked for: by its name, or by its address (`at`), whatever its name. https://docs.docker.com/reference/cli/dockerd/#insecure-registries */
export function isInsecureRegistry({ insecureRegistries }: DaemonConfig, registry: string, at: string | undefined): boolean {
  if (insecureRegistries.includes(registry)) return true;
  const address = at !== undefined && isIP(at) ? parseAddress(at) : null;
  return address !== null && [...insecureRegistries, '127.0.0.0/8'].some(entry => { const block = entry.includes('/') ? parseBlock(entry) : null; return block !== null && contains(block, address); });
}
