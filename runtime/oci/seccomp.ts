// Docker's default seccomp profile for a container with given capabilities, in the OCI form. Pure.
// https://github.com/opencontainers/runtime-spec/blob/v1.2.0/config-linux.md#seccomp
import { arch } from 'node:process';
import { AF_VSOCK, ALWAYS, CLONE_NAMESPACES, ENOSYS, PERSONALITIES, SINCE_4_8, WITH_CAPABILITY } from './seccomp-data.ts';

interface Rule { names: string[]; action: string; errnoRet?: number; args?: { index: number; value: number; valueTwo?: number; op: string }[] }
export interface Seccomp { defaultAction: string; defaultErrnoRet?: number; architectures: string[]; syscalls: Rule[] }

const ARCHITECTURES: Record<string, string[]> = {
  x64: ['SCMP_ARCH_X86_64', 'SCMP_ARCH_X86', 'SCMP_ARCH_X32'],
  arm64: ['SCMP_ARCH_AARCH64', 'SCMP_ARCH_ARM'],
};

export function defaultSeccomp(capabilities: readonly string[]): Seccomp {
  const allow = (names: string[], ...args: NonNullable<Rule['args']>): Rule => ({ names, action: 'SCMP_ACT_ALLOW', ...(args.length ? { args } : {}) });
  const has = new Set(capabilities);
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1, // EPERM
    architectures: ARCHITECTURES[arch] ?? [],
    syscalls: [
      allow(ALWAYS),
      allow(SINCE_4_8),
      allow(['socket'], { index: 0, value: AF_VSOCK, op: 'SCMP_CMP_NE' }),
      ...PERSONALITIES.map(value => allow(['personality'], { index: 0, value, op: 'SCMP_CMP_EQ' })),
      ...(arch === 'x64' ? [allow(['arch_prctl', 'modify_ldt'])] : []),
      ...(has.has('CAP_SYS_ADMIN') ? [] : [
        allow(['clone'], { index: 0, value: CLONE_NAMESPACES, valueTwo: 0, op: 'SCMP_CMP_MASKED_EQ' }),
        // libc falls back to clone, whose flags a filter can read
        { names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: ENOSYS },
      ]),
      ...Object.entries(WITH_CAPABILITY).filter(([capability]) => has.has(capability)).map(([, names]) => allow(names)),
    ],
  };
}
