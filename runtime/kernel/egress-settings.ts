// The operator's word on egress: a file of root's that nobody else can write, read anew each time it matters. Without it, or when it cannot be understood,
// nothing leaves any lab. Written by `slipway egress`; whoever speaks for a class or a lesson can only wish for some of it (kernel/egress.ts, withinCeiling).
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { allowListSchema } from './egress.ts';
import { egressFile } from '../paths.ts';

/** Of the machine, with the Debian packages that have them: what a gate is made with. */
export const PROGRAMS = { slirp4netns: 'slirp4netns', dnsmasq: 'dnsmasq-base', nft: 'nftables', ip: 'iproute2', tc: 'iproute2' } as const;

export const egressSettingsSchema = z.object({
  allow: allowListSchema.default([]),
  /** For all labs, unless their class or lesson says something else. */
  everyone: z.boolean().default(false),
  /** Of each lab, in each direction. */
  bitsPerSecond: z.number().int().min(64_000).max(100e9).default(20e6),
  connectionsPerSecond: z.number().int().min(1).max(10_000).default(20),
  /** A network namespace in whose network labs' connections begin; '' is the machine's. */
  netns: z.string().regex(/^(\/[\w.@+-]+)*$/).default(''),
  /** Resolvers that are asked for allowed names; none: those of the machine. */
  dns: z.array(z.string().refine(text => isIP(text) !== 0, 'an address')).max(3).default([]),
});
export type EgressSettings = z.output<typeof egressSettingsSchema>;

export function readEgressSettings(path = egressFile): EgressSettings {
  if (!existsSync(path)) return egressSettingsSchema.parse({});
  return egressSettingsSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
}

/** As in resolv.conf(5). */
export function resolvers({ dns }: Pick<EgressSettings, 'dns'>, machines = existsSync('/etc/resolv.conf') ? readFileSync('/etc/resolv.conf', 'utf8') : ''): string[] {
  return dns.length ? dns : machines.split('\n').flatMap(line => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []).filter(address => isIP(address) !== 0);
}
