// `--security-opt seccomp=…`: Docker's default, none, or a profile of the user's own (the CLI sends its JSON).
import { arch, release } from 'node:os';
import { z } from 'zod';
import type { HostConfig } from '../container/config.ts';
import { SlipwayError } from '../errors.ts';
import { defaultSeccomp, type Seccomp } from './seccomp.ts';

const argument = z.object({ index: z.number(), value: z.number(), valueTwo: z.number().optional(), op: z.string() });
const condition = z.object({ caps: z.array(z.string()).nullish(), arches: z.array(z.string()).nullish(), minKernel: z.string().nullish() }).nullish();
type Condition = z.output<typeof condition>;
const profileSchema = z.object({
  defaultAction: z.string(), defaultErrnoRet: z.number().nullish(), architectures: z.array(z.string()).nullish(),
  archMap: z.array(z.object({ architecture: z.string(), subArchitectures: z.array(z.string()).nullish() })).nullish(),
  syscalls: z.array(z.object({ name: z.string().nullish(), names: z.array(z.string()).nullish(), action: z.string(), errnoRet: z.number().nullish(), args: z.array(argument).nullish(), includes: condition, excludes: condition })).nullish(),
});

/** Null: no filter of the container's own. Throws InvalidParameter for a profile that is none. */
export function seccompFor(hostConfig: HostConfig, capabilities: readonly string[]): Seccomp | null {
  if (hostConfig.Privileged) return null;
  const given = (hostConfig.SecurityOpt ?? []).find(o => /^seccomp[:=]/.test(o))?.slice('seccomp='.length);
  if (given === 'unconfined') return null;
  if (given === undefined || given === 'builtin') return defaultSeccomp(capabilities);
  let json: unknown;
  try {
    json = JSON.parse(given);
  } catch (error) {
    throw new SlipwayError('InvalidParameter', `Decoding seccomp profile failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
  const parsed = profileSchema.safeParse(json);
  if (!parsed.success) throw new SlipwayError('InvalidParameter', `Decoding seccomp profile failed: ${parsed.error.issues[0]?.path.join('.')}: ${parsed.error.issues[0]?.message}`);
  const profile = parsed.data;
  if (profile.architectures?.length && profile.archMap?.length) throw new SlipwayError('InvalidParameter', '\'architectures\' and \'archMap\' were specified in the seccomp profile, use either \'architectures\' or \'archMap\'');
  const mapped = profile.archMap?.find(one => one.architecture === defaultSeccomp([]).architectures[0]);
  const included = (c: Condition) => (c?.caps ?? []).every(cap => capabilities.includes(cap)) && (!c?.arches?.length || c.arches.includes(ARCHITECTURE)) && (!c?.minKernel || isKernelFrom(c.minKernel));
  const excluded = (c: Condition) => (c?.caps ?? []).some(cap => capabilities.includes(cap)) || (c?.arches ?? []).includes(ARCHITECTURE) || (!!c?.minKernel && isKernelFrom(c.minKernel));
  return {
    defaultAction: profile.defaultAction,
    ...(hasErrno(profile.defaultAction) ? { defaultErrnoRet: profile.defaultErrnoRet ?? 1 } : {}),
    architectures: mapped ? [mapped.architecture, ...mapped.subArchitectures ?? []] : profile.architectures ?? defaultSeccomp([]).architectures,
    syscalls: (profile.syscalls ?? [])
      .filter(rule => included(rule.includes) && !excluded(rule.excludes))
      .map(rule => ({
        names: rule.names ?? (rule.name ? [rule.name] : []), action: rule.action,
        ...(rule.errnoRet != null && hasErrno(rule.action) ? { errnoRet: rule.errnoRet } : {}), ...(rule.args?.length ? { args: rule.args } : {}),
      })),
  };
}

/** As Docker's profiles name it. */
const ARCHITECTURE = { x64: 'amd64' }[arch() as string] ?? arch();

function isKernelFrom(version: string): boolean {
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = version.split('.').map(Number);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** The runtime refuses an error number where none is returned. */
const hasErrno = (action: string) => action === 'SCMP_ACT_ERRNO' || action === 'SCMP_ACT_TRACE';
