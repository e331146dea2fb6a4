// The body of POST /containers/create as clients send it (API 1.24–1.45), decoded once at the edge by runtime/api.
// Absent and null take Docker's defaults; unknown keys are dropped, as dockerd does. Key order is that of `docker inspect`.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerCreate
import { z } from 'zod';

const text = z.string().nullish().transform(v => v ?? '');
const flag = z.boolean().nullish().transform(v => v ?? false);
const count = z.number().int().nullish().transform(v => v ?? 0);
/** Go's nil slice: null stays null in inspect. */
const strings = z.array(z.string()).nullish().transform(v => v ?? null);
/** A command: older clients may send one string. */
const command = z.union([z.string().transform(s => [s]), z.array(z.string())]).nullish().transform(v => v ?? null);
const stringMap = z.record(z.string(), z.string()).nullish();
const set = z.record(z.string(), z.unknown()).nullish();

const health = z.object({ Test: z.array(z.string()).nullish(), Interval: z.number().optional(), Timeout: z.number().optional(), StartPeriod: z.number().optional(), StartInterval: z.number().optional(), Retries: z.number().optional() });

export const containerConfigSchema = z.object({
  Hostname: text, Domainname: text, User: text,
  AttachStdin: flag, AttachStdout: flag, AttachStderr: flag,
  ExposedPorts: set,
  Tty: flag, OpenStdin: flag, StdinOnce: flag,
  Env: strings, Cmd: command, Healthcheck: health.nullish(), ArgsEscaped: z.boolean().nullish(),
  Image: text, Volumes: set, WorkingDir: text, Entrypoint: command, NetworkDisabled: z.boolean().nullish(),
  OnBuild: strings, Labels: stringMap.transform(v => v ?? {}),
  MacAddress: z.string().nullish(), StopSignal: z.string().nullish(), StopTimeout: z.number().int().nullish(), Shell: strings,
});
export type ContainerConfig = z.output<typeof containerConfigSchema>;

export const portBindingSchema = z.object({ HostIp: text, HostPort: text });
export type PortBinding = z.output<typeof portBindingSchema>;

const mountSchema = z.object({
  Type: text, Source: text, Target: text, ReadOnly: flag, Consistency: z.string().nullish(),
  BindOptions: z.object({ Propagation: text, NonRecursive: flag, CreateMountpoint: flag, ReadOnlyNonRecursive: flag, ReadOnlyForceRecursive: flag }).nullish(),
  VolumeOptions: z.object({ NoCopy: flag, Labels: stringMap, Subpath: text, DriverConfig: z.object({ Name: text, Options: stringMap }).nullish() }).nullish(),
  TmpfsOptions: z.object({ SizeBytes: count, Mode: count, Options: z.array(z.array(z.string())).nullish() }).nullish(),
});
export type MountRequest = z.output<typeof mountSchema>;

const things = z.array(z.unknown()).nullish();

export const hostConfigSchema = z.object({
  Binds: strings, ContainerIDFile: text,
  LogConfig: z.object({ Type: text, Config: stringMap.transform(v => v ?? {}) }).nullish().transform(v => ({ Type: v?.Type ?? '', Config: v?.Config ?? {} })), // '': as the daemon has it
  NetworkMode: text.transform(v => (v === '' || v === 'default' ? 'bridge' : v)),
  PortBindings: z.record(z.string(), z.array(portBindingSchema).nullish().transform(v => v ?? [])).nullish().transform(v => v ?? {}),
  RestartPolicy: z.object({ Name: text, MaximumRetryCount: count }).nullish().transform(v => ({ Name: v?.Name || 'no', MaximumRetryCount: v?.MaximumRetryCount ?? 0 })),
  AutoRemove: flag, VolumeDriver: text, VolumesFrom: strings,
  ConsoleSize: z.array(z.number().int().min(0)).nullish().transform((v): [number, number] => [v?.[0] ?? 0, v?.[1] ?? 0]), // [height, width]
  Annotations: stringMap,
  CapAdd: command, CapDrop: command, CgroupnsMode: text,
  Dns: strings, DnsOptions: strings, DnsSearch: strings, ExtraHosts: strings, GroupAdd: strings,
  IpcMode: text, Cgroup: text, Links: strings, OomScoreAdj: count, PidMode: text,
  Privileged: flag, PublishAllPorts: flag, ReadonlyRootfs: flag, SecurityOpt: strings, StorageOpt: stringMap, Tmpfs: stringMap,
  UTSMode: text, UsernsMode: text,
  ShmSize: count, // bytes; 0: as the daemon has it
  Sysctls: stringMap, Runtime: text.transform(v => v || 'runc'), Isolation: text,
  CpuShares: count, Memory: count, NanoCpus: count, CgroupParent: text,
  BlkioWeight: count, BlkioWeightDevice: things, BlkioDeviceReadBps: things, BlkioDeviceWriteBps: things, BlkioDeviceReadIOps: things, BlkioDeviceWriteIOps: things,
  CpuPeriod: count, CpuQuota: count, CpuRealtimePeriod: count, CpuRealtimeRuntime: count, CpusetCpus: text, CpusetMems: text,
  Devices: z.array(z.object({ PathOnHost: text, PathInContainer: text, CgroupPermissions: text })).nullish(),
  DeviceCgroupRules: strings, DeviceRequests: things,
  KernelMemory: count, MemoryReservation: count, MemorySwap: count, MemorySwappiness: z.number().int().nullish().transform(v => (v === undefined || v === -1 ? null : v)),
  OomKillDisable: z.boolean().nullish().transform(v => v ?? false),
  PidsLimit: z.number().int().nullish().transform(v => v || null),
  Ulimits: z.array(z.object({ Name: z.string(), Soft: z.number().int(), Hard: z.number().int() })).nullish(),
  Mounts: z.array(mountSchema).nullish(),
  MaskedPaths: strings, ReadonlyPaths: strings, Init: z.boolean().nullish(),
});
export type HostConfig = z.output<typeof hostConfigSchema>;

export const endpointSchema = z.object({
  IPAMConfig: z.object({ IPv4Address: z.string().nullish(), IPv6Address: z.string().nullish(), LinkLocalIPs: z.array(z.string()).nullish() }).nullish(),
  Links: strings, Aliases: strings, MacAddress: text, NetworkID: text, DriverOpts: stringMap,
});
export type EndpointRequest = z.output<typeof endpointSchema>;

export const createBodySchema = containerConfigSchema.extend({
  HostConfig: hostConfigSchema.nullish().transform(v => v ?? hostConfigSchema.parse({})),
  NetworkingConfig: z.object({ EndpointsConfig: z.record(z.string(), endpointSchema.nullable()).nullish() }).nullish(),
  MacAddress: z.string().nullish(),
});
export type CreateBody = z.output<typeof createBodySchema>;
