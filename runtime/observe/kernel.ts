// What the kernel grants a container, or the host itself: capabilities, namespaces, limits, mounts. From its first process and its cgroup, outside.
import { readFile } from 'node:fs/promises';
import type { Host } from '../container/model.ts';
import { cgroupOf } from '../container/paths.ts';
import { asSlipwayError } from '../errors.ts';
import type { Found, FoundOf } from '../lab/readings.ts';
import { ALL_CAPABILITIES } from '../oci/capabilities.ts';
import type { Seen } from './processes.ts';

export async function readKernel(host: Host, container: string | undefined, seen: Seen | null): Promise<Found> {
  if (!seen?.first) return { kind: seen ? 'unknown' : 'none' };
  const { first } = seen;
  const [files, mountinfo] = await Promise.all([
    container === undefined ? {} : limitFiles(host, container),
    readFile(`/proc/${first.outerPid}/mountinfo`, 'utf8').catch(() => null),
  ]);
  if (mountinfo === null) return { kind: 'unknown' }; // it has just ended
  return {
    kind: 'kernel',
    user: first.user,
    capabilities: capabilityNames(first.status.capabilities),
    noNewPrivileges: first.status.noNewPrivileges,
    seccomp: first.status.seccompFilters,
    labSeccomp: host.profile === 'strict' ? 2 : 1, // broker/tasks.ts
    namespaces: first.namespaces,
    labNamespaces: seen.labNamespaces,
    ...limitsIn(files),
    mounts: parseMounts(mountinfo),
  };
}

async function limitFiles(host: Host, container: string): Promise<Readonly<Record<string, string>>> {
  const record = host.containers.get(container)?.record;
  if (!record) return {};
  try {
    return await host.broker.call('cgroupFiles', { ...host.ref, cgroup: cgroupOf(record) });
  } catch (error) {
    if (asSlipwayError(error).kind === 'NotFound') return {};
    throw error;
  }
}

export const capabilityNames = (bits: bigint): string[] => ALL_CAPABILITIES.filter((_, number) => (bits >> BigInt(number) & 1n) === 1n);

const UNLIMITED = 2 ** 60; // v1 says "no limit" by a number near 2 ** 63

/** v1 and v2 say the same in different files: https://docs.kernel.org/admin-guide/cgroup-v2.html */
export function limitsIn(files: Readonly<Record<string, string>>): Pick<FoundOf<'kernel'>, 'memoryBytes' | 'cpus' | 'pids'> {
  const amount = (text: string | undefined) => {
    const value = Number(text?.trim() || Number.NaN);
    return Number.isFinite(value) && value >= 0 && value < UNLIMITED ? value : null;
  };
  const [quota, period] = files['cpu.max']?.trim().split(' ') ?? [files['cpu.cfs_quota_us'], files['cpu.cfs_period_us']];
  const [allowed, of] = [amount(quota), amount(period)];
  return { memoryBytes: amount(files['memory.max'] ?? files['memory.limit_in_bytes']), pids: amount(files['pids.max']), cpus: allowed === null || !of ? null : allowed / of };
}

/** https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html ; of several at one place the last one is seen. */
export function parseMounts(text: string): FoundOf<'kernel'>['mounts'] {
  const mounts = new Map<string, FoundOf<'kernel'>['mounts'][number]>();
  for (const line of text.split('\n').slice(0, 2000)) {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    const [at, options] = [fields[4], fields[5]];
    const [type, , superOptions = ''] = after.split(' ');
    if (at === undefined || options === undefined || type === undefined) continue;
    const place = at.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
    mounts.set(place, { at: place, type, readOnly: options.split(',').includes('ro') || superOptions.split(',').includes('ro') });
  }
  return [...mounts.values()];
}

export async function readListening(seen: Seen | null): Promise<Found> {
  if (!seen?.first) return { kind: seen ? 'unknown' : 'none' };
  const { outerPid } = seen.first;
  const tables = await Promise.all(['tcp', 'tcp6', 'udp', 'udp6'].map(name => readFile(`/proc/${outerPid}/net/${name}`, 'utf8').catch(() => '')));
  return { kind: 'listening', ports: tables.flatMap((text, index) => parseSockets(text, index < 2 ? 'tcp' : 'udp')) };
}

/** 127.0.0.1, the same as IPv6 has it, and ::1, in the kernel's order of bytes. */
const LOOPBACK = new Set(['0100007F', '0000000000000000FFFF00000100007F', '00000000000000000000000001000000']);

/** Sockets that wait: TCP's LISTEN, and UDP's that are connected to nobody. https://docs.kernel.org/networking/proc_net_tcp.html */
export function parseSockets(text: string, protocol: 'tcp' | 'udp'): FoundOf<'listening'>['ports'] {
  const waiting = protocol === 'tcp' ? '0A' : '07';
  return text.split('\n').slice(1, 2000).flatMap(line => {
    const [, local, , state] = line.trim().split(/\s+/);
    const [address, port] = local?.split(':') ?? [];
    return state === waiting && address !== undefined && port !== undefined ? [{ port: Number.parseInt(port, 16), protocol, address: /^0+$/.test(address) ? 'any' : LOOPBACK.has(address) ? 'local' : 'one' }] : [];
  });
}
