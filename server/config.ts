// The web process's settings, read once from the environment. See README.md for the list.
import { z } from 'zod';
import { type Database, databaseFrom } from '../prisma/database.ts';
import { type Policies, policySchema } from './lab/policy.ts';
import { modes, type Ways } from './preview/address.ts';
import { webDir } from '../runtime/paths.ts';

export interface Config {
  port: number;
  /** 127.0.0.1 unless SLIPWAY_LISTEN says otherwise: a lab is opened to a network on purpose, never by default. */
  listen: string;
  dev: boolean;
  /** The address learners type, when a proxy stands before us. */
  publicUrl: URL | undefined;
  /** Believe the proxy's X-Forwarded-For and X-Forwarded-Proto. */
  trustProxy: boolean;
  /** Names under which the site may be opened, besides localhost and SLIPWAY_URL's; asked only where it is for this machine alone. */
  names: string[];
  /** How labs' ports are opened; `domain` is one whose every name leads here. */
  previews: Ways;
  dataDir: string;
  /** Folders of lessons besides Slipway's own. */
  lessons: string[];
  database: Database;
  /** How long labs run, sleep and are kept, by role. */
  policies: Policies;
  /** How often labs are looked at for it. */
  idleEveryMs: number;
}

const flag = z.enum(['0', '1']).default('0').transform(value => value === '1');
const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65535).default(3000),
  SLIPWAY_LISTEN: z.string().min(1).default('127.0.0.1'),
  SLIPWAY_DEV: flag,
  SLIPWAY_URL: z.url({ protocol: /^https?$/ }).optional(),
  SLIPWAY_TRUST_PROXY: flag,
  SLIPWAY_HOSTS: z.string().default('').transform(value => value.toLowerCase().split(/[\s,]+/).filter(Boolean)),
  SLIPWAY_PREVIEW: z.enum(modes).default('auto'),
  SLIPWAY_PREVIEW_DOMAIN: z.string().regex(/^[a-z0-9.-]+(:\d+)?$/i).optional(),
  SLIPWAY_DATABASE_URL: z.string().optional(),
  SLIPWAY_LESSONS: z.string().default('').transform(value => value.split(':').filter(Boolean)),
  SLIPWAY_IDLE_SECONDS: z.coerce.number().positive().default(10), // a warning must have its time
  SLIPWAY_POLICY_GUEST: policySchema('guest'),
  SLIPWAY_POLICY_LEARNER: policySchema('learner'),
  SLIPWAY_POLICY_INSTRUCTOR: policySchema('instructor'),
});

/** Throws with one readable sentence a setting that cannot be. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const parsed = environment.safeParse(env);
  if (!parsed.success) throw new Error(parsed.error.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`).join('; '));
  const set = parsed.data;
  return {
    port: set.PORT,
    listen: set.SLIPWAY_LISTEN,
    dev: set.SLIPWAY_DEV,
    publicUrl: set.SLIPWAY_URL ? new URL(set.SLIPWAY_URL) : undefined,
    trustProxy: set.SLIPWAY_TRUST_PROXY,
    names: set.SLIPWAY_HOSTS,
    previews: { mode: set.SLIPWAY_PREVIEW, domain: set.SLIPWAY_PREVIEW_DOMAIN },
    dataDir: webDir,
    lessons: set.SLIPWAY_LESSONS,
    idleEveryMs: set.SLIPWAY_IDLE_SECONDS * 1000,
    policies: { guest: set.SLIPWAY_POLICY_GUEST, learner: set.SLIPWAY_POLICY_LEARNER, instructor: set.SLIPWAY_POLICY_INSTRUCTOR },
    database: databaseFrom(set.SLIPWAY_DATABASE_URL),
  };
}
