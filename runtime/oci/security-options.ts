// `--security-opt seccomp=…`: Docker's default, none, or a profile of the user's own (the CLI sends its JSON).
import { z } from 'zod';
import type { HostConfig } from '../container/config.ts';
import { SlipwayError } from '../errors.ts';
import { defaultSeccomp, type Seccomp } from './seccomp.ts';

const argument = z.object({ index: z.number(), value: z.number(), valueTwo: z.number().optional(), op: z.string() });
const condition = z.object({ caps: z.array(z.string()).nullish() }).nullish();
const profileSchema = z.object({
  defaultAction: z.string(), defaultErrnoRet: z.number().nullish(), architectures: z.array(z.string()).nullish(),
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
  const has = (caps: string[] | null | undefined) => (caps ?? []).every(c => capabilities.includes(c));
  return {
    defaultAction: profile.defaultAction,
    defaultErrnoRet: profile.defaultErrnoRet ?? 1,
    architectures: profile.architectures ?? defaultSeccomp([]).architectures,
    syscalls: (profile.syscalls ?? [])
      .filter(rule => has(rule.includes?.caps) && !(rule.excludes?.caps?.length && rule.excludes.caps.some(c => capabilities.includes(c))))
      .map(rule => ({
        names: rule.names ?? (rule.name ? [rule.name] : []), action: rule.action,
        ...(rule.errnoRet != null ? { errnoRet: rule.errnoRet } : {}), ...(rule.args?.length ? { args: rule.args } : {}),
      })),
  };
}
