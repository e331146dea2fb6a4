// Which capabilities a container gets: Docker's 14 by default, changed by --cap-add, --cap-drop and --privileged. Pure.
import { SlipwayError } from '../errors.ts';

export const DEFAULT_CAPABILITIES = [
  'CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FSETID', 'CAP_FOWNER', 'CAP_MKNOD', 'CAP_NET_RAW', 'CAP_SETGID', 'CAP_SETUID', 'CAP_SETFCAP', 'CAP_SETPCAP',
  'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT', 'CAP_KILL', 'CAP_AUDIT_WRITE',
];

/** In the order of their numbers: https://man7.org/linux/man-pages/man7/capabilities.7.html */
export const ALL_CAPABILITIES = [
  'CHOWN', 'DAC_OVERRIDE', 'DAC_READ_SEARCH', 'FOWNER', 'FSETID', 'KILL', 'SETGID', 'SETUID', 'SETPCAP', 'LINUX_IMMUTABLE', 'NET_BIND_SERVICE', 'NET_BROADCAST',
  'NET_ADMIN', 'NET_RAW', 'IPC_LOCK', 'IPC_OWNER', 'SYS_MODULE', 'SYS_RAWIO', 'SYS_CHROOT', 'SYS_PTRACE', 'SYS_PACCT', 'SYS_ADMIN', 'SYS_BOOT', 'SYS_NICE',
  'SYS_RESOURCE', 'SYS_TIME', 'SYS_TTY_CONFIG', 'MKNOD', 'LEASE', 'AUDIT_WRITE', 'AUDIT_CONTROL', 'SETFCAP', 'MAC_OVERRIDE', 'MAC_ADMIN', 'SYSLOG',
  'WAKE_ALARM', 'BLOCK_SUSPEND', 'AUDIT_READ', 'PERFMON', 'BPF', 'CHECKPOINT_RESTORE',
].map(name => `CAP_${name}`);

/** `net_admin`, `CAP_NET_ADMIN`, `ALL` → the kernel's spelling. */
export function normalise(name: string, option: 'CapAdd' | 'CapDrop'): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!ALL_CAPABILITIES.includes(full)) throw new SlipwayError('InvalidParameter', `invalid ${option}: unknown capability: "${full}"`);
  return full;
}

/** A lab's own bounding set lacks these (native/enter.c): they act on the whole machine. `--privileged` is privileged within the lab. */
export const NOT_IN_LABS = ['SYS_MODULE', 'SYS_RAWIO', 'SYS_BOOT', 'SYS_TIME', 'BPF', 'PERFMON', 'MAC_ADMIN', 'MAC_OVERRIDE', 'SYSLOG', 'AUDIT_CONTROL', 'AUDIT_READ', 'WAKE_ALARM', 'BLOCK_SUSPEND'].map(name => `CAP_${name}`);

/** Throws InvalidParameter for a name that is none. */
export function capabilitiesFor(add: readonly string[] | null, drop: readonly string[] | null, privileged: boolean): string[] {
  return asked(add, drop, privileged).filter(c => !NOT_IN_LABS.includes(c));
}

function asked(add: readonly string[] | null, drop: readonly string[] | null, privileged: boolean): string[] {
  if (privileged) return [...ALL_CAPABILITIES];
  const adds = (add ?? []).map(name => normalise(name, 'CapAdd'));
  const drops = (drop ?? []).map(name => normalise(name, 'CapDrop'));
  if (adds.includes('ALL')) return ALL_CAPABILITIES.filter(c => !drops.includes(c));
  const base = drops.includes('ALL') ? [] : DEFAULT_CAPABILITIES.filter(c => !drops.includes(c));
  return [...base, ...adds.filter(c => !base.includes(c))];
}
