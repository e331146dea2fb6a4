// The JSON of GET /containers/{id}/json, key by key as dockerd writes it, and the parts that GET /containers/json shows too.
import type { ContainerConfig, HostConfig } from './config.ts';
import { layerPath, lowerDirs } from '../snapshot/layer-path.ts';
import { diffDir, logPathInHost, mergedDir, netnsPath, sandboxDir, sandboxIdOf, workDir } from './paths.ts';
import { hasOwnNetns } from './plan.ts';
import { dnsNames } from '../network/endpoint.ts';
import { wantedPorts } from '../network/port-bindings.ts';
import { runHelper } from './helper.ts';
import { ZERO_TIME, type Container, type ContainerRecord, type Endpoint, type Host } from './model.ts';

export async function inspect(host: Host, container: Container, options: { size: boolean }): Promise<Record<string, unknown>> {
  const { record, live } = container;
  const sandbox = record.hasBeenStarted ? sandboxDir(record.id) : '';
  const lower = lowerDirs(record.layers);
  return {
    Id: record.id,
    Created: record.created,
    Path: record.path,
    Args: record.args,
    State: stateOf(container),
    Image: record.imageId,
    ResolvConfPath: sandbox && `${sandbox}/resolv.conf`,
    HostnamePath: sandbox && `${sandbox}/hostname`,
    HostsPath: sandbox && `${sandbox}/hosts`,
    LogPath: record.hasBeenStarted && record.hostConfig.LogConfig.Type === 'json-file' ? logPathInHost(record.id) : '',
    Name: `/${record.name}`,
    RestartCount: record.restartCount,
    Driver: 'overlay2',
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: live.execIds.size ? [...live.execIds] : null,
    HostConfig: hostConfigOf(record.hostConfig),
    GraphDriver: { Data: { LowerDir: lower, MergedDir: mergedDir(record.id), UpperDir: diffDir(record.id), WorkDir: workDir(record.id) }, Name: 'overlay2' },
    ...(options.size ? await sizes(host, record) : {}),
    Mounts: mounts(container),
    Config: configOf({ ...record.config, MacAddress: record.config.MacAddress || record.endpoints[record.hostConfig.NetworkMode]?.MacAddress }),
    NetworkSettings: networkSettings(host, container),
  };
}

/** Status as inspect and ps name it. */
export const statusOf = (container: Container) => (container.live.removing ? 'removing' : container.record.state.status);

function stateOf(container: Container): Record<string, unknown> {
  const { state } = container.record;
  const alive = state.status === 'running' || state.status === 'paused';
  return {
    Status: statusOf(container),
    Running: alive || state.status === 'restarting',
    Paused: state.status === 'paused',
    Restarting: state.status === 'restarting',
    OOMKilled: 'oomKilled' in state && state.oomKilled,
    Dead: state.status === 'dead',
    Pid: alive ? state.pid : 0,
    ExitCode: 'exitCode' in state ? state.exitCode : 0,
    Error: 'error' in state ? state.error : '',
    StartedAt: 'startedAt' in state ? state.startedAt : ZERO_TIME,
    FinishedAt: 'finishedAt' in state ? state.finishedAt : ZERO_TIME,
    ...(container.live.health ? { Health: { Status: container.live.health.status, FailingStreak: container.live.health.failingStreak, Log: container.live.health.log } } : {}),
  };
}

/** Absent optional values are left out, as Go's omitempty does; the order is that of `docker inspect`. */
function hostConfigOf(h: HostConfig): Record<string, unknown> {
  const optional = <T>(key: string, value: T | null | undefined) => (value === undefined || value === null ? {} : { [key]: value });
  return {
    Binds: h.Binds, ContainerIDFile: h.ContainerIDFile, LogConfig: h.LogConfig, NetworkMode: h.NetworkMode, PortBindings: h.PortBindings, RestartPolicy: h.RestartPolicy,
    AutoRemove: h.AutoRemove, VolumeDriver: h.VolumeDriver, VolumesFrom: h.VolumesFrom, ConsoleSize: h.ConsoleSize, ...optional('Annotations', h.Annotations),
    CapAdd: h.CapAdd, CapDrop: h.CapDrop, CgroupnsMode: h.CgroupnsMode, Dns: h.Dns ?? [], DnsOptions: h.DnsOptions ?? [], DnsSearch: h.DnsSearch ?? [],
    ExtraHosts: h.ExtraHosts, GroupAdd: h.GroupAdd, IpcMode: h.IpcMode, Cgroup: h.Cgroup, Links: h.Links, OomScoreAdj: h.OomScoreAdj, PidMode: h.PidMode,
    Privileged: h.Privileged, PublishAllPorts: h.PublishAllPorts, ReadonlyRootfs: h.ReadonlyRootfs, SecurityOpt: h.SecurityOpt, ...optional('StorageOpt', h.StorageOpt),
    ...optional('Tmpfs', h.Tmpfs), UTSMode: h.UTSMode, UsernsMode: h.UsernsMode, ShmSize: h.ShmSize, ...optional('Sysctls', h.Sysctls), Runtime: h.Runtime, Isolation: h.Isolation,
    CpuShares: h.CpuShares, Memory: h.Memory, NanoCpus: h.NanoCpus, CgroupParent: h.CgroupParent, BlkioWeight: h.BlkioWeight, BlkioWeightDevice: h.BlkioWeightDevice ?? [],
    BlkioDeviceReadBps: h.BlkioDeviceReadBps ?? [], BlkioDeviceWriteBps: h.BlkioDeviceWriteBps ?? [], BlkioDeviceReadIOps: h.BlkioDeviceReadIOps ?? [],
    BlkioDeviceWriteIOps: h.BlkioDeviceWriteIOps ?? [], CpuPeriod: h.CpuPeriod, CpuQuota: h.CpuQuota, CpuRealtimePeriod: h.CpuRealtimePeriod, CpuRealtimeRuntime: h.CpuRealtimeRuntime,
    CpusetCpus: h.CpusetCpus, CpusetMems: h.CpusetMems, Devices: h.Devices ?? [], DeviceCgroupRules: h.DeviceCgroupRules, DeviceRequests: h.DeviceRequests ?? null,
    MemoryReservation: h.MemoryReservation, MemorySwap: h.MemorySwap, MemorySwappiness: h.MemorySwappiness, OomKillDisable: h.OomKillDisable, PidsLimit: h.PidsLimit,
    Ulimits: h.Ulimits ?? [], CpuCount: 0, CpuPercent: 0, IOMaximumIOps: 0, IOMaximumBandwidth: 0,
    ...(h.Mounts ? { Mounts: h.Mounts.map(m => ({ Type: m.Type, ...(m.Source ? { Source: m.Source } : {}), Target: m.Target, ...(m.ReadOnly ? { ReadOnly: true } : {}), ...(m.Consistency ? { Consistency: m.Consistency } : {}), ...mountOptions(m) })) } : {}),
    MaskedPaths: h.MaskedPaths, ReadonlyPaths: h.ReadonlyPaths, ...optional('Init', h.Init),
  };
}

/** Only what was asked, as Go's omitempty leaves it. */
function mountOptions({ BindOptions: b, VolumeOptions: v, TmpfsOptions: t }: NonNullable<HostConfig['Mounts']>[number]): Record<string, unknown> {
  const some = (values: Record<string, unknown>) => Object.fromEntries(Object.entries(values).filter(([, value]) => value && (typeof value !== 'object' || Object.keys(value).length > 0)));
  return {
    ...(b ? { BindOptions: some(b) } : {}),
    ...(v ? { VolumeOptions: { ...some({ NoCopy: v.NoCopy, Labels: v.Labels, Subpath: v.Subpath }), ...(v.DriverConfig ? { DriverConfig: some(v.DriverConfig) } : {}) } } : {}),
    ...(t ? { TmpfsOptions: some(t) } : {}),
  };
}

function configOf(c: ContainerConfig): Record<string, unknown> {
  const optional = (key: string, value: unknown) => (value === undefined || value === null || value === '' ? {} : { [key]: value });
  return {
    Hostname: c.Hostname, Domainname: c.Domainname, User: c.User, AttachStdin: c.AttachStdin, AttachStdout: c.AttachStdout, AttachStderr: c.AttachStderr,
    ...optional('ExposedPorts', c.ExposedPorts), Tty: c.Tty, OpenStdin: c.OpenStdin, StdinOnce: c.StdinOnce, Env: c.Env, Cmd: c.Cmd, ...optional('Healthcheck', c.Healthcheck),
    Image: c.Image, Volumes: c.Volumes ?? null, WorkingDir: c.WorkingDir, Entrypoint: c.Entrypoint, ...optional('NetworkDisabled', c.NetworkDisabled || null), OnBuild: c.OnBuild,
    Labels: c.Labels, ...optional('MacAddress', c.MacAddress), ...optional('StopSignal', c.StopSignal), ...optional('StopTimeout', c.StopTimeout), ...optional('Shell', c.Shell),
  };
}

/** Of a container that runs. */
export function endpointsOf(container: Container): readonly Endpoint[] {
  const { state } = container.record;
  return state.status === 'running' || state.status === 'paused' ? state.endpoints : [];
}

function networkSettings(host: Host, container: Container): Record<string, unknown> {
  const { record } = container;
  const endpoint = endpointsOf(container).find(e => e.network === 'bridge'); // only of the default one, as dockerd fills them
  const alive = record.state.status === 'running' || record.state.status === 'paused';
  const sandboxId = alive && hasOwnNetns(record) ? sandboxIdOf(record.id) : '';
  return {
    Bridge: '', SandboxID: sandboxId, SandboxKey: sandboxId && `/var${netnsPath(sandboxId)}`, Ports: portMap(record, endpointsOf(container)),
    HairpinMode: false, LinkLocalIPv6Address: '', LinkLocalIPv6PrefixLen: 0, SecondaryIPAddresses: null, SecondaryIPv6Addresses: null,
    EndpointID: endpoint?.endpointId ?? '', Gateway: endpoint?.gateway ?? '', GlobalIPv6Address: '', GlobalIPv6PrefixLen: 0, IPAddress: endpoint?.ip ?? '', IPPrefixLen: endpoint?.prefix ?? 0,
    IPv6Gateway: '', MacAddress: endpoint?.mac ?? '', Networks: networks(host, container),
  };
}

/** Of a running container: published ports with where they are bound, others that the image exposes with null. */
function portMap(record: ContainerRecord, endpoints: readonly Endpoint[]): Record<string, unknown> {
  if (endpoints.length === 0) return {};
  const map: Record<string, { HostIp: string; HostPort: string }[] | null> = {};
  for (const key of Object.keys(record.config.ExposedPorts ?? {})) map[key.includes('/') ? key : `${key}/tcp`] = null;
  for (const p of endpoints.flatMap(e => e.ports)) (map[`${p.containerPort}/${p.protocol}`] ??= []).push({ HostIp: p.hostIp, HostPort: String(p.hostPort) });
  return Object.fromEntries(Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function networks(host: Host, container: Container): Record<string, unknown> {
  const { record } = container;
  const alive = record.state.status === 'running' || record.state.status === 'paused';
  return Object.fromEntries(Object.entries(record.endpoints).sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, asked]) => {
    const endpoint = endpointsOf(container).find(e => e.network === name);
    const network = host.networks.find(name);
    const withoutLink = network !== null && (network.driver === 'host' || network.driver === 'null');
    return [name, {
      IPAMConfig: asked?.IPAMConfig ?? null, Links: asked?.Links ?? null, Aliases: asked?.Aliases ?? null, MacAddress: endpoint?.mac ?? '', NetworkID: record.hasBeenStarted ? (network?.id ?? '') : '',
      EndpointID: endpoint?.endpointId ?? (alive && withoutLink ? sandboxIdOf(`${record.id} ${name}`) : ''), Gateway: endpoint?.gateway ?? '', IPAddress: endpoint?.ip ?? '', IPPrefixLen: endpoint?.prefix ?? 0,
      IPv6Gateway: endpoint?.gateway6 ?? '', GlobalIPv6Address: endpoint?.ip6 ?? '', GlobalIPv6PrefixLen: endpoint?.prefix6 ?? 0, DriverOpts: asked?.DriverOpts ?? null,
      DNSNames: network?.builtin ? null : dnsNames(record, network),
    }];
  }));
}

export function ports(container: Container): { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[] {
  const endpoints = endpointsOf(container);
  if (endpoints.length === 0) return [];
  const published = endpoints.flatMap(e => e.ports).map(p => ({ IP: p.hostIp, PrivatePort: p.containerPort, PublicPort: p.hostPort, Type: p.protocol }));
  const { config, hostConfig } = container.record;
  const taken = new Set(wantedPorts(config, hostConfig).map(w => `${w.containerPort}/${w.protocol}`));
  const exposed = Object.keys(config.ExposedPorts ?? {}).map(key => (key.includes('/') ? key : `${key}/tcp`)).filter(key => !taken.has(key));
  return [...published, ...exposed.map(key => ({ PrivatePort: Number(key.split('/')[0]), Type: key.split('/')[1]! }))];
}

export function mounts(container: Container): Record<string, unknown>[] {
  return container.record.mounts.filter(m => m.type !== 'tmpfs' || m.fromMounts).map(m => ({
    Type: m.type, ...(m.name ? { Name: m.name } : {}), Source: m.source, Destination: m.destination, ...(m.driver ? { Driver: m.driver } : {}), Mode: m.type === 'tmpfs' ? '' : m.mode, RW: m.rw, Propagation: m.propagation,
  }));
}

/** Bytes of the container's own layer, and with the image's, counted inside the host. */
async function sizes(host: Host, record: ContainerRecord): Promise<{ SizeRw: number; SizeRootFs: number }> {
  if (!record.hasBeenStarted) return { SizeRw: 0, SizeRootFs: 0 };
  const { stdout } = await runHelper(host, { argv: ['busybox', 'sh', '-c', 'for d in "$@"; do busybox du -sk "$d" 2>/dev/null || echo 0; done', 'sh', diffDir(record.id), ...record.layers.map(layerPath)] });
  const [own = 0, ...layers] = stdout.split('\n').filter(Boolean).map(line => Number.parseInt(line, 10) * 1024);
  return { SizeRw: own, SizeRootFs: layers.reduce((a, b) => a + b, own) };
}
