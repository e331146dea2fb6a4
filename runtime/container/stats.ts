// What a running container uses, as GET /containers/{id}/stats shows it, from the kernel's own files as the broker read them. v1 and v2.
// https://docs.docker.com/reference/api/engine/version/v1.45/#tag/Container/operation/ContainerStats
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { asSlipwayError } from '../errors.ts';
import { cgroupOf } from './paths.ts';
import { isRunning } from './state.ts';
import { timestamp } from './time.ts';
import { ZERO_TIME, type Container, type ContainerRecord, type Host } from './model.ts';

export type Stats = Record<string, unknown> & { read: string; cpu_stats: unknown };
type Files = Readonly<Record<string, string>>;

const NO_CPU = { cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 }, throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 } };
const TICK_NS = 10_000_000; // a hundredth of a second, in which /proc/stat and cpuacct.stat count

/** One sample; `before` is the one that rates are counted from. A container that does not run uses nothing. */
export async function stats(host: Host, container: Container, before: Stats | null): Promise<Stats> {
  const { record } = container;
  const past = { preread: before?.read ?? ZERO_TIME, precpu_stats: before?.cpu_stats ?? NO_CPU };
  const named = { name: `/${record.name}`, id: record.id };
  const files = isRunning(record.state.status) ? await filesOf(host, record) : null;
  if (!files) return { read: ZERO_TIME, ...past, pids_stats: {}, blkio_stats: blockIo({}), num_procs: 0, storage_stats: {}, cpu_stats: NO_CPU, memory_stats: {}, ...named };
  const networks = networkUsage(files['net/dev'] ?? '');
  const hasOwnNetwork = !/^(host$|container:)/.test(record.hostConfig.NetworkMode);
  return {
    read: timestamp(), ...past,
    pids_stats: { current: number(files['pids.current']), limit: files['pids.max']?.trim() === 'max' ? host.limits.pids : number(files['pids.max']) },
    blkio_stats: blockIo(files), num_procs: 0, storage_stats: {},
    cpu_stats: cpu(files), memory_stats: memory(files, host.limits.memoryBytes),
    ...named,
    ...(hasOwnNetwork && Object.keys(networks).length ? { networks } : {}),
  };
}

/** Null when it has ended meanwhile. */
async function filesOf(host: Host, record: ContainerRecord): Promise<Files | null> {
  try {
    return await host.broker.call('cgroupFiles', { ...host.ref, cgroup: cgroupOf(record) });
  } catch (error) {
    if (asSlipwayError(error).kind === 'NotFound') return null;
    throw error;
  }
}

const number = (text: string | undefined) => Number.parseInt(text ?? '', 10) || 0;

/** `name value` on each line. */
export function table(text: string | undefined): Record<string, number> {
  return Object.fromEntries((text ?? '').split('\n').map(line => line.split(' ')).filter(f => f.length === 2 && f[0]).map(([name, value]) => [name, Number(value)]));
}

function cpu(files: Files) {
  const stat = table(files['cpu.stat']);
  const v2 = 'usage_usec' in stat;
  const ticks = table(files['cpuacct.stat']);
  const usage = v2
    ? { total_usage: stat.usage_usec! * 1000, usage_in_kernelmode: stat.system_usec! * 1000, usage_in_usermode: stat.user_usec! * 1000 }
    : {
        total_usage: number(files['cpuacct.usage']), percpu_usage: (files['cpuacct.usage_percpu'] ?? '').trim().split(' ').filter(Boolean).map(Number),
        usage_in_kernelmode: (ticks.system ?? 0) * TICK_NS, usage_in_usermode: (ticks.user ?? 0) * TICK_NS,
      };
  return {
    cpu_usage: usage, system_cpu_usage: systemCpu(readFileSync('/proc/stat', 'utf8')), online_cpus: availableParallelism(),
    throttling_data: { periods: stat.nr_periods ?? 0, throttled_periods: stat.nr_throttled ?? 0, throttled_time: v2 ? (stat.throttled_usec ?? 0) * 1000 : (stat.throttled_time ?? 0) },
  };
}

/** Of the whole machine, idle time included, in nanoseconds. */
export function systemCpu(procStat: string): number {
  return procStat.split('\n', 1)[0]!.trim().split(/\s+/).slice(1, 8).reduce((sum, n) => sum + Number(n), 0) * TICK_NS;
}

/** A limit above the lab's is no limit: the lab's holds. */
export function memory(files: Files, labLimit: number): Record<string, unknown> {
  const v2 = files['memory.current'] !== undefined;
  const own = v2 ? files['memory.max']?.trim() : files['memory.limit_in_bytes']?.trim();
  const limit = own === undefined || own === 'max' ? labLimit : Math.min(Number(own), labLimit);
  const peak = number(files['memory.max_usage_in_bytes']);
  return {
    usage: number(v2 ? files['memory.current'] : files['memory.usage_in_bytes']),
    ...(peak && !v2 ? { max_usage: peak } : {}),
    stats: table(files['memory.stat']),
    ...(number(files['memory.failcnt']) ? { failcnt: number(files['memory.failcnt']) } : {}),
    limit,
  };
}

/** Devices of /proc/PID/net/dev: https://docs.kernel.org/filesystems/proc.html ; `lo` is nobody's traffic. */
export function networkUsage(text: string): Record<string, Record<string, number>> {
  const devices: Record<string, Record<string, number>> = {};
  for (const line of text.split('\n')) {
    const [, name, rest] = /^\s*([^:\s]+):\s*(.*)$/.exec(line) ?? [];
    if (!name || !rest || name === 'lo' || /^(tunl|sit|gre|ip6|erspan|gretap|teql|ip_vti)/.test(name)) continue;
    const n = rest.trim().split(/\s+/).map(Number);
    devices[name] = { rx_bytes: n[0]!, rx_packets: n[1]!, rx_errors: n[2]!, rx_dropped: n[3]!, tx_bytes: n[8]!, tx_packets: n[9]!, tx_errors: n[10]!, tx_dropped: n[11]! };
  }
  return devices;
}

interface Io { major: number; minor: number; op: string; value: number }

function blockIo(files: Files) {
  const v1 = (text: string | undefined): Io[] => [...(text ?? '').matchAll(/^(\d+):(\d+) (\w+) (\d+)$/gm)].map(m => ({ major: Number(m[1]), minor: Number(m[2]), op: m[3]!.toLowerCase(), value: Number(m[4]) }));
  const v2 = (names: [string, string][]): Io[] => (files['io.stat'] ?? '').split('\n').flatMap(line => {
    const [, major, minor] = /^(\d+):(\d+) /.exec(line) ?? [];
    return major === undefined ? [] : names.map(([name, op]) => ({ major: Number(major), minor: Number(minor), op, value: Number(new RegExp(`\\b${name}=(\\d+)`).exec(line)?.[1] ?? 0) }));
  });
  const isV2 = files['io.stat'] !== undefined;
  const some = (list: Io[]) => (list.length ? list : null);
  return {
    io_service_bytes_recursive: some(isV2 ? v2([['rbytes', 'read'], ['wbytes', 'write']]) : v1(files['blkio.throttle.io_service_bytes_recursive'])),
    io_serviced_recursive: some(isV2 ? v2([['rios', 'read'], ['wios', 'write']]) : v1(files['blkio.throttle.io_serviced_recursive'])),
    io_queue_recursive: null, io_service_time_recursive: null, io_wait_time_recursive: null, io_merged_recursive: null, io_time_recursive: null, sectors_recursive: null,
  };
}
