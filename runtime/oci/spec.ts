// A container's record as the OCI runtime's config.json. Pure: everything that had to be found out is in `found`.
// https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config.md ; the values are those that Docker's engine writes.
import type { ContainerRecord } from '../container/model.ts';
import { cgroupOf, hostnameOf, mergedDir, sandboxDir } from '../container/paths.ts';
import { capabilitiesFor } from './capabilities.ts';
import { environment } from './environment.ts';
import { containerMounts, hasInit, INIT, type OciMount } from './mounts.ts';
import { MASKED_PATHS, READONLY_PATHS } from './masked.ts';
import { resources, type Resources } from './resources.ts';
import { seccompFor } from './security-options.ts';
import type { Seccomp } from './seccomp.ts';

export interface ResolvedUser { uid: number; gid: number; additionalGids: number[] }

/** What start.ts found out before: the numeric user, and namespaces to join (a path) or not to have (null). */
export interface Found {
  user: ResolvedUser;
  network: { path: string } | 'host';
  /** Whose /etc/hosts, hostname and resolv.conf it sees: with another's network also the other's files. */
  sandboxOf?: string;
  pid: { path: string } | 'private' | 'host';
  ipc: { path: string } | 'private' | 'host';
  /** The directory of the host that is its /dev/shm, when it shares one. */
  shm?: string;
  uts: 'private' | 'host';
  cgroup: 'private' | 'host';
  cgroupVersion: 'v1' | 'v2';
}

export interface OciProcess {
  terminal: boolean;
  consoleSize?: { height: number; width: number };
  user: ResolvedUser;
  args: string[];
  env: string[];
  cwd: string;
  capabilities: Record<'bounding' | 'effective' | 'permitted' | 'inheritable' | 'ambient', string[]>;
  noNewPrivileges: boolean;
  rlimits: { type: string; hard: number; soft: number }[];
  oomScoreAdj?: number;
}

export interface OciSpec {
  ociVersion: string;
  process: OciProcess;
  root: { path: string; readonly: boolean };
  hostname?: string;
  domainname?: string;
  mounts: OciMount[];
  annotations?: Record<string, string>;
  linux: {
    sysctl: Record<string, string>;
    resources: Resources;
    cgroupsPath: string;
    namespaces: { type: string; path?: string }[];
    seccomp?: Seccomp;
    rootfsPropagation?: 'rslave' | 'shared';
    maskedPaths: string[];
    readonlyPaths: string[];
  };
}

export function containerSpec(record: ContainerRecord, found: Found): OciSpec {
  const { config, hostConfig } = record;
  const process = containerProcess(record, found.user);
  const seccomp = seccompFor(hostConfig, process.capabilities.bounding);
  const joined = (type: string, where: { path: string } | 'private' | 'host') => (where === 'host' ? [] : where === 'private' ? [{ type }] : [{ type, path: where.path }]);
  return {
    ociVersion: '1.0.2',
    process,
    root: { path: mergedDir(record.id), readonly: hostConfig.ReadonlyRootfs },
    ...(found.uts === 'host' ? {} : { hostname: hostnameOf(record), ...(config.Domainname ? { domainname: config.Domainname } : {}) }),
    mounts: containerMounts(record, { sandbox: sandboxDir(found.sandboxOf ?? record.id), shm: found.shm }),
    ...(hostConfig.Annotations ? { annotations: hostConfig.Annotations } : {}),
    linux: {
      sysctl: { ...(found.network === 'host' ? {} : { 'net.ipv4.ip_unprivileged_port_start': '0' }), ...hostConfig.Sysctls },
      resources: resources(hostConfig, found.cgroupVersion),
      cgroupsPath: `/${cgroupOf(record)}`,
      namespaces: [
        { type: 'mount' }, ...joined('network', found.network), ...joined('uts', found.uts), ...joined('pid', found.pid), ...joined('ipc', found.ipc), ...joined('cgroup', found.cgroup),
      ],
      ...(seccomp ? { seccomp } : {}),
      ...rootPropagation(record),
      maskedPaths: hostConfig.Privileged ? [] : (hostConfig.MaskedPaths ?? MASKED_PATHS),
      readonlyPaths: hostConfig.Privileged ? [] : (hostConfig.ReadonlyPaths ?? READONLY_PATHS),
    },
  };
}

/** What is to come through from the host cannot come through a private root. */
function rootPropagation({ mounts }: ContainerRecord): Pick<OciSpec['linux'], 'rootfsPropagation'> {
  const has = (mode: string) => mounts.some(m => m.propagation.endsWith(mode));
  return has('shared') ? { rootfsPropagation: 'shared' } : has('slave') ? { rootfsPropagation: 'rslave' } : {};
}

/** The main process; execs start from it too. */
export function containerProcess(record: ContainerRecord, user: ResolvedUser): OciProcess {
  const { config, hostConfig } = record;
  const options = hostConfig.SecurityOpt ?? [];
  return {
    terminal: config.Tty,
    // Set by the runtime before the process starts: the shim learns of the terminal only then.
    ...(config.Tty && hostConfig.ConsoleSize[0] && hostConfig.ConsoleSize[1] ? { consoleSize: { height: hostConfig.ConsoleSize[0], width: hostConfig.ConsoleSize[1] } } : {}),
    user,
    args: [...(hasInit(hostConfig) ? [INIT, '--'] : []), record.path, ...record.args],
    env: environment(record),
    cwd: config.WorkingDir || '/',
    capabilities: capabilitySets(capabilitiesFor(hostConfig.CapAdd, hostConfig.CapDrop, hostConfig.Privileged), user.uid),
    noNewPrivileges: options.some(o => /^no-new-privileges([:=]true)?$/.test(o)),
    rlimits: (hostConfig.Ulimits ?? []).map(u => ({ type: `RLIMIT_${u.Name.toUpperCase()}`, hard: u.Hard, soft: u.Soft })),
    ...(hostConfig.OomScoreAdj ? { oomScoreAdj: hostConfig.OomScoreAdj } : {}),
  };
}

/** A user other than root only keeps the bounding set. Docker adds nothing to inheritable and ambient. */
export function capabilitySets(capabilities: string[], uid: number): OciProcess['capabilities'] {
  const own = uid === 0 ? capabilities : [];
  return { bounding: capabilities, effective: own, permitted: own, inheritable: [], ambient: [] };
}
