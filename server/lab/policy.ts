// How long labs run, sleep and are kept, by the role of who has them. Roles are given by the operator (`slipway learner role`); who has none is a guest.
// Pure: config.ts reads the settings, idle.ts, reclaim.ts and workspaces.ts go by them.
import { z } from 'zod';

export const roles = ['guest', 'learner', 'instructor'] as const;
export type Role = (typeof roles)[number];
export const roleSchema = z.enum(roles);

export interface Policy {
  /** Without use, work, and a tab that is seen: it stands still. Infinity: never. */
  freezeMs: number;
  /** Without use and work it is suspended. A tab that is seen counts as use for as long as this, untouched. */
  suspendMs: number;
  /** So long before, its tabs say so. */
  warnMs: number;
  /** Work alone keeps a lab running at most so long after the last use. */
  workMs: number;
  /** Since it was last opened, its disk is kept. */
  keepMs: number;
  /** In this last part of that time it may go earlier when disk runs short. */
  lastChanceMs: number;
  /** At once, suspended ones included. */
  labs: number;
}
export type Policies = Readonly<Record<Role, Policy>>;

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const NAMES = { freeze: 'freezeMs', suspend: 'suspendMs', warn: 'warnMs', work: 'workMs', keep: 'keepMs', 'last-chance': 'lastChanceMs', labs: 'labs' } as const;

/** As in docs/operating.md. */
export const DEFAULTS: Readonly<Record<Role, string>> = {
  guest: 'freeze=5m suspend=30m warn=2m work=4h keep=7d last-chance=2d labs=4',
  learner: 'freeze=10m suspend=60m warn=5m work=12h keep=30d last-chance=5d labs=6',
  instructor: 'freeze=30m suspend=8h warn=10m work=3d keep=180d last-chance=14d labs=12',
};

/** `freeze=5m suspend=30m …`, any of them, in any order; the rest is the default's. */
export const policySchema = (role: Role) => z.string().default('').transform((text, context): Policy => {
  const policy: Record<string, number> = {};
  for (const word of `${DEFAULTS[role]} ${text}`.split(/[\s,]+/).filter(Boolean)) {
    const [name = '', value = ''] = word.split('=');
    const key = Object.hasOwn(NAMES, name) ? NAMES[name as keyof typeof NAMES] : undefined;
    const amount = key === 'labs' ? count(value) : key === 'freezeMs' && value === 'never' ? Infinity : duration(value);
    if (key === undefined || amount === undefined) context.addIssue({ code: 'custom', message: `"${word}" is none of freeze=5m (or never) suspend=30m warn=2m work=4h keep=7d last-chance=2d labs=4` });
    else policy[key] = amount;
  }
  const whole = policy as unknown as Policy;
  if (whole.warnMs >= whole.suspendMs) context.addIssue({ code: 'custom', message: 'warn must be shorter than suspend' });
  if (whole.lastChanceMs >= whole.keepMs) context.addIssue({ code: 'custom', message: 'last-chance must be shorter than keep' });
  return whole;
});

export const policiesFrom = (texts: Partial<Record<Role, string>> = {}): Policies => Object.fromEntries(roles.map(role => [role, policySchema(role).parse(texts[role])])) as unknown as Policies;

function duration(value: string): number | undefined {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(value) ?? [];
  return amount && Number(amount) > 0 ? Number(amount) * UNITS[unit as keyof typeof UNITS] : undefined;
}

const count = (value: string) => (/^[1-9]\d{0,3}$/.test(value) ? Number(value) : undefined);
