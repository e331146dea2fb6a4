// What a container may be asked for: dockerd's own rules about limits and modes, in its words, and what a lab cannot give (options.ts).
// Called by create.ts and update.ts before anything is recorded. Looks at nothing but its arguments and the host's limits.
import { isIP } from 'node:net';
import { availableParallelism } from 'node:os';
import { SlipwayError } from '../errors.ts';
import { ALL_CAPABILITIES, NOT_IN_LABS, normalise } from '../oci/capabilities.ts';
import type { ContainerConfig, HostConfig } from './config.ts';
import type { Host } from './model.ts';
import { checkLog } from './log-options.ts';
import { SAYS } from './options.ts';
import { cgroupParent } from './paths.ts';

const MIN_MEMORY = 6 << 20; // bytes; Docker's

export type Limited = Pick<HostConfig, 'Memory' | 'MemoryReservation' | 'MemorySwap' | 'NanoCpus' | 'CpuPeriod' | 'CpuQuota' | 'CpusetCpus' | 'CpusetMems' | 'BlkioWeight' | 'CpuRealtimePeriod' | 'CpuRealtimeRuntime'>;

const invalid = (message: string) => new SlipwayError('InvalidParameter', message);
/** What dockerd answers with a 500. */
const broken = (message: string) => new SlipwayError('System', message);
const notHere = (message: string) => new SlipwayError('InvalidParameter', message);

/** Limits, by dockerd's rules. Throws. */
export function checkLimits({ limits }: Pick<Host, 'limits'>, h: Limited): void {
  if (h.Memory && h.Memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (h.Memory && h.MemorySwap > 0 && h.MemorySwap < h.Memory) throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (!h.Memory && h.MemorySwap > 0) throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  if (h.MemoryReservation && h.MemoryReservation < MIN_MEMORY) throw invalid('Minimum memory reservation allowed is 6MB');
  if (h.Memory && h.MemoryReservation && h.Memory < h.MemoryReservation) throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  const share = Math.max(1, Math.ceil(limits.cpus)); // the lab's, as docker info shows: with cgroup v1 the kernel refuses a container more than its parent has
  if (h.NanoCpus < 0 || h.NanoCpus > share * 1e9) throw invalid(`Range of CPUs is from 0.01 to ${share}.00, as there are only ${share} CPUs available`);
  if (h.NanoCpus && h.CpuPeriod) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set.');
  if (h.NanoCpus && h.CpuQuota) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set.');
  if (h.CpuPeriod && (h.CpuPeriod < 1000 || h.CpuPeriod > 1_000_000)) throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (h.CpuQuota > 0 && h.CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (h.CpuRealtimePeriod || h.CpuRealtimeRuntime) throw notHere(SAYS.realtime);
  checkSet(h.CpusetCpus, availableParallelism(), 'cpus', 'CPUs');
  checkSet(h.CpusetMems, 1, 'mems', 'memory nodes');
}

function checkSet(asked: string, available: number, name: string, words: string) {
  if (!asked) return;
  const wrong = asked.split(',').find(part => !/^\d+(-\d+)?$/.test(part));
  if (wrong !== undefined) throw invalid(`Invalid value ${asked} for cpuset ${name}: invalid format: ${wrong}`);
  if (asked.split(/[,-]/).some(n => Number(n) >= available)) throw invalid(`Requested ${words} are not available - requested ${asked}, available: ${available === 1 ? '0' : `0-${available - 1}`}`);
}

/** Everything but limits. Throws for what is wrong or refused; answers with the warnings of create. */
export function checkOptions(host: Pick<Host, 'cgroupVersion' | 'limits'>, config: ContainerConfig, h: HostConfig): string[] {
  checkLimits(host, h);
  checkModes(config, h);
  refuse(h);
  return warnings(host, h);
}

export function checkRestartPolicy({ Name, MaximumRetryCount }: HostConfig['RestartPolicy']) {
  if (!['no', 'always', 'on-failure', 'unless-stopped'].includes(Name)) throw invalid(`invalid restart policy: unknown policy '${Name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'`);
  if (Name !== 'on-failure' && MaximumRetryCount !== 0) throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${MaximumRetryCount < 0 ? ' and cannot be negative' : ''}`);
  if (MaximumRetryCount < 0) throw invalid('invalid restart policy: maximum retry count cannot be negative');
}

function checkModes(config: ContainerConfig, h: HostConfig) {
  checkRestartPolicy(h.RestartPolicy);
  if (h.AutoRemove && h.RestartPolicy.Name !== 'no') throw invalid('can\'t create \'AutoRemove\' container with restart policy');
  if (h.Isolation && h.Isolation !== 'default') throw broken(`Invalid isolation: ${JSON.stringify(h.Isolation)} - linux only supports 'default'`);
  if (!/^(|none|private|shareable|host|container:.+)$/.test(h.IpcMode)) throw invalid(`invalid IPC mode: ${h.IpcMode}`);
  if (h.NetworkMode === 'container:') throw invalid('Invalid network mode: invalid container format container:<name|id>');
  if (!/^(|host|container:.+)$/.test(h.PidMode)) throw invalid(`invalid PID mode: ${h.PidMode}`);
  if (!/^(|host)$/.test(h.UTSMode)) throw invalid(`invalid UTS mode: ${h.UTSMode}`);
  if (!/^(|host|private)$/.test(h.CgroupnsMode)) throw invalid(`invalid cgroup namespace mode: ${h.CgroupnsMode}`);
  if (h.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  if (h.MemorySwappiness !== null && (h.MemorySwappiness < 0 || h.MemorySwappiness > 100)) throw invalid(`Invalid value: ${h.MemorySwappiness}, valid memory swappiness range is 0-100`);
  if (h.Annotations && '' in h.Annotations) throw invalid('invalid Annotations: the empty string is not permitted as an annotation key');
  for (const entry of h.ExtraHosts ?? []) checkExtraHost(entry);
  if (h.OomScoreAdj < -1000 || h.OomScoreAdj > 1000) throw invalid(`Invalid value ${h.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  if (h.Runtime !== 'runc' && h.Runtime !== 'io.containerd.runc.v2') throw invalid(`unknown or invalid runtime name: ${h.Runtime}`);
  for (const [name, value] of [['Interval', config.Healthcheck?.Interval], ['Timeout', config.Healthcheck?.Timeout], ['StartPeriod', config.Healthcheck?.StartPeriod], ['StartInterval', config.Healthcheck?.StartInterval]] as const) {
    if (value !== undefined && value !== 0 && value < 1e6) throw invalid(`${name} in Healthcheck cannot be less than 1ms`);
  }
  if ((config.Healthcheck?.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  for (const option of h.SecurityOpt ?? []) checkSecurityOption(option);
}

function checkExtraHost(entry: string) {
  const at = entry.indexOf(':');
  if (at < 1) throw invalid(`bad format for add-host: ${JSON.stringify(entry)}`);
  const address = entry.slice(at + 1);
  if (address !== 'host-gateway' && !isIP(address)) throw invalid(`invalid IP address in add-host: ${JSON.stringify(address)}`);
}

/** The client turns `systempaths=unconfined` into MaskedPaths and ReadonlyPaths itself. */
function checkSecurityOption(option: string) {
  if (option === 'no-new-privileges' || option === 'disable') return;
  const [, name = '', value = ''] = /^([^:=]*)[:=]([^]*)$/.exec(option) ?? [];
  if (name === 'no-new-privileges' ? /^(1|0|t|f|T|F|true|false|TRUE|FALSE|True|False)$/.test(value) : ['seccomp', 'apparmor', 'label'].includes(name)) return;
  throw broken(`invalid --security-opt ${/[:=]/.test(option) ? 2 : 1}: ${JSON.stringify(option)}`);
}

function refuse(h: HostConfig) {
  const some = (things: readonly unknown[] | null | undefined) => (things?.length ?? 0) > 0;
  if (some(h.BlkioWeightDevice) || some(h.BlkioDeviceReadBps) || some(h.BlkioDeviceWriteBps) || some(h.BlkioDeviceReadIOps) || some(h.BlkioDeviceWriteIOps)) throw notHere(SAYS.blockDevice);
  if (/^init(\/|$)/.test(cgroupParent(h.CgroupParent))) throw notHere(SAYS.cgroupParent);
  if (!/^[A-Za-z0-9_.-]+(\/[A-Za-z0-9_.-]+)*$/.test(cgroupParent(h.CgroupParent))) throw invalid(`invalid cgroup parent: ${h.CgroupParent}`);
  if (h.VolumeDriver && h.VolumeDriver !== 'local') throw new SlipwayError('NotFound', `error looking up volume plugin ${h.VolumeDriver}: plugin ${JSON.stringify(h.VolumeDriver)} not found`);
  if (some(h.DeviceRequests)) throw notHere(SAYS.gpu);
  if (h.OomScoreAdj < 0) throw notHere(SAYS.oomScore);
  for (const key of Object.keys(h.StorageOpt ?? {})) throw broken(key === 'size' ? SAYS.storageOpt : `Unknown option ${key}`);
  for (const name of h.CapAdd ?? []) {
    const full = normalise(name, 'CapAdd');
    if (ALL_CAPABILITIES.includes(full) && NOT_IN_LABS.includes(full)) throw notHere(`${full} ${SAYS.capability}`);
  }
}

function warnings(host: Pick<Host, 'cgroupVersion'>, h: HostConfig): string[] {
  const v2 = host.cgroupVersion === 'v2';
  const mandatory = (h.SecurityOpt ?? []).filter(o => /^(apparmor|label)[:=]/.test(o) && !/^(apparmor[:=]unconfined|label[:=]disable)$/.test(o));
  return [
    ...(h.BlkioWeight ? [SAYS.blkioWeight] : []),
    ...(h.KernelMemory ? [SAYS.kernelMemory] : []),
    ...(h.MemorySwappiness !== null && v2 ? [SAYS.swappiness] : []),
    ...(h.OomKillDisable && v2 ? [SAYS.oomKillDisable] : []),
    ...(h.OomKillDisable && !v2 && !h.Memory ? ['OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.'] : []),
    ...(h.DeviceCgroupRules?.length ? [SAYS.deviceRule] : []),
    ...((h.Devices ?? []).some(d => d.CgroupPermissions && d.CgroupPermissions !== 'rwm') ? [SAYS.devicePermissions] : []),
    ...checkLog(h.LogConfig),
    ...((h.CapAdd ?? []).some(c => normalise(c, 'CapAdd') === 'ALL') && !h.Privileged ? [`${SAYS.allCapabilities}${NOT_IN_LABS.map(c => c.slice('CAP_'.length)).join(' ')}.`] : []),
    ...mandatory.map(option => `--security-opt ${option} ${SAYS.mandatoryAccess}`),
    ...(h.NetworkMode === 'host' && Object.keys(h.PortBindings).length ? ['Published ports are discarded when using host network mode'] : []),
  ];
}
